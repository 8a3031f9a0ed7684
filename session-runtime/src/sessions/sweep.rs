//! Removing expired records in the background.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::StoreError;
use crate::request::config::Config;
use crate::telemetry;

/// How many records one step removes: short enough that nobody waits for it.
const BATCH: usize = 500;

/// A running background sweep; made by [`Sessions::sweep_every`](crate::Sessions::sweep_every).
/// Dropping it ends the sweep after the step it is in.
#[derive(Debug)]
#[must_use = "the sweep ends when its handle is dropped"]
pub struct Sweeper {
    /// Nothing is ever sent: the sweep goes on until this is dropped.
    running: oneshot::Receiver<Infallible>,
    task: JoinHandle<()>,
}

impl Sweeper {
    pub(crate) fn start(config: Arc<Config>, period: Duration) -> Self {
        let (stopped, running) = oneshot::channel();
        Self { running, task: tokio::spawn(run(config, period, stopped)) }
    }

    /// Ends the sweep and waits until it has ended.
    pub async fn stop(self) {
        drop(self.running);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the session sweep ended badly");
        }
    }
}

async fn run(config: Arc<Config>, period: Duration, mut stopped: oneshot::Sender<Infallible>) {
    loop {
        match sweep_all(&config, &stopped).await {
            Ok(()) => {}
            Err(error) if error.is_unsupported() => return,
            // It was told where it happened.
            Err(_) => {}
        }
        if tokio::time::timeout(period, stopped.closed()).await.is_ok() {
            return;
        }
    }
}

/// Sweeps until nothing expired is left or the sweep is stopped.
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
