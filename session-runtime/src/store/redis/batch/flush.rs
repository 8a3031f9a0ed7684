//! The task that sends a batch.

use std::future::poll_fn;
use std::mem;
use std::sync::Arc;
use std::task::Poll;

use tokio::runtime::{Handle, Id};

use super::pending::Pending;
use super::queues::Queues;
use crate::store::redis::deadline::deadline_in;
use crate::store::redis::transport::Transport;

/// Sends what is pending for one connection.
pub(super) struct Flush {
    queues: Arc<Queues>,
    /// The number of the connection.
    number: usize,
    runtime: Id,
    has_taken: bool,
}

impl Flush {
    pub(super) fn spawn(queues: Arc<Queues>, number: usize, runtime: &Handle) {
        let flush = Self { queues, number, runtime: runtime.id(), has_taken: false };
        runtime.spawn(flush.run());
    }

    async fn run(mut self) {
        let_ready_tasks_run().await;
        let (queues, number) = (self.queues.clone(), self.number);
        let connections = &queues.server.connections;
        let deadline = deadline_in(connections.timeout());
        let opened = connections.open(number, deadline).await;
        let pending = self.take();
        let _in_flight = queues.queue(number).in_flight();
        match opened {
            Ok(()) => pending.send(connections, number, deadline).await,
            Err(error) => pending.fail(&error),
        }
    }

    fn take(&mut self) -> Pending {
        self.has_taken = true;
        self.queues.queue(self.number).take(self.runtime)
    }
}

impl Drop for Flush {
    /// A runtime that shuts down drops the task. Then all requests that wait for it fail.
    fn drop(&mut self) {
        if !self.has_taken {
            drop(self.take());
        }
    }
}

/// Lets the runtime run all tasks that are ready. tokio's `yield_now` would also wait for the
/// network.
async fn let_ready_tasks_run() {
    let mut is_second = false;
    poll_fn(|context| {
        if mem::replace(&mut is_second, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
