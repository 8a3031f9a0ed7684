//! Writes: one thread that puts all waiting writes into one transaction.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::Checkpointer;
use super::row::Failure;
use super::schema::Sql;
use super::transaction::Transaction;
use crate::clock::Clock;
use crate::error::{ConfigError, StoreError};

/// The handle of the thread that writes.
pub(super) struct Writer {
    /// `None` only while this is dropped: closing the queue ends the thread.
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

/// How many writes one transaction takes. All of them wait until the last is done.
const MAX_GROUP: usize = 256;

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
                    group.run(
                        std::iter::once(first).chain(jobs.try_iter()).take(MAX_GROUP).collect(),
                    );
                }
            })
            .map_err(|error| ConfigError::with_source("cannot start a thread", error))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` in the next transaction and returns when that is committed.
    ///
    /// The work runs even if this future is dropped.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
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
    /// Waits until the queued writes are done and the file is closed.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // The panic hook has already reported a panic of the thread.
            let _ = thread.join();
        }
    }
}

/// One write, whatever the type of its answer.
trait Job: Send {
    /// Does the work within a savepoint and keeps the answer until the commit.
    fn run(&mut self, transaction: &Transaction<'_>) -> Result<(), Failure>;

    /// Sends the answer, or the failure if there is one.
    fn finish(self: Box<Self>, failure: Option<Failure>);
}

struct Write<W, T> {
    work: Option<W>,
    answer: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<W, T> Job for Write<W, T>
where
    W: FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send,
    T: Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> Result<(), Failure> {
        if let Some(work) = self.work.take() {
            self.answer = Some(work(transaction)?);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, failure: Option<Failure>) {
        let answer = match (failure, self.answer) {
            (None, Some(answer)) => Ok(answer),
            (Some(failure), _) => Err(StoreError::backend(failure)),
            (None, None) => Err(StoreError::backend("the write was not run")),
        };
        // Sending fails if the caller's future was dropped.
        let _ = self.reply.send(answer);
    }
}

/// What the thread owns to run a group of jobs.
struct Group {
    connection: Connection,
    sql: Arc<Sql>,
    clock: Arc<dyn Clock>,
    checkpointer: Checkpointer,
}

impl Group {
    /// Runs all jobs in one transaction and sends their answers.
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

    /// Runs the jobs and collects the failure of each. An error means that nothing was written.
    fn transaction(
        &self,
        jobs: &mut [Box<dyn Job>],
        failures: &mut Vec<Option<Failure>>,
    ) -> Result<(), Failure> {
        // Immediate: a transaction that reads first fails at once if another process writes
        // meanwhile.
        self.execute("BEGIN IMMEDIATE")?;
        let transaction = Transaction {
            connection: &self.connection,
            sql: &self.sql,
            clock: &*self.clock,
            added: Cell::new(0),
        };
        for job in jobs {
            failures.push(self.savepoint(|| job.run(&transaction))?);
        }
        let added = transaction.added.get();
        if added > 0 {
            // If this fails, the next group sweeps the expired rows.
            let _ = self.savepoint(|| transaction.sweep(2 * added).map(drop))?;
        }
        self.execute("COMMIT")?;
        Ok(())
    }

    /// Does `work` completely or not at all; returns its failure, if any.
    ///
    /// An error means that the whole transaction is lost, for example because the disk is full.
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
            // If this fails, the next `BEGIN` fails too, and each of its writes gets that error.
            let _ = self.execute("ROLLBACK");
        }
    }

    fn execute(&self, sql: &str) -> Result<(), Failure> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}

/// The error that every write of a lost transaction gets.
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
