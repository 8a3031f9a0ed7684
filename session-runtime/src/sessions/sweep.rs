//! Removing expired records from the store, in the background.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::StoreError;
use crate::request::config::Config;
use crate::telemetry;

/// How many records one step removes: so few that no request waits long for it.
const BATCH: usize = 500;

/// A sweep that runs in the background.
///
/// [`Sessions::sweep_every`](crate::Sessions::sweep_every) starts it. Dropping this handle stops it
/// after the batch that it is removing.
#[derive(Debug)]
#[must_use = "the sweep stops when this is dropped"]
pub struct Sweeper {
    /// Nothing is ever sent: the sweep runs until this is dropped.
    running: oneshot::Receiver<Infallible>,
    task: JoinHandle<()>,
}

impl Sweeper {
    pub(super) fn start(config: Arc<Config>, period: Duration) -> Self {
        let (stopped, running) = oneshot::channel();
        Self { running, task: tokio::spawn(run(config, period, stopped)) }
    }

    /// Stops the sweep, and waits until it has stopped.
    pub async fn stop(self) {
        drop(self.running);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the session sweep failed");
        }
    }
}

async fn run(config: Arc<Config>, period: Duration, mut stopped: oneshot::Sender<Infallible>) {
    loop {
        match sweep_all(&config, &stopped).await {
            Ok(()) => {}
            Err(error) if error.is_unsupported() => return,
            // It is in the log already, and the next round tries again.
            Err(_) => {}
        }
        if tokio::time::timeout(period, stopped.closed()).await.is_ok() {
            return;
        }
    }
}

/// Removes batches until nothing expired is left, or the sweep is stopped.
async fn sweep_all(
    config: &Config,
    stopped: &oneshot::Sender<Infallible>,
) -> Result<(), StoreError> {
    loop {
        let count = config.backend.sweep(BATCH).await?;
        if count > 0 {
            telemetry::swept(count);
        }
        if count < BATCH || stopped.is_closed() {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}
