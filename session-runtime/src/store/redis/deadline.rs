//! Bounds how long an operation takes.

use std::time::Duration;

use redis::{ErrorKind, RedisError, RedisResult};
use tokio::time::Instant;

/// The longest timeout. It is as good as none, and can be added to the current time.
const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) fn deadline_in(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(MAX_TIMEOUT)
}

pub(super) async fn within<T>(
    deadline: Instant,
    request: impl Future<Output = RedisResult<T>>,
) -> RedisResult<T> {
    match tokio::time::timeout_at(deadline, request).await {
        Ok(answer) => answer,
        Err(_) => Err(timed_out()),
    }
}

pub(super) fn timed_out() -> RedisError {
    (ErrorKind::Io, "the server has not answered in time").into()
}
