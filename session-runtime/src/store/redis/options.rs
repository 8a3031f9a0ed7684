//! The options that all Redis stores share, and their setters.

use std::time::Duration;

use super::replicas::ReplicaWait;
use crate::error::ConfigError;
use crate::store::url::{Named, check_user, named};

#[derive(Debug)]
pub(super) struct Options {
    pub(super) prefix: String,
    pub(super) command_timeout: Duration,
    pub(super) wait_replicas: Option<ReplicaWait>,
    pub(super) tombstone_time: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: "session:".to_owned(),
            command_timeout: Duration::from_secs(2),
            wait_replicas: None,
            tombstone_time: crate::store::TOMBSTONE_TIME,
        }
    }
}

impl Options {
    /// Refuses values that cannot work.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.command_timeout.is_zero() {
            return Err(ConfigError::new("`command_timeout` must be longer than zero"));
        }
        if let Some(ReplicaWait { count, timeout }) = self.wait_replicas {
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

    /// Reads the options in the URL of a server or a cluster. `rest` follows the scheme and its
    /// colon.
    pub(super) fn from_url(scheme: &str, rest: &str) -> Result<Self, ConfigError> {
        check_user(rest)?;
        let mut options = Self::default();
        let (mut replicas, mut timeout) = (None, None);
        for option in named(scheme, rest)? {
            match option.name {
                "wait_replicas" => replicas = Some(option.number()? as usize),
                "wait_timeout_ms" => timeout = Some(option.millis()?),
                _ if options.set(&option)? => {}
                _ => {
                    return Err(option.unknown(
                        "there are `prefix`, `command_timeout_ms`, `tombstone_time_ms`, \
                         `wait_replicas` and `wait_timeout_ms`",
                    ));
                }
            }
        }
        options.wait_replicas = match (replicas, timeout) {
            (Some(count), Some(timeout)) => Some(ReplicaWait { count, timeout }),
            (None, None) => None,
            _ => {
                return Err(ConfigError::new(format_args!(
                    "the options `wait_replicas` and `wait_timeout_ms` of `{scheme}:` must be \
                     given together"
                )));
            }
        };
        Ok(options)
    }

    /// Sets an option that every store has. Answers `false` if it is another one.
    pub(super) fn set(&mut self, option: &Named<'_>) -> Result<bool, ConfigError> {
        match option.name {
            "prefix" => self.prefix.clone_from(&option.value),
            "command_timeout_ms" => self.command_timeout = option.millis()?,
            "tombstone_time_ms" => self.tombstone_time = option.millis()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Writes the setters of a builder that has a field `options`. The docs of a setter end with what
/// is given here for this builder.
macro_rules! setters {
    ($($(#[$docs:meta])* $setter:ident;)+) => {
        $($crate::store::redis::options::setter! { $(#[$docs])* $setter })+
    };
}
pub(super) use setters;

macro_rules! setter {
    ($(#[$docs:meta])* prefix) => {
        /// The prefix of all keys. The default is `session:`.
        $(#[$docs])*
        pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
            self.options.prefix = prefix.into();
            self
        }
    };
    ($(#[$docs:meta])* command_timeout) => {
        /// How long one command may take. The default is 2 seconds.
        ///
        /// After that it fails, and it is unknown whether it has written anything.
        $(#[$docs])*
        pub fn command_timeout(mut self, timeout: Duration) -> Self {
            self.options.command_timeout = timeout;
            self
        }
    };
    ($(#[$docs:meta])* wait_replicas) => {
        /// Makes deletions and renames wait for `count` replicas. The default is not to wait.
        ///
        $(#[$docs])*
        ///
        /// Waiting adds up to `timeout` to the command timeout. If fewer replicas acknowledge the
        /// write in time, the operation fails. These commands have connections of their own,
        /// because the server answers nothing else on a connection while it waits.
        pub fn wait_replicas(mut self, count: usize, timeout: Duration) -> Self {
            self.options.wait_replicas = Some(ReplicaWait { count, timeout });
            self
        }
    };
    ($(#[$docs:meta])* tombstone_time) => {
        /// How long a deleted or renamed session answers `Gone` instead of `Absent`. The default is
        /// 60 seconds.
        ///
        /// It should be longer than the longest request.
        $(#[$docs])*
        pub fn tombstone_time(mut self, time: Duration) -> Self {
            self.options.tombstone_time = time;
            self
        }
    };
}
pub(super) use setter;
