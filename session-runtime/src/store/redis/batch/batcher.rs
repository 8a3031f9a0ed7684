//! Decides which requests are sent directly, and which join a batch.

use std::sync::Arc;

use redis::{ErrorKind, RedisResult, Value};
use tokio::sync::oneshot;

use super::flush::Flush;
use super::pending::{PendingLoad, PendingUpdate};
use super::queue::{Queue, Schedule};
use super::queues::Queues;
use super::update_many::BatchedOp;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::store::redis::answer;
use crate::store::redis::call_script::CallScript;
use crate::store::redis::connections::connection_for;
use crate::store::redis::deadline::deadline_in;
use crate::store::redis::server::Server;
use crate::store::redis::transport::{Transport, checked};
use crate::store::{Loaded, StoreError, Updated};

/// Decides which requests of a server are sent directly, and which join a batch. Clones share the
/// queues.
#[derive(Clone)]
pub(in crate::store::redis) struct Batcher {
    queues: Arc<Queues>,
}

/// The receiver of an answer that a flush will send.
type Answer<T> = oneshot::Receiver<RedisResult<T>>;

impl Batcher {
    pub(in crate::store::redis) fn new(server: Server) -> Self {
        Self { queues: Arc::new(Queues::new(server)) }
    }

    pub(in crate::store::redis) fn server(&self) -> &Server {
        &self.queues.server
    }

    fn queue(&self, number: usize) -> &Queue {
        self.queues.queue(number)
    }

    pub(in crate::store::redis) async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        let name = self.server().operations.keys.session(key);
        let number = connection_for(&name);
        let hash = match self.join_load(number, name) {
            Ok(answer) => checked(received(answer).await?)?,
            Err(name) => {
                let _in_flight = self.queue(number).in_flight();
                self.server().connections.read_hash(&name).await?
            }
        };
        answer::loaded(hash)
    }

    pub(in crate::store::redis) async fn update(
        &self,
        key: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let Server { operations, connections, .. } = self.server();
        let name = operations.keys.session(key);
        let number = connection_for(&name);
        let deadline = deadline_in(connections.timeout());
        let name = match self.join_update(number, name, patch) {
            Ok(answer) => {
                if received(answer).await? {
                    return Ok(Updated::Applied);
                }
                operations.keys.session(key)
            }
            Err(name) => name,
        };
        let _in_flight = self.queue(number).in_flight();
        let call = operations.update(&name, patch);
        answer::updated(connections.call_script_until(&call, deadline).await?)
    }

    /// Adds a load to the pending requests. Gives the name back if no flush is scheduled.
    fn join_load(&self, number: usize, name: Vec<u8>) -> Result<Answer<Value>, Vec<u8>> {
        let mut next = self.queue(number).next();
        if !next.is_scheduled() {
            return Err(name);
        }
        let Some(schedule) = next.schedule() else { return Err(name) };
        let (sender, answer) = oneshot::channel();
        next.pending.loads.push(PendingLoad { name, sender });
        drop(next);
        self.flush_as(schedule, number);
        Ok(answer)
    }

    /// Adds an update to the pending requests. The answer tells whether it is applied. If not,
    /// nothing has changed. Gives the name back if the update must be sent directly.
    fn join_update(
        &self,
        number: usize,
        name: Vec<u8>,
        patch: &Patch,
    ) -> Result<Answer<bool>, Vec<u8>> {
        let queue = self.queue(number);
        if !queue.has_in_flight() {
            return Err(name);
        }
        let Some(change) = BatchedOp::of(patch) else { return Err(name) };
        let mut next = queue.next();
        if next.pending.is_full() {
            return Err(name);
        }
        let Some(schedule) = next.schedule() else { return Err(name) };
        let (sender, answer) = oneshot::channel();
        next.pending.updates.push(PendingUpdate { name, change, sender });
        drop(next);
        self.flush_as(schedule, number);
        Ok(answer)
    }

    /// Spawns a flush if the schedule asks for one. The queue must not be locked: a runtime that
    /// has shut down drops the task at once, and the task then locks the queue.
    fn flush_as(&self, schedule: Schedule, number: usize) {
        if let Schedule::Spawn(runtime) = schedule {
            Flush::spawn(self.queues.clone(), number, &runtime);
        }
    }
}

/// Waits for an answer. The flush keeps to the timeout.
async fn received<T>(answer: Answer<T>) -> Result<T, StoreError> {
    let dropped = || (ErrorKind::Io, "the task that sends to the server was dropped").into();
    answer.await.unwrap_or_else(|_| Err(dropped())).map_err(StoreError::backend)
}
