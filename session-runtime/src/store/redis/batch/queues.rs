//! A server with the queues of its connections.

use super::queue::Queue;
use crate::store::redis::connections::CONNECTIONS;
use crate::store::redis::server::Server;

/// A server, and a queue for each of its connections.
pub(super) struct Queues {
    pub(super) server: Server,
    queues: [Queue; CONNECTIONS],
}

impl Queues {
    pub(super) fn new(server: Server) -> Self {
        Self { server, queues: Default::default() }
    }

    pub(super) fn queue(&self, number: usize) -> &Queue {
        &self.queues[number]
    }
}
