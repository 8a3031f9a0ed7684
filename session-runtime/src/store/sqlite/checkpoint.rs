//! Checkpoints: a thread copies the write-ahead log (WAL) into the database file.
//!
//! The writer does not wait for a checkpoint. But only a checkpoint that copies the whole WAL lets
//! SQLite start the WAL again at its beginning. While the writer writes without a pause, no
//! checkpoint gets that far, and the WAL grows. So once the WAL is too long:
//!
//! 1. The writer pauses for a moment after each transaction.
//! 2. The thread checkpoints. Within such a pause it copies all that is left, and SQLite syncs the
//!    database file while the writer continues.
//! 3. Once few pages are written between two checkpoints, the writer copies them itself, and the
//!    WAL starts again.

use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::schema;
use crate::error::ConfigError;

/// The writer's handle of the thread that checkpoints.
pub(super) struct Checkpointer {
    /// `None` only during the drop: closing the channel ends the thread.
    wake: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    mode: Arc<Mode>,
    /// How many rows had been written when the thread was last woken.
    rows: u64,
}

/// What the writer does for the checkpoints after each transaction.
#[derive(Default)]
struct Mode(AtomicU8);

impl Mode {
    /// It wakes the thread once enough rows are written.
    const NORMAL: u8 = 0;
    /// It wakes the thread and pauses.
    const PAUSE: u8 = 1;
    /// It does the last checkpoint itself, once.
    const RESTART: u8 = 2;

    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, mode: u8) {
        self.0.store(mode, Ordering::Release);
    }
}

/// How many written rows make a checkpoint worth its syncs.
const ROWS: u64 = 256;

/// How long the thread waits for more writes before it checkpoints.
const GATHER: Duration = Duration::from_millis(50);

/// How many pages the WAL may have before the writer must pause: 32 MB.
///
/// A page that is written several times is copied once, so a longer WAL costs less.
const LONG_WAL: i64 = 8_192;

/// How many pages the writer copies itself: some milliseconds of work.
const FEW_PAGES: i64 = 128;

/// How long the writer pauses: enough to copy what was written since the last checkpoint.
const PAUSE: Duration = Duration::from_millis(2);

/// How many checkpoints the thread tries while the writer pauses. A disk may be too slow for all of
/// the writes.
const ROUNDS: usize = 6;

/// How long the last checkpoint waits for readers. Those of this process need microseconds.
const READER_TIMEOUT: Duration = Duration::from_millis(5);

impl Checkpointer {
    pub(super) fn start(path: &Path) -> Result<Self, ConfigError> {
        let connection =
            schema::open_reader(path).map_err(|error| schema::unusable(path, error))?;
        // One waiting message is enough to wake the thread.
        let (wake, written) = mpsc::sync_channel(1);
        let mode = Arc::<Mode>::default();
        let worker = Worker { connection, written, mode: mode.clone() };
        let thread = std::thread::Builder::new()
            .name("session-sqlite-checkpoint".to_owned())
            .spawn(move || worker.run())
            .map_err(|error| ConfigError::with_source("cannot start a thread", error))?;
        Ok(Self { wake: Some(wake), thread: Some(thread), mode, rows: 0 })
    }

    /// The writer calls this after each transaction, once it has sent the answers.
    pub(super) fn after_transaction(&mut self, connection: &Connection) {
        match self.mode.get() {
            Mode::PAUSE => {
                self.wake();
                std::thread::sleep(PAUSE);
            }
            Mode::RESTART => {
                self.mode.set(Mode::NORMAL);
                let _ = connection.busy_timeout(READER_TIMEOUT);
                // If another process reads for longer, the WAL grows until a later checkpoint.
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
            // The panic hook has already reported a panic of the thread.
            let _ = thread.join();
        }
    }
}

/// What the thread owns.
struct Worker {
    connection: Connection,
    written: mpsc::Receiver<()>,
    mode: Arc<Mode>,
}

impl Worker {
    fn run(self) {
        while self.written.recv().is_ok() {
            let until = Instant::now() + GATHER;
            while self.is_woken_before(until) {}
            if let Some(wal) = checkpoint(&self.connection, "PASSIVE")
                && wal.pages > LONG_WAL
                && wal.pages - wal.copied <= FEW_PAGES
            {
                self.catch_up(wal.pages);
            }
        }
    }

    /// Checkpoints while the writer pauses, until few pages are written between two checkpoints.
    fn catch_up(&self, mut pages: i64) {
        self.mode.set(Mode::PAUSE);
        for _ in 0..ROUNDS {
            // Earlier messages say nothing of the pause that comes next. If no message comes, the
            // writer has nothing to do, which is as good as a pause.
            while self.written.try_recv().is_ok() {}
            self.is_woken_before(Instant::now() + 2 * PAUSE);
            let Some(wal) = checkpoint(&self.connection, "PASSIVE") else { break };
            let written = wal.pages - pages;
            pages = wal.pages;
            if written <= FEW_PAGES {
                break;
            }
        }
        self.mode.set(Mode::RESTART);
    }

    fn is_woken_before(&self, time: Instant) -> bool {
        self.written.recv_timeout(time.saturating_duration_since(Instant::now())).is_ok()
    }
}

/// The WAL after a checkpoint.
struct Wal {
    pages: i64,
    /// How many of them are copied. A reader still uses the others.
    copied: i64,
}

/// Checkpoints. `None` if another process is in the way, or after a failure.
///
/// A failure is logged, and the next checkpoint tries again. No data is lost: it stays in the WAL.
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
