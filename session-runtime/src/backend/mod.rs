//! Where sessions are kept: in a store, which a signed id in the cookie leads to, or in the cookie
//! itself.

mod content;
mod cookie;
mod cookie_store;
mod explain;
mod lookup;
pub(crate) mod open;
mod store;
pub(crate) mod stored;

use std::sync::Arc;
use std::time::Duration;

use self::cookie::CookieBackend;
use self::open::OpenBackend;
use self::store::StoreBackend;
use crate::clock::Clock;
use crate::crypto::Keyring;
use crate::error::ConfigError;
use crate::store::{AnyStore, Store};

pub use self::cookie_store::CookieStore;
pub use self::explain::ExplainedCookie;

/// Where sessions are kept: in any [`Store`], or in the cookie itself with a [`CookieStore`].
///
/// [`Sessions::builder`](crate::Sessions::builder) makes one from its argument, so applications name it
/// only to choose at run time.
///
/// ```
/// use session_runtime::store::MemoryStore;
/// use session_runtime::{Backend, CookieStore, Sessions};
///
/// let in_cookie = std::env::var_os("SESSIONS_IN_COOKIE").is_some();
/// let backend: Backend =
///     if in_cookie { CookieStore::sealed().into() } else { MemoryStore::new().into() };
/// let builder = Sessions::builder(backend);
/// # let _ = builder;
/// ```
#[derive(Debug)]
pub struct Backend(Kind);

#[derive(Debug)]
enum Kind {
    Store(AnyStore),
    Cookie(CookieStore),
}

impl<S: Store> From<S> for Backend {
    fn from(store: S) -> Self {
        Self(Kind::Store(AnyStore::new(store)))
    }
}

impl From<CookieStore> for Backend {
    fn from(store: CookieStore) -> Self {
        Self(Kind::Cookie(store))
    }
}

impl Backend {
    /// The same, with the keys of its cookie. No session lives longer than `longest`.
    pub(crate) fn open(
        self,
        keys: &Keyring,
        cookie_name: &str,
        clock: &Arc<dyn Clock>,
        longest: Duration,
    ) -> Result<OpenBackend, ConfigError> {
        Ok(OpenBackend(match self.0 {
            Kind::Store(store) => open::Kind::Store(StoreBackend::new(store, keys, cookie_name)),
            Kind::Cookie(store) => {
                let clock = clock.clone();
                open::Kind::Cookie(CookieBackend::new(store, keys, cookie_name, clock, longest)?)
            }
        }))
    }
}
