//! Writes: one thread that puts all that wait into one transaction.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::Checkpointer;
use super::schema::Sql;
use super::writes::{Db, Failure};
use crate::clock::Clock;
use crate::error::ConfigError;
use crate::store::StoreError;

/// The thread that writes, and the way to it.
pub(super) struct Writer {
    /// `None` only while this is dropped: closing the queue ends the thread.
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// Bounds how long the first of a group waits for the last.
const GROUP: usize = 256;

impl Writer {
    pub(super) fn start(
        connection: Connection,
        path: &Path,
        sql: Arc<Sql>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        connection.set_prepared_statement_cache_capacity(32);
        let (queue, jobs) = mpsc::channel();
        let checkpointer = Checkpointer::start(path)?;
        let mut group = Group { connection, sql, clock, checkpointer };
        let thread = std::thread::Builder::new()
            .name("session-sqlite".to_owned())
            .spawn(move || {
                while let Ok(first) = jobs.recv() {
                    group.run(std::iter::once(first).chain(jobs.try_iter()).take(GROUP).collect());
                }
            })
            .map_err(|error| ConfigError::with_source("cannot start a thread", error))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` in the next transaction; answers when it is committed. It is run also if nobody
    /// waits for the answer any more.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Db<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Write { work: Some(work), answer: None, reply });
        let sent = self.queue.as_ref().is_some_and(|queue| queue.send(job).is_ok());
        match answer.await {
            Ok(answer) if sent => answer,
            _ => Err(StoreError::backend("the thread that writes to SQLite has ended")),
        }
    }
}

impl Drop for Writer {
    /// Waits until what was begun is written and the file is closed.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by the panic hook, and there is nobody to tell here.
            let _ = thread.join();
        }
    }
}

/// One write, whatever it answers.
trait Job: Send {
    /// Does the work within a savepoint and keeps the answer for later.
    fn run(&mut self, db: &Db<'_>) -> Result<(), Failure>;

    /// Gives the answer, which is valid now, or says why there is none.
    fn finish(self: Box<Self>, failure: Option<Failure>);
}

struct Write<W, T> {
    work: Option<W>,
    answer: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<W, T> Job for Write<W, T>
where
    W: FnOnce(&Db<'_>) -> Result<T, Failure> + Send,
    T: Send,
{
    fn run(&mut self, db: &Db<'_>) -> Result<(), Failure> {
        if let Some(work) = self.work.take() {
            self.answer = Some(work(db)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, failure: Option<Failure>) {
        let answer = match (failure, self.answer) {
            (None, Some(answer)) => Ok(answer),
            (Some(failure), _) => Err(StoreError::backend(failure)),
            (None, None) => Err(StoreError::backend("the write was not run")),
        };
        // Nobody waits any more if the caller's future was dropped.
        let _ = self.reply.send(answer);
    }
}

/// What the thread owns.
struct Group {
    connection: Connection,
    sql: Arc<Sql>,
    clock: Arc<dyn Clock>,
    checkpointer: Checkpointer,
}

impl Group {
    /// Runs all jobs in one transaction and answers them.
    fn run(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let mut failures = Vec::with_capacity(jobs.len());
        match self.transaction(&mut jobs, &mut failures) {
            Ok(()) => {
                for (job, failure) in jobs.into_iter().zip(failures) {
                    job.finish(failure);
                }
            }
            Err(failure) => {
                self.roll_back();
                let shared = GroupFailure(failure.into());
                for job in jobs {
                    job.finish(Some(Box::new(shared.clone())));
                }
            }
        }
        self.checkpointer.after_transaction(&self.connection);
    }

    /// Collects what failed by itself; an error means that nothing is written at all.
    fn transaction(
        &self,
        jobs: &mut [Box<dyn Job>],
        failures: &mut Vec<Option<Failure>>,
    ) -> Result<(), Failure> {
        // Immediate: one that begins by reading fails at once if another process writes meanwhile.
        self.execute("BEGIN IMMEDIATE")?;
        let db = Db {
            connection: &self.connection,
            sql: &self.sql,
            clock: &*self.clock,
            added: Cell::new(0),
        };
        for job in jobs {
            failures.push(self.savepoint(|| job.run(&db))?);
        }
        if db.added.get() > 0 {
            // What expired stays until the next time if this fails.
            let limit = 2 * db.added.get();
            let _ = self.savepoint(|| db.sweep(limit).map(drop))?;
        }
        self.execute("COMMIT")?;
        Ok(())
    }

    /// Does `work` completely or not at all; answers why it failed. An error means that the whole
    /// transaction is lost, as when the disk is full.
    fn savepoint(
        &self,
        work: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<Option<Failure>, Failure> {
        self.execute("SAVEPOINT job")?;
        let failure = work().err();
        if self.connection.is_autocommit() {
            return Err(failure.unwrap_or_else(|| "SQLite rolled the transaction back".into()));
        }
        if failure.is_some() {
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")?;
        Ok(failure)
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit() {
            // If even this fails, so does the next `BEGIN`, and every write is told.
            let _ = self.execute("ROLLBACK");
        }
    }

    fn execute(&self, sql: &str) -> Result<(), Failure> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

/// What every write of a lost transaction is told.
#[derive(Clone, Debug)]
struct GroupFailure(Arc<dyn Error + Send + Sync>);

impl fmt::Display for GroupFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the SQLite transaction failed")
    }
}

impl Error for GroupFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
