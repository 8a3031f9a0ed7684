//! A server with the queues of its connections.

use super::queue::Queue;
use crate::store::redis::connections::CONNECTIONS;
use crate::store::redis::server::Server;

/// A server, and a queue for each of its connections.
pub(in crate::store::redis) struct Batcher {
    pub(in crate::store::redis) server: Server,
    queues: [Queue; CONNECTIONS],
}

impl Batcher {
    pub(in crate::store::redis) fn new(server: Server) -> Self {
        Self { server, queues: Default::default() }
    }

    pub(super) fn queue(&self, number: usize) -> &Queue {
        &self.queues[number]
    }
}
