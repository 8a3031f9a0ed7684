//! The configuration of `Sessions`, checked once.

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
use crate::request::expiry::{AssuranceLevel, DAY, Expiry, HOUR, Timeouts};
use crate::request::{OnGone, config::Config};
use crate::schema::{Schemas, registry::Registry};
use crate::telemetry::{SessionEvent, hooks::Hooks};

impl Sessions {
    /// Configures sessions that are kept in `backend`: any [store](crate::store), or a
    /// [`CookieStore`](crate::CookieStore).
    pub fn builder(backend: impl Into<Backend>) -> SessionsBuilder {
        SessionsBuilder {
            backend: backend.into(),
            keys: None,
            cookie: CookieOptions::new(),
            clock: Arc::new(SystemClock),
            idle: None,
            absolute: None,
            remembered: None,
            level: None,
            touch_after: None,
            on_gone: OnGone::default(),
            skip_commit_on_server_error: false,
            conflict_deadline: Duration::from_secs(5),
            schemas: Schemas::default(),
            hooks: Hooks::default(),
        }
    }
}

/// Configures [`Sessions`]; made by [`Sessions::builder`].
///
/// ```
/// use session_runtime::{CookieOptions, Keyring, SessionSchema, Sessions, schemas, store::MemoryStore};
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
///     .keys(Keyring::new([[7; 32]])?) // the one that is required
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
    idle: Option<Duration>,
    absolute: Option<Duration>,
    remembered: Option<(Duration, Duration)>,
    level: Option<AssuranceLevel>,
    touch_after: Option<Duration>,
    on_gone: OnGone,
    skip_commit_on_server_error: bool,
    conflict_deadline: Duration,
    schemas: Schemas,
    hooks: Hooks,
}

impl SessionsBuilder {
    /// The keys that sign the cookie. There is no default.
    pub fn keys(mut self, keys: Keyring) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Name and attributes of the cookie.
    pub fn cookie(mut self, cookie: CookieOptions) -> Self {
        self.cookie = cookie;
        self
    }

    /// A session ends when it is not used for this long; an hour by default.
    pub fn idle_timeout(mut self, idle: Duration) -> Self {
        self.idle = Some(idle);
        self
    }

    /// A session ends this long after it began, or after the last sign-in, whatever happens; a day
    /// by default.
    pub fn absolute_timeout(mut self, absolute: Duration) -> Self {
        self.absolute = Some(absolute);
        self
    }

    /// Idle and absolute timeout of sessions that the visitor wants
    /// [remembered](crate::Session::remember); 30 and 90 days by default.
    pub fn remember_timeouts(mut self, idle: Duration, absolute: Duration) -> Self {
        self.remembered = Some((idle, absolute));
        self
    }

    /// Gives all sessions the timeouts of a level of NIST SP 800-63B-4. Shorter ones can be set beside
    /// it; [`build`](Self::build) refuses longer ones.
    ///
    /// It holds for [remembered](crate::Session::remember) sessions too: their cookie outlives the
    /// browser, but they live no longer.
    pub fn assurance_level(mut self, level: AssuranceLevel) -> Self {
        self.level = Some(level);
        self
    }

    /// The expiry of a session that is used is moved in the store when it would move by more than
    /// this; a tenth of the idle timeout by default. So a session may end this much earlier than its
    /// idle timeout after the last use. With `Duration::MAX` only [`Session::touch`](crate::Session::touch)
    /// counts as use.
    pub fn touch_after(mut self, interval: Duration) -> Self {
        self.touch_after = Some(interval);
        self
    }

    /// Tells the time; the system's clock by default. Memory, SQLite and MongoDB stores have a clock of
    /// their own: give them the same one.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// What is answered when a request changed a session that another one had ended or renewed;
    /// 409 by default.
    pub fn on_gone(mut self, on_gone: OnGone) -> Self {
        self.on_gone = on_gone;
        self
    }

    /// Leaves data unsaved when the response's status is 5xx; off by default. Renewals, a changed
    /// principal and removals are always saved.
    pub fn skip_commit_on_server_error(mut self, skip: bool) -> Self {
        self.skip_commit_on_server_error = skip;
        self
    }

    /// How long a commit goes on while other requests keep changing the same fields, before it
    /// answers 503; 5 seconds by default.
    pub fn conflict_deadline(mut self, deadline: Duration) -> Self {
        self.conflict_deadline = deadline;
        self
    }

    /// The schemas that are used together, checked for keys claimed twice by the compiler; see
    /// [`schemas!`](crate::schemas). Without it the check comes when a schema is first extracted.
    pub fn schemas(mut self, schemas: Schemas) -> Self {
        self.schemas = schemas;
        self
    }

    /// Runs `hook` whenever a session was created, renewed or ended, after the store has confirmed
    /// it: to write an audit log, to close the websockets of a session, to send mail about a new device.
    /// Several hooks run one after another.
    ///
    /// It runs within the request, before the response is sent, so it should be quick; what takes
    /// time, it can spawn. If it panics, the request does: the session is saved by then, but a new cookie
    /// does not reach the browser, and hooks after it do not hear of the event.
    ///
    /// ```
    /// use session_runtime::{Keyring, SessionEvent, Sessions, store::MemoryStore};
    ///
    /// let sessions = Sessions::builder(MemoryStore::new())
    ///     .keys(Keyring::new([[7; 32]])?)
    ///     .on_event(|event| match event {
    ///         SessionEvent::Created { id, .. } => println!("{id} began"),
    ///         SessionEvent::Renewed { from, to, principal, .. } => {
    ///             println!("{from} is {to} now, of {:?}", principal.as_ref().map(|who| who.value()));
    ///         }
    ///         SessionEvent::Destroyed { id, .. } => println!("{id} has ended"),
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

    /// Checks the configuration.
    ///
    /// # Errors
    ///
    /// If there are no keys, a timeout is zero or longer than its absolute one or than the assurance
    /// level allows, a cookie would have to last longer than browsers keep it, remembered sessions
    /// could not be told from others, or cookie options contradict each other.
    pub fn build(self) -> Result<Sessions, ConfigError> {
        let keys = self.keys.ok_or_else(|| {
            ConfigError::new("no session keys; call `keys(Keyring::from_env(\"SESSION_KEYS\")?)`")
        })?;
        let (idle, absolute) = self.level.map_or((HOUR, DAY), AssuranceLevel::limits);
        let standard = Timeouts {
            idle: self.idle.unwrap_or(idle),
            absolute: self.absolute.unwrap_or(absolute),
            persistent: self.cookie.is_persistent(),
        };
        let (idle, absolute) = self
            .remembered
            .unwrap_or(self.level.map_or((30 * DAY, 90 * DAY), AssuranceLevel::limits));
        let remembered = Timeouts { idle, absolute, persistent: true };
        if self.remembered.is_some()
            && remembered.lifetime() == standard.lifetime()
            && remembered != standard
        {
            return Err(ConfigError::new(
                "`remember_timeouts` has the idle timeout of all other sessions, whose cookies are \
                 persistent too: the two cannot be told apart; give it another idle timeout",
            ));
        }
        standard.check("`idle_timeout`", "`absolute_timeout`", self.level)?;
        remembered.check(
            "the idle timeout of `remember_timeouts`",
            "the absolute timeout of `remember_timeouts`",
            self.level,
        )?;
        let cookie = self.cookie.build()?;
        let csrf = TokenKeys::new(&keys, cookie.name());
        #[cfg(feature = "metrics")]
        crate::telemetry::metrics::describe();
        let longest = standard.absolute.max(remembered.absolute);
        let backend = self.backend.open(&keys, cookie.name(), &self.clock, longest)?;
        Ok(Sessions::new(Config {
            backend,
            cookie,
            csrf,
            clock: self.clock,
            expiry: Expiry { standard, remembered, touch_after: self.touch_after },
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
