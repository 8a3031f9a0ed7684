//! Loading the session of a request, once.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::handle::{Request, SessionHandle};
use super::values_index::{FirstView, first_view, view_index};
use crate::backend::stored::Stored;
use crate::error::SessionError;
use crate::schema::SessionSchema;
use crate::telemetry::{self, Load};

impl SessionHandle {
    /// The index of the view of `S`. The first call of a request loads the record.
    pub(super) async fn load_view<S: SessionSchema>(&self) -> Result<usize, SessionError> {
        let Request { config, cell, .. } = &*self.0;
        config.registry.admit::<S>()?;
        match self.load_and(Some(first_view::<S>)).await? {
            true => Ok(0),
            false => view_index::<S>(cell, &*config.clock),
        }
    }

    /// Loads the record, unless it is loaded.
    pub(crate) async fn load(&self) -> Result<(), SessionError> {
        self.load_and(None).await.map(drop)
    }

    /// Loads the record with its first view, unless it is loaded. Answers whether this call loaded
    /// it.
    async fn load_and(&self, first_view: Option<FirstView>) -> Result<bool, SessionError> {
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
        let decode = || first_view.map(|decode| decode(&stored, &*config.clock)).transpose();
        let mut decoded = catch_unwind(AssertUnwindSafe(decode));
        let view = match &mut decoded {
            Ok(Ok(view)) => view.take(),
            Ok(Err(_)) | Err(_) => None,
        };
        cell.load(stored, view);
        match decoded {
            Ok(decoded) => decoded.map(|_| true),
            Err(panic) => resume_unwind(panic),
        }
    }
}
