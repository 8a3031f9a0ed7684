//! Whether the server is fit and has the indexes: looked at once, as soon as it can be reached.

use std::time::Duration;

use ::mongodb::bson::{Document, doc};
use ::mongodb::error::{Error, ErrorKind};
use ::mongodb::{Collection, Database};
use tokio::sync::OnceCell;

use super::document::Failure;
use super::indexes;
use crate::error::{Chain, ConfigError};

pub(super) struct Readiness {
    database: Database,
    /// Whether indexes that are missing are made.
    create: bool,
    seen: OnceCell<()>,
}

enum Unready {
    /// It may be later.
    Unreachable(Error),
    Unfit(ConfigError),
}

impl Readiness {
    pub(super) fn new(database: Database, create: bool) -> Self {
        Self { database, create, seen: OnceCell::new() }
    }

    /// Looks while the store is opened.
    ///
    /// # Errors
    ///
    /// If the server is reached and not fit.
    pub(super) async fn at_start(
        &self,
        collection: &Collection<Document>,
        timeout: Duration,
    ) -> Result<(), ConfigError> {
        let look = self.seen.get_or_try_init(|| self.look(collection));
        match tokio::time::timeout(timeout, look).await {
            Ok(Ok(())) => {}
            Ok(Err(Unready::Unfit(error))) => return Err(error),
            Ok(Err(Unready::Unreachable(error))) => {
                tracing::warn!(error = %Chain(&error), "MongoDB cannot be reached yet");
            }
            Err(_) => tracing::warn!("MongoDB did not answer within {timeout:?}"),
        }
        Ok(())
    }

    /// Looks before the first operation, if it was not possible earlier.
    pub(super) async fn check(&self, collection: &Collection<Document>) -> Result<(), Failure> {
        match self.seen.get_or_try_init(|| self.look(collection)).await {
            Ok(()) => Ok(()),
            Err(Unready::Unreachable(error)) => Err(error.into()),
            Err(Unready::Unfit(error)) => Err(error.into()),
        }
    }

    async fn look(&self, collection: &Collection<Document>) -> Result<(), Unready> {
        let hello =
            self.database.run_command(doc! { "hello": 1 }).await.map_err(
                |error| match &*error.kind {
                    ErrorKind::Io(_)
                    | ErrorKind::ServerSelection { .. }
                    | ErrorKind::ConnectionPoolCleared { .. } => Unready::Unreachable(error),
                    _ => Unready::Unfit(ConfigError::with_source(
                        "the MongoDB server refuses",
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
