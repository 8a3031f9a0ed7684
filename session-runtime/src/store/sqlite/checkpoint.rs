//! Checkpoints: what is in the WAL goes into the database, while the writer goes on.
//!
//! A passive checkpoint waits for nobody, but SQLite syncs the database, and lets the next write begin
//! the WAL anew, only after one that came to the end of the WAL. Beside a writer that never stops none
//! does. So the writer rests after each transaction while the WAL is too long: a checkpoint comes to
//! the end within such a rest, and syncs while the writer goes on. When little is left, the writer
//! does the rest itself and begins anew.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::schema;
use crate::error::ConfigError;

/// The thread that checkpoints, as the writer sees it.
pub(super) struct Checkpointer {
    /// `None` only while this is dropped: closing it ends the thread.
    wake: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    stage: Arc<Stage>,
    /// How many rows had been written when the thread was last woken.
    rows: u64,
}

/// What the writer does for the checkpoints after each transaction.
#[derive(Default)]
struct Stage(AtomicU8);

impl Stage {
    /// Nothing but to tell how much was written.
    const BESIDE: u8 = 0;
    /// It rests.
    const RESTS: u8 = 1;
    /// The last checkpoint, once.
    const LAST: u8 = 2;

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, stage: u8) {
        self.0.store(stage, Ordering::Release);
    }
}

/// How many rows are written before a checkpoint is worth its syncs.
const ROWS: u64 = 256;

/// What is written in this time after that goes into the same checkpoint.
const GATHER: Duration = Duration::from_millis(50);

/// How many pages a WAL may have, 32 MB, before the writer has to rest. A page that is written many
/// times goes into the database once, so a longer one costs less.
const LONG: i64 = 8_192;

/// How many pages the writer checkpoints itself: some milliseconds of work.
const FEW: i64 = 128;

/// How long the writer rests: long enough to copy what was written since the last checkpoint.
const REST: Duration = Duration::from_millis(2);

/// How often the writer is waited for, where it writes more than the disk takes.
const ROUNDS: usize = 6;

/// How long the last checkpoint waits for readers. Ours need microseconds.
const READERS: Duration = Duration::from_millis(5);

impl Checkpointer {
    pub(super) fn start(path: &Path) -> Result<Self, ConfigError> {
        let connection =
            schema::open_reader(path).map_err(|error| schema::unusable(path, error))?;
        // One that is there already says it all.
        let (wake, written) = mpsc::sync_channel(1);
        let stage = Arc::<Stage>::default();
        let beside = Beside { connection, written, stage: stage.clone() };
        let thread = std::thread::Builder::new()
            .name("session-sqlite-checkpoint".to_owned())
            .spawn(move || beside.run())
            .map_err(|error| ConfigError::with_source("cannot start a thread", error))?;
        Ok(Self { wake: Some(wake), thread: Some(thread), stage, rows: 0 })
    }

    /// To be called by the writer after each transaction, when it is answered.
    pub(super) fn after_transaction(&mut self, connection: &Connection) {
        match self.stage.get() {
            Stage::RESTS => {
                self.wake();
                std::thread::sleep(REST);
            }
            Stage::LAST => {
                self.stage.set(Stage::BESIDE);
                let _ = connection.busy_timeout(READERS);
                // Where another process reads for longer, the WAL grows until a later one.
                checkpoint(connection, "RESTART");
                let _ = connection.busy_timeout(schema::BUSY_TIMEOUT);
            }
            _ => {
                let rows = connection.total_changes();
                if rows - self.rows >= ROWS {
                    self.rows = rows;
                    self.wake();
                }
            }
        }
    }

    fn wake(&self) {
        if let Some(wake) = &self.wake {
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.wake = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by the panic hook, and there is nobody to tell here.
            let _ = thread.join();
        }
    }
}

/// What the thread owns.
struct Beside {
    connection: Connection,
    written: mpsc::Receiver<()>,
    stage: Arc<Stage>,
}

impl Beside {
    fn run(self) {
        while self.written.recv().is_ok() {
            let until = Instant::now() + GATHER;
            while self.is_told_before(until) {}
            if let Some(wal) = checkpoint(&self.connection, "PASSIVE")
                && wal.pages > LONG
                && wal.pages - wal.copied <= FEW
            {
                self.catch_up(wal.pages);
            }
        }
    }

    /// Checkpoints while the writer rests, until little is written meanwhile.
    fn catch_up(&self, mut pages: i64) {
        self.stage.set(Stage::RESTS);
        for _ in 0..ROUNDS {
            // What came before is no rest that has just begun. A writer with nothing to do rests, too.
            while self.written.try_recv().is_ok() {}
            self.is_told_before(Instant::now() + 2 * REST);
            let Some(wal) = checkpoint(&self.connection, "PASSIVE") else { break };
            let written = wal.pages - pages;
            pages = wal.pages;
            if written <= FEW {
                break;
            }
        }
        self.stage.set(Stage::LAST);
    }

    fn is_told_before(&self, time: Instant) -> bool {
        self.written.recv_timeout(time.saturating_duration_since(Instant::now())).is_ok()
    }
}

/// The WAL after a checkpoint.
struct Wal {
    pages: i64,
    /// How many of them are in the database; the others are in use by a reader.
    copied: i64,
}

/// Answers nothing if another process is in the way. What is in the WAL is safe there, so a failure
/// is told and the next checkpoint tries again.
fn checkpoint(connection: &Connection, mode: &str) -> Option<Wal> {
    let pragma = format!("PRAGMA wal_checkpoint({mode})");
    let answer = connection.query_row(&pragma, [], |row| {
        Ok((row.get::<_, bool>(0)?, Wal { pages: row.get(1)?, copied: row.get(2)? }))
    });
    match answer {
        Ok((busy, wal)) => (!busy).then_some(wal),
        Err(error) => {
            tracing::warn!(%error, "a checkpoint of the SQLite database failed");
            None
        }
    }
}
