//! Loading the session of a request, once.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::handle::{Request, SessionHandle};
use super::values_index::{FirstValues, first_values, values_index};
use crate::backend::stored::Stored;
use crate::error::SessionError;
use crate::schema::SessionSchema;
use crate::telemetry::{self, Load};

impl SessionHandle {
    /// The index of the values of `S`. The first call of a request loads the record.
    pub(super) async fn load_values<S: SessionSchema>(&self) -> Result<usize, SessionError> {
        let Request { config, cell, .. } = &*self.0;
        config.registry.admit::<S>()?;
        match self.load_and(Some(first_values::<S>)).await? {
            true => Ok(0),
            false => values_index::<S>(cell, &*config.clock),
        }
    }

    /// Loads the record, unless it is loaded.
    pub(crate) async fn load(&self) -> Result<(), SessionError> {
        self.load_and(None).await.map(drop)
    }

    /// Loads the record with its first values, unless it is loaded. Answers whether this call loaded
    /// it.
    async fn load_and(&self, first_values: Option<FirstValues>) -> Result<bool, SessionError> {
        let Request { config, cookies, cell, loading, .. } = &*self.0;
        if cell.loaded().is_some() {
            return Ok(false);
        }
        let _loading = match loading.try_lock() {
            Some(loading) => loading,
            None => loading.lock().await,
        };
        if cell.loaded().is_some() {
            return Ok(false);
        }
        let stored = match cookies.is_empty() {
            true => Stored::Nothing,
            false => config.backend.find(config.cookie.name(), cookies).await?,
        };
        telemetry::loaded(match &stored {
            Stored::Nothing => Load::Nothing,
            Stored::Live(live) => Load::Live { fields: live.record.fields.len() },
            Stored::Gone => Load::Gone,
        });
        // `Deserialize` is code of the application. It runs before the state is locked, and the
        // session counts as loaded even if it panics.
        let decode = || first_values.map(|decode| decode(&stored, &*config.clock)).transpose();
        let mut decoded = catch_unwind(AssertUnwindSafe(decode));
        let values = match &mut decoded {
            Ok(Ok(values)) => values.take(),
            Ok(Err(_)) | Err(_) => None,
        };
        cell.load(stored, values);
        match decoded {
            Ok(decoded) => decoded.map(|_| true),
            Err(panic) => resume_unwind(panic),
        }
    }
}
