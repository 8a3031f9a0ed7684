//! [`Sessions`]: all sessions of an application, in requests and outside of them.

mod builder;
mod inspect;
mod issue;
mod sweep;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use serde::Serialize;

#[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
use crate::cookie::read::CookieHeaders;
use crate::error::{SessionError, SessionErrorKind};
use crate::id::StoreKey;
use crate::record::Principal;
use crate::request::{SessionHandle, config::Config};
use crate::schema::PrincipalSchema;
use crate::store::SessionInfo;
use crate::telemetry::{self, SessionEvent};

pub use self::builder::SessionsBuilder;
pub use self::issue::Issued;
pub use self::sweep::Sweeper;

/// All sessions of an application: its store, keys, timeouts and cookie.
///
/// [`Sessions::builder`] makes it, once. Clones are cheap and share everything.
///
/// ```no_run
/// use session_runtime::{Keyring, Sessions, store::MemoryStore};
/// use std::time::Duration;
///
/// let sessions = Sessions::builder(MemoryStore::new())
///     .keys(Keyring::from_env("SESSION_KEYS")?)
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
    fn new(config: Config) -> Self {
        Self { config: Arc::new(config) }
    }

    /// Begins a request, for adapters.
    ///
    /// It keeps the `Cookie` headers, and does nothing else until a handler asks for its session.
    /// An example is at [`SessionHandle`].
    pub fn begin(&self, cookie_headers: impl IntoIterator<Item = HeaderValue>) -> SessionHandle {
        SessionHandle::new(self.config.clone(), cookie_headers.into_iter().collect())
    }

    /// [`begin`](Self::begin) for nested layers.
    ///
    /// `None` if an outer layer of the same sessions has begun the request as `outer`. That layer
    /// also finishes it.
    #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
    pub(crate) fn begin_inside(
        &self,
        outer: Option<&SessionHandle>,
        cookies: impl FnOnce() -> CookieHeaders,
    ) -> Option<SessionHandle> {
        let is_shared = outer.is_some_and(|outer| outer.belongs_to(&self.config));
        (!is_shared).then(|| SessionHandle::new(self.config.clone(), cookies()))
    }

    /// The current time, by the clock of these sessions.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn now(&self) -> crate::clock::Timestamp {
        self.config.now()
    }

    /// Lists every live session of `principal`, in no particular order.
    ///
    /// ```
    /// use session_runtime::{Session, SessionError, SessionSchema, Sessions};
    ///
    /// #[derive(SessionSchema)]
    /// struct Visit {
    ///     #[session(principal)]
    ///     user_id: Option<u64>,
    /// }
    ///
    /// /// A page that shows users where they are signed in.
    /// async fn devices(
    ///     sessions: &Sessions,
    ///     session: &Session<Visit>,
    /// ) -> Result<String, SessionError> {
    ///     let Some(user) = session.user_id() else { return Ok("Please sign in.".to_owned()) };
    ///     let mut page = String::new();
    ///     for device in sessions.list::<Visit>(&user).await? {
    ///         let here = if session.id() == Some(device.id()) { ", this device" } else { "" };
    ///         page += &format!("last seen {:?}{here}\n", device.last_seen());
    ///     }
    ///     Ok(page)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the store fails, or has no index by principal
    /// ([`is_unsupported`](SessionError::is_unsupported)).
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

    /// Deletes every session of `principal`, and answers how many there were.
    ///
    /// A session that is renewed meanwhile is deleted too. The answer is 0 where cookies hold the
    /// sessions, because nobody can count them.
    ///
    /// ```
    /// # use session_runtime::{SessionError, SessionSchema, Sessions};
    /// # #[derive(SessionSchema)]
    /// # struct Visit {
    /// #     #[session(principal)]
    /// #     user_id: Option<u64>,
    /// # }
    /// async fn disable_account(sessions: &Sessions, user: u64) -> Result<(), SessionError> {
    ///     // First in your database, so that the user cannot sign in again.
    ///     let count = sessions.delete_all::<Visit>(&user).await?;
    ///     println!("{count} sessions were deleted");
    ///     Ok(())
    /// }
    /// ```
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

    /// Deletes every session of `principal` except the one stored under `except`.
    ///
    /// That is "sign out everywhere else". The text of [`Session::id`](crate::Session::id) parses
    /// as a [`StoreKey`]. The answer is as for [`delete_all`](Self::delete_all).
    ///
    /// ```
    /// # use session_runtime::{Session, SessionError, SessionSchema, Sessions};
    /// # #[derive(SessionSchema)]
    /// # struct Visit {
    /// #     #[session(principal)]
    /// #     user_id: Option<u64>,
    /// # }
    /// /// After a new password, for example.
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

    /// Deletes one session, such as one of [`list`](Self::list).
    ///
    /// If it was renewed less than a minute ago, the renewed session is deleted. Nothing happens if
    /// the session is already gone, or if somebody has signed in to it since.
    ///
    /// ```
    /// # use session_runtime::{SessionError, SessionSchema, Sessions};
    /// # #[derive(SessionSchema)]
    /// # struct Visit {
    /// #     #[session(principal)]
    /// #     user_id: Option<u64>,
    /// # }
    /// /// Signs `user` out on another device. `id` comes from a form: it may name any session.
    /// async fn leave_device(
    ///     sessions: &Sessions,
    ///     user: u64,
    ///     id: &str,
    /// ) -> Result<(), SessionError> {
    ///     for device in sessions.list::<Visit>(&user).await? {
    ///         if device.id() == id {
    ///             sessions.delete(&device.key).await?;
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
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

    /// Removes expired records from the store, at once and then every `period`.
    ///
    /// It runs in the background until the [`Sweeper`] is stopped or dropped. It stops at once if
    /// the store has no [`sweep`](crate::store::Store::sweep), because its server removes expired
    /// records by itself, as Redis does.
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
    /// If it is called outside of a Tokio runtime.
    pub fn sweep_every(&self, period: Duration) -> Sweeper {
        Sweeper::start(self.config.clone(), period)
    }

    fn config(&self) -> &Config {
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

/// The principal under every key of its field: each alias, and the field's own key.
///
/// The own key comes last, because a sign-in moves a session from an alias to it.
fn every_name<S: PrincipalSchema>(principal: &Principal) -> impl Iterator<Item = Principal> {
    let fields = S::FIELDS.iter().filter(|field| field.is_principal());
    let aliases = fields.flat_map(|field| field.aliases());
    let former = aliases.map(|alias| Principal::new(*alias, principal.value()));
    former.chain([principal.clone()])
}
