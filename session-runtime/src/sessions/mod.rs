//! `Sessions`: it begins requests, and manages sessions outside of requests.

mod builder;
mod inspect;
mod issue;
mod sweep;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use serde::Serialize;

use crate::error::{SessionError, SessionErrorKind};
use crate::id::StoreKey;
use crate::record::Principal;
use crate::request::SessionHandle;
use crate::request::config::Config;
use crate::schema::PrincipalSchema;
use crate::store::SessionInfo;
use crate::telemetry;
use crate::telemetry::SessionEvent;

pub use self::builder::SessionsBuilder;
pub use self::issue::Issued;
pub use self::sweep::Sweeper;

/// All sessions of an application: its store, keys, timeouts and cookie. Clones share everything.
///
/// ```
/// use session_runtime::{Keyring, Sessions, store::MemoryStore};
/// use std::time::Duration;
///
/// let sessions = Sessions::builder(MemoryStore::new())
///     .keys(Keyring::new([[7; 32]])?) // in real life: `Keyring::from_env("SESSION_KEYS")?`
///     .idle_timeout(Duration::from_secs(30 * 60))
///     .build()?;
/// # let _ = sessions;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Sessions {
    config: Arc<Config>,
}

impl Sessions {
    pub(crate) fn new(config: Config) -> Self {
        Self { config: Arc::new(config) }
    }

    /// Begins a request: keeps its `Cookie` headers and does nothing else until a handler asks for
    /// its session. For adapters.
    pub fn begin(&self, cookie_headers: impl IntoIterator<Item = HeaderValue>) -> SessionHandle {
        SessionHandle::new(self.config.clone(), cookie_headers.into_iter().collect())
    }

    /// As [`begin`](Self::begin), unless `outer` has begun with these sessions already: whoever made
    /// it finishes it.
    #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
    pub(crate) fn begin_inside(
        &self,
        outer: Option<&SessionHandle>,
        cookie_headers: impl IntoIterator<Item = HeaderValue>,
    ) -> Option<SessionHandle> {
        let is_shared = outer.is_some_and(|outer| outer.belongs_to(&self.config));
        (!is_shared).then(|| self.begin(cookie_headers))
    }

    /// The present, by the clock of these sessions.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn now(&self) -> crate::clock::Timestamp {
        self.config.now()
    }

    /// Every live session of `principal`, in no particular order.
    ///
    /// ```
    /// # use session_runtime::{Keyring, SessionError, SessionSchema, Sessions, store::MemoryStore};
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     #[session(principal)]
    ///     user_id: Option<u64>,
    /// }
    ///
    /// async fn sign_out_everywhere(sessions: &Sessions) -> Result<usize, SessionError> {
    ///     for session in sessions.list::<Visit>(&7).await? {
    ///         println!("{} was last seen at {:?}", session.id(), session.last_seen());
    ///     }
    ///     sessions.delete_all::<Visit>(&7).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the store fails, or has no index by principal ([`is_unsupported`](SessionError::is_unsupported)).
    pub async fn list<S: PrincipalSchema>(
        &self,
        principal: &S::Principal,
    ) -> Result<Vec<SessionInfo>, SessionError>
    where
        S::Principal: Serialize,
    {
        let principal = principal_of::<S>(principal)?;
        let mut sessions = Vec::new();
        for principal in every_name::<S>(&principal) {
            sessions.extend(self.config.backend.list(&principal).await?);
        }
        Ok(sessions)
    }

    /// Ends every session of `principal`, also those that are renewed meanwhile; answers how many.
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list).
    pub async fn delete_all<S: PrincipalSchema>(
        &self,
        principal: &S::Principal,
    ) -> Result<usize, SessionError>
    where
        S::Principal: Serialize,
    {
        self.end_all::<S>(principal_of::<S>(principal)?, None).await
    }

    /// Ends every session of `principal` but the one stored under `except`: "sign out everywhere
    /// else". [`Session::id`](crate::Session::id) parses as a [`StoreKey`].
    ///
    /// ```
    /// # use session_runtime::{Session, SessionError, SessionSchema, Sessions};
    /// # #[derive(SessionSchema)]
    /// # struct Visit {
    /// #     #[session(principal)]
    /// #     user_id: Option<u64>,
    /// # }
    /// async fn leave_others(
    ///     sessions: &Sessions,
    ///     session: &Session<Visit>,
    /// ) -> Result<usize, SessionError> {
    ///     session.commit().await?; // a renewal in this request changes the id
    ///     let here = session.id().and_then(|id| id.parse().ok());
    ///     match (session.user_id(), here) {
    ///         (Some(user), Some(here)) => sessions.delete_others::<Visit>(&user, &here).await,
    ///         _ => Ok(0),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`list`](Self::list).
    pub async fn delete_others<S: PrincipalSchema>(
        &self,
        principal: &S::Principal,
        except: &StoreKey,
    ) -> Result<usize, SessionError>
    where
        S::Principal: Serialize,
    {
        self.end_all::<S>(principal_of::<S>(principal)?, Some(except)).await
    }

    async fn end_all<S: PrincipalSchema>(
        &self,
        principal: Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, SessionError> {
        let config = &self.config;
        let mut count = 0;
        for principal in every_name::<S>(&principal) {
            count += config.backend.delete_all(&principal, except).await?;
        }
        telemetry::ended("delete_all", count);
        let except = except.copied();
        let event = || SessionEvent::DeletedAll { principal, except, count, at: config.now() };
        config.hooks.tell(config.hooks.prepare(event));
        Ok(count)
    }

    /// Ends one session, such as one of [`list`](Self::list), also if it was renewed within the
    /// last minute. Nothing happens if it has ended already, or if somebody has signed in since.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn delete(&self, key: &StoreKey) -> Result<(), SessionError> {
        let config = &self.config;
        config.backend.delete(key).await?;
        telemetry::ended("delete", 1);
        let event = || SessionEvent::Deleted { id: *key, at: config.now() };
        config.hooks.tell(config.hooks.prepare(event));
        Ok(())
    }

    /// Removes expired records from the store, now and then every `period`, until the answer is
    /// stopped or dropped. Where the store has no [`sweep`](crate::store::Store::sweep), as with Redis,
    /// it ends at once.
    ///
    /// ```no_run
    /// # async fn run(sessions: session_runtime::Sessions) {
    /// let sweeper = sessions.sweep_every(std::time::Duration::from_secs(60));
    /// // serve …
    /// sweeper.stop().await;
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside a Tokio runtime.
    pub fn sweep_every(&self, period: Duration) -> Sweeper {
        Sweeper::start(self.config.clone(), period)
    }

    pub(crate) fn config(&self) -> &Arc<Config> {
        &self.config
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("cookie", &self.config.cookie).finish_non_exhaustive()
    }
}

fn principal_of<S>(principal: &S::Principal) -> Result<Principal, SessionError>
where
    S: PrincipalSchema,
    S::Principal: Serialize,
{
    let text = serde_json::to_string(principal).map_err(|source| SessionErrorKind::Encode {
        key: S::PRINCIPAL_KEY,
        type_name: std::any::type_name::<S::Principal>(),
        source,
    })?;
    Ok(Principal::new(S::PRINCIPAL_KEY, text))
}

/// The principal under every key that its field has had. A session goes from an alias to the field's own key
/// when somebody signs in, so that one is the last.
fn every_name<S: PrincipalSchema>(principal: &Principal) -> impl Iterator<Item = Principal> {
    let fields = S::FIELDS.iter().filter(|field| field.is_principal());
    let aliases = fields.flat_map(|field| field.aliases());
    let former = aliases.map(|alias| Principal::new(*alias, principal.value()));
    former.chain([principal.clone()])
}
