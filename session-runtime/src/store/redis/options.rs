//! The options that a store has on one server and on a cluster.

use std::time::Duration;

use super::wire::Replicas;
use crate::error::ConfigError;

/// What a builder was told.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) prefix: String,
    pub(crate) command_timeout: Duration,
    pub(super) replicas: Option<Replicas>,
    pub(crate) tombstone_time: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: "session:".to_owned(),
            command_timeout: Duration::from_secs(2),
            replicas: None,
            tombstone_time: crate::store::TOMBSTONE_TIME,
        }
    }
}

impl Options {
    pub(crate) fn wait_replicas(&mut self, count: usize, timeout: Duration) {
        self.replicas = Some(Replicas { count, timeout });
    }

    /// Refuses what cannot work.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.command_timeout.is_zero() {
            return Err(ConfigError::new("`command_timeout` must be longer than zero"));
        }
        if let Some(Replicas { count, timeout }) = self.replicas {
            if count == 0 {
                return Err(ConfigError::new("`wait_replicas` must wait for one replica or more"));
            }
            if timeout < Duration::from_millis(1) {
                return Err(ConfigError::new(
                    "the timeout of `wait_replicas` must be a millisecond or more",
                ));
            }
        }
        Ok(())
    }
}
