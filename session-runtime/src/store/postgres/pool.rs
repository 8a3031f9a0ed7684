//! The pool of connections: how they are opened, and which are tested before use.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{PgConnection, Row};
use tokio::time::timeout;

/// How long a connection may be idle before it is tested on its next use.
///
/// A firewall or proxy may have dropped it meanwhile.
const LONG_IDLE: Duration = Duration::from_secs(60);

/// How long such a test may take.
const TEST_TIMEOUT: Duration = Duration::from_secs(1);

/// Makes a pool that connects when it is first needed.
pub(super) fn open(
    options: PgConnectOptions,
    max_connections: u32,
    command_timeout: Duration,
    losses: Arc<Losses>,
) -> PgPool {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(command_timeout)
        // Testing each time would cost every request a round trip.
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(takes_writes(connection)))
        .before_acquire(move |connection, state| {
            let losses = losses.clone();
            Box::pin(async move {
                if state.idle_for >= LONG_IDLE || losses.since(state.idle_for) {
                    with_timeout(TEST_TIMEOUT, takes_writes(connection)).await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}

/// Fails if the server is read-only, such as a standby.
async fn takes_writes(connection: &mut PgConnection) -> sqlx::Result<()> {
    let answer = sqlx::raw_sql("SHOW transaction_read_only").fetch_one(connection).await?;
    match answer.try_get(0)? {
        "off" => Ok(()),
        _ => Err(sqlx::Error::Configuration("the server is read-only, as a standby is".into())),
    }
}

/// When a connection was last lost. Connections that were idle then may be dead, too.
#[derive(Default)]
pub(super) struct Losses(Mutex<Option<Instant>>);

impl Losses {
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection was lost within the last `time`.
    fn since(&self, time: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_some_and(|last| last.elapsed() <= time)
    }
}

/// The answer, or an error if it does not come in time.
pub(super) async fn with_timeout(
    limit: Duration,
    answer: impl Future<Output = sqlx::Result<()>>,
) -> sqlx::Result<()> {
    match timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}
