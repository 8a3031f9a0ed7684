//! An open backend: the one thing that requests ask about where sessions are kept.

use std::time::Duration;

use super::cookie::CookieBackend;
use super::explain::ExplainedCookie;
use super::lookup;
use super::store::StoreBackend;
use super::stored::{CookieValue, LiveSession, Stored};
use crate::cookie::SetCookies;
use crate::cookie::read::CookieHeaders;
use crate::cookie::set_cookie::CookieTemplate;
use crate::error::{SessionError, SessionErrorKind, StoreError};
use crate::id::{Proof, SessionId, SignedId, StoreKey};
use crate::patch::{Applied, Patch};
use crate::record::{Principal, Record};
use crate::store::{Created, SessionInfo, Store, Updated};
use crate::telemetry::watched;

/// A [`Backend`](super::Backend) with the keys of its cookie.
pub(crate) struct OpenBackend(pub(super) Kind);

// Every future of a request has room for what a call needs. So calls of the cookie backend are
// boxed.
pub(super) enum Kind {
    Store(StoreBackend),
    Cookie(CookieBackend),
}

impl OpenBackend {
    /// The first live session among the cookies called `name`.
    pub(crate) async fn find(
        &self,
        name: &str,
        sent: &CookieHeaders,
    ) -> Result<Stored, StoreError> {
        match &self.0 {
            Kind::Store(backend) => lookup::find(backend, sent.values(name).map(Ok)).await,
            Kind::Cookie(backend) => Box::pin(backend.find(name, sent)).await,
        }
    }

    /// Where each cookie called `name` leads.
    pub(crate) async fn explain(
        &self,
        name: &str,
        sent: &CookieHeaders,
    ) -> Result<Vec<ExplainedCookie>, StoreError> {
        match &self.0 {
            Kind::Store(backend) => lookup::explain(backend, sent.values(name).map(Ok)).await,
            Kind::Cookie(backend) => backend.explain(name, sent).await,
        }
    }

    pub(crate) fn issue(&self) -> Result<SessionId, SessionError> {
        match &self.0 {
            Kind::Store(backend) => backend.signer.issue(),
            Kind::Cookie(backend) => backend.issue(),
        }
    }

    /// What the cookie of `live` holds.
    pub(crate) fn value(
        &self,
        live: &LiveSession,
        cookie: &CookieTemplate,
        max_age: Option<Duration>,
    ) -> Result<CookieValue, SessionError> {
        match (live.id.proof, &self.0) {
            (Proof::Signed(id), _) => Ok(CookieValue::Id(id)),
            (Proof::Held { issued_at }, Kind::Cookie(backend)) => {
                backend.value(live, issued_at, cookie, max_age).map(CookieValue::Content)
            }
            (Proof::Held { .. }, Kind::Store(_)) => unreachable!("a store's ids are signed"),
        }
    }

    /// The cookies that hold `value`.
    pub(crate) fn set(
        &self,
        cookie: &CookieTemplate,
        value: &CookieValue,
        max_age: Option<Duration>,
        sent: &CookieHeaders,
    ) -> SetCookies {
        let mut text = [0; SignedId::CHARS];
        let value = match value {
            CookieValue::Id(id) => id.encode(&mut text),
            CookieValue::Content(value) => value,
        };
        match &self.0 {
            Kind::Store(_) => SetCookies::new(cookie.set(cookie.name(), value, max_age)),
            Kind::Cookie(backend) => backend.chunks.set(cookie, value, max_age, sent),
        }
    }

    /// The removal of the session's cookies.
    pub(crate) fn remove(&self, cookie: &CookieTemplate, sent: &CookieHeaders) -> SetCookies {
        match &self.0 {
            Kind::Store(_) => SetCookies::new(cookie.remove(cookie.name())),
            Kind::Cookie(backend) => backend.chunks.remove(cookie, sent),
        }
    }

    /// Whether every change of the session is a change of the cookie.
    pub(crate) fn is_cookie(&self) -> bool {
        matches!(self.0, Kind::Cookie(_))
    }

    pub(crate) async fn create(
        &self,
        key: &StoreKey,
        record: &Record,
    ) -> Result<Created, StoreError> {
        match &self.0 {
            Kind::Store(backend) => watched!("create", backend.store.create(key, record)),
            // The response creates it.
            Kind::Cookie(_) => Ok(Created::Created),
        }
    }

    /// Changes `live`, and moves it to the key `to` if there is one. `foreseen` is the outcome of
    /// the patch on the record that this request knows; a store decides by the record that it
    /// holds.
    pub(crate) async fn save(
        &self,
        live: &LiveSession,
        to: Option<StoreKey>,
        patch: &Patch,
        foreseen: &Applied,
    ) -> Result<Updated, StoreError> {
        match (&self.0, to) {
            (Kind::Store(backend), None) => {
                watched!("update", backend.store.update(&live.id.key, patch))
            }
            (Kind::Store(backend), Some(to)) => {
                watched!("rename", backend.store.rename(&live.id.key, &to, patch))
            }
            (Kind::Cookie(backend), to) => {
                Box::pin(backend.save(live, to.as_ref(), patch, foreseen)).await
            }
        }
    }

    /// Deletes a session. Unsupported if only the visitor's cookie knows it.
    pub(crate) async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Store(backend) => watched!("delete", backend.store.delete(key)),
            Kind::Cookie(backend) => Box::pin(backend.end(key)).await,
        }
    }

    pub(crate) async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        match &self.0 {
            Kind::Store(backend) => watched!("list", backend.store.list(principal)),
            Kind::Cookie(_) => Err(StoreError::unsupported()),
        }
    }

    pub(crate) async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        match &self.0 {
            Kind::Store(backend) => {
                watched!("delete_all", backend.store.delete_all(principal, except))
            }
            Kind::Cookie(backend) => backend.revoke_all(principal, except).await.map(|()| 0),
        }
    }

    pub(crate) async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        match &self.0 {
            Kind::Store(backend) => watched!("sweep", backend.store.sweep(limit)),
            Kind::Cookie(backend) => backend.sweep(limit).await,
        }
    }

    /// Asks for a session that does not exist. A cookie without a revocation has nobody to ask.
    pub(crate) async fn check(&self) -> Result<(), SessionError> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(SessionErrorKind::Random)?;
        let key = StoreKey::from_bytes(key);
        match &self.0 {
            Kind::Store(backend) => watched!("health", backend.store.load(&key)).map(drop)?,
            Kind::Cookie(backend) => backend.check(&key).await?,
        }
        Ok(())
    }
}
