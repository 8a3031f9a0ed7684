//! Configuring [`Sessions`]. `build` checks everything once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Sessions;
use crate::backend::Backend;
use crate::clock::{Clock, SystemClock};
use crate::cookie::CookieOptions;
use crate::crypto::Keyring;
use crate::crypto::csrf_token::TokenKeys;
use crate::error::ConfigError;
use crate::request::expiry::{AssuranceLevel, ExpiryOptions};
use crate::request::{OnGone, config::Config};
use crate::schema::{Schemas, registry::Registry};
use crate::telemetry::{SessionEvent, hooks::Hooks};

impl Sessions {
    /// Configures sessions that are kept in `backend`.
    ///
    /// That is any [store](crate::store), or a [`CookieStore`](crate::CookieStore).
    pub fn builder(backend: impl Into<Backend>) -> SessionsBuilder {
        SessionsBuilder {
            backend: backend.into(),
            keys: None,
            cookie: CookieOptions::new(),
            clock: Arc::new(SystemClock),
            expiry: ExpiryOptions::default(),
            on_gone: OnGone::default(),
            skip_commit_on_server_error: false,
            conflict_deadline: Duration::from_secs(5),
            schemas: Schemas::default(),
            hooks: Hooks::default(),
        }
    }
}

/// Configures [`Sessions`].
///
/// [`Sessions::builder`] makes it, and [`build`](Self::build) checks it. Only the keys are
/// required.
///
/// ```no_run
/// use session_runtime::{CookieOptions, Keyring, SessionSchema, Sessions};
/// use session_runtime::{schemas, store::MemoryStore};
/// use std::time::Duration;
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     theme: Option<String>,
/// }
///
/// const HOUR: Duration = Duration::from_secs(60 * 60);
///
/// let sessions = Sessions::builder(MemoryStore::new())
///     .keys(Keyring::from_env("SESSION_KEYS")?)
///     .schemas(schemas![Visit])
///     .cookie(CookieOptions::new().name("sid"))
///     .idle_timeout(HOUR)
///     .absolute_timeout(12 * HOUR)
///     .remember_timeouts(7 * 24 * HOUR, 28 * 24 * HOUR)
///     .skip_commit_on_server_error(true)
///     .build()?;
/// # let _ = sessions;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[must_use = "call `build`"]
pub struct SessionsBuilder {
    backend: Backend,
    keys: Option<Keyring>,
    cookie: CookieOptions,
    clock: Arc<dyn Clock>,
    expiry: ExpiryOptions,
    on_gone: OnGone,
    skip_commit_on_server_error: bool,
    conflict_deadline: Duration,
    schemas: Schemas,
    hooks: Hooks,
}

impl SessionsBuilder {
    /// The keys that sign or seal the cookie. There is no default.
    pub fn keys(mut self, keys: Keyring) -> Self {
        self.keys = Some(keys);
        self
    }

    /// The name and the attributes of the cookie.
    pub fn cookie(mut self, cookie: CookieOptions) -> Self {
        self.cookie = cookie;
        self
    }

    /// A session expires if it is not used for this long; an hour by default.
    pub fn idle_timeout(mut self, idle: Duration) -> Self {
        self.expiry.idle = Some(idle);
        self
    }

    /// A session expires this long after the last sign-in, even if it is used; a day by default.
    ///
    /// It counts from when the session was created if nobody signs in. A user who is already signed
    /// in and signs in again does not restart it.
    pub fn absolute_timeout(mut self, absolute: Duration) -> Self {
        self.expiry.absolute = Some(absolute);
        self
    }

    /// The timeouts of [remembered](crate::Session::remember) sessions; 30 and 90 days by default.
    pub fn remember_timeouts(mut self, idle: Duration, absolute: Duration) -> Self {
        self.expiry.remembered = Some((idle, absolute));
        self
    }

    /// Gives all sessions the timeouts of a level of NIST SP 800-63B-4.
    ///
    /// You can also set shorter timeouts. [`build`](Self::build) refuses longer ones. The level
    /// holds for [remembered](crate::Session::remember) sessions too. So their cookie stays when
    /// the browser is closed, but they live no longer than others.
    pub fn assurance_level(mut self, level: AssuranceLevel) -> Self {
        self.expiry.level = Some(level);
        self
    }

    /// How often use is written to the store; every tenth of the idle timeout by default.
    ///
    /// Each use of a session moves its expiry to one idle timeout from now. This is written only if
    /// it moves the stored expiry by more than `interval`. So a session may expire up to `interval`
    /// early. With `Duration::MAX`, only [`Session::touch`](crate::Session::touch),
    /// [`remember`](crate::Session::remember) and a sign-in move the expiry.
    pub fn touch_after(mut self, interval: Duration) -> Self {
        self.expiry.touch_after = Some(interval);
        self
    }

    /// The clock that tells the time; the system's clock by default.
    ///
    /// Memory, SQLite and MongoDB stores have a clock of their own. Give them the same one.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The answer if a request changed a session that is gone; 409 by default.
    ///
    /// A session is gone if another request has deleted or renewed it meanwhile, or shortly before.
    pub fn on_gone(mut self, on_gone: OnGone) -> Self {
        self.on_gone = on_gone;
        self
    }

    /// Does not save changes of fields if the status is 5xx; off by default.
    ///
    /// A changed principal, [`renew`](crate::Session::renew),
    /// [`remember`](crate::Session::remember) and [`destroy`](crate::Session::destroy) take effect
    /// even then.
    pub fn skip_commit_on_server_error(mut self, skip: bool) -> Self {
        self.skip_commit_on_server_error = skip;
        self
    }

    /// How long a commit tries while others change the same fields; 5 seconds by default.
    ///
    /// Then the request is answered with 503.
    pub fn conflict_deadline(mut self, deadline: Duration) -> Self {
        self.conflict_deadline = deadline;
        self
    }

    /// The schemas of this application, so that the compiler finds keys that two of them claim.
    ///
    /// See [`schemas!`](crate::schemas). A schema that is not named here is checked when it is
    /// first extracted.
    pub fn schemas(mut self, schemas: Schemas) -> Self {
        self.schemas = schemas;
        self
    }

    /// Calls `hook` whenever a session was created, renewed or deleted.
    ///
    /// Use it to write an audit log, to close the websockets of a session, or to send mail about a
    /// new device. The store has confirmed the event by then. An expiry is no event. Several hooks
    /// run one after another.
    ///
    /// A hook runs within the request, before the response is sent. So it must be quick, and spawn
    /// what takes time. If it panics, the request panics too. The session is saved by then, but a
    /// new cookie does not reach the browser, and later hooks do not hear of the event.
    ///
    /// ```
    /// use session_runtime::{SessionEvent, Sessions, store::MemoryStore};
    ///
    /// # let keys = session_runtime::Keyring::new([[7; 32]])?;
    /// let sessions = Sessions::builder(MemoryStore::new())
    ///     .keys(keys)
    ///     .on_event(|event| match event {
    ///         SessionEvent::Created { id, .. } => println!("{id} was created"),
    ///         SessionEvent::Renewed { from, to, principal, .. } => {
    ///             let user = principal.as_ref().map(|principal| principal.value());
    ///             println!("{from} was renewed to {to}, user {user:?}");
    ///         }
    ///         SessionEvent::Destroyed { id, .. } => println!("{id} was deleted"),
    ///         _ => {}
    ///     })
    ///     .build()?;
    /// # let _ = sessions;
    /// # Ok::<(), session_runtime::ConfigError>(())
    /// ```
    pub fn on_event(mut self, hook: impl Fn(&SessionEvent) + Send + Sync + 'static) -> Self {
        self.hooks.add(hook);
        self
    }

    /// Checks the configuration, and makes the [`Sessions`].
    ///
    /// # Errors
    ///
    /// - There are no keys.
    /// - An idle timeout is shorter than a millisecond, or longer than its absolute timeout.
    /// - A timeout is longer than the assurance level allows.
    /// - A cookie that stays would have to last longer than browsers keep it, 400 days.
    /// - Remembered sessions have the idle timeout of all others, and both have cookies that stay.
    /// - An option of the cookie or of a [`CookieStore`](crate::CookieStore) is invalid, or two
    ///   contradict each other.
    pub fn build(self) -> Result<Sessions, ConfigError> {
        let keys = self.keys.ok_or_else(|| {
            ConfigError::new("no session keys; call `keys(Keyring::from_env(\"SESSION_KEYS\")?)`")
        })?;
        let expiry = self.expiry.check(self.cookie.is_persistent())?;
        let cookie = self.cookie.build()?;
        let csrf = TokenKeys::new(&keys, cookie.name());
        #[cfg(feature = "metrics")]
        crate::telemetry::metrics::describe();
        let backend = self.backend.open(&keys, cookie.name(), &self.clock, expiry.longest())?;
        Ok(Sessions::new(Config {
            backend,
            cookie,
            csrf,
            clock: self.clock,
            expiry,
            on_gone: self.on_gone,
            skip_commit_on_server_error: self.skip_commit_on_server_error,
            conflict_deadline: self.conflict_deadline,
            queues: Arc::default(),
            registry: Registry::new(self.schemas),
            hooks: self.hooks,
        }))
    }
}

impl fmt::Debug for SessionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsBuilder").field("cookie", &self.cookie).finish_non_exhaustive()
    }
}
