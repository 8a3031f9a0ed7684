//! Checks the server and the indexes once, as soon as the server can be reached.

use std::time::Duration;

use ::mongodb::bson::{Document, doc};
use ::mongodb::error::{Error, ErrorKind};
use ::mongodb::{Collection, Database};
use tokio::sync::OnceCell;

use super::document::Failure;
use super::indexes;
use crate::error::{Chain, ConfigError};

/// Whether the server and the indexes were checked.
pub(super) struct Readiness {
    database: Database,
    /// Whether missing indexes are created.
    create: bool,
    checked: OnceCell<()>,
}

/// Why the server cannot be used.
enum Unready {
    /// It may become reachable later.
    Unreachable(Error),
    /// The configuration must change.
    Unfit(ConfigError),
}

impl Readiness {
    pub(super) fn new(database: Database, create: bool) -> Self {
        Self { database, create, checked: OnceCell::new() }
    }

    /// Checks while the store is opened.
    ///
    /// # Errors
    ///
    /// If the server can be reached but not be used.
    pub(super) async fn at_start(
        &self,
        collection: &Collection<Document>,
        timeout: Duration,
    ) -> Result<(), ConfigError> {
        let check = self.checked.get_or_try_init(|| self.check_now(collection));
        match tokio::time::timeout(timeout, check).await {
            Ok(Ok(())) => {}
            Ok(Err(Unready::Unfit(error))) => return Err(error),
            Ok(Err(Unready::Unreachable(error))) => {
                tracing::warn!(error = %Chain(&error), "MongoDB cannot be reached yet");
            }
            Err(_) => tracing::warn!("MongoDB did not answer within {timeout:?}"),
        }
        Ok(())
    }

    /// Checks before an operation, if that was not possible earlier.
    pub(super) async fn check(&self, collection: &Collection<Document>) -> Result<(), Failure> {
        match self.checked.get_or_try_init(|| self.check_now(collection)).await {
            Ok(()) => Ok(()),
            Err(Unready::Unreachable(error)) => Err(error.into()),
            Err(Unready::Unfit(error)) => Err(error.into()),
        }
    }

    async fn check_now(&self, collection: &Collection<Document>) -> Result<(), Unready> {
        let hello =
            self.database.run_command(doc! { "hello": 1 }).await.map_err(
                |error| match &*error.kind {
                    ErrorKind::Io(_)
                    | ErrorKind::ServerSelection { .. }
                    | ErrorKind::ConnectionPoolCleared { .. } => Unready::Unreachable(error),
                    _ => Unready::Unfit(ConfigError::with_source(
                        "the MongoDB server refuses the connection",
                        error,
                    )),
                },
            )?;
        if !hello.get_bool("isWritablePrimary").unwrap_or(false) {
            return Err(Unready::Unfit(ConfigError::new(
                "the MongoDB server is not the primary of its replica set; \
                 connect to the replica set, without `direct` (`directConnection`)",
            )));
        }
        indexes::ensure(collection, self.create).await.map_err(Unready::Unfit)
    }
}
