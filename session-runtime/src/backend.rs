//! What `Sessions::builder` takes: a store, or the cookie itself.

use crate::cookie_store::CookieStore;
use crate::store::{AnyStore, Store};

/// Where sessions are kept: in any [`Store`], or in the cookie itself with a [`CookieStore`].
///
/// [`Sessions::builder`](crate::Sessions::builder) makes one of whatever it is given, so it is seldom
/// named: only where an application chooses at run time.
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
pub struct Backend(pub(crate) BackendKind);

#[derive(Debug)]
pub(crate) enum BackendKind {
    Store(AnyStore),
    Cookie(CookieStore),
}

impl<S: Store> From<S> for Backend {
    fn from(store: S) -> Self {
        Self(BackendKind::Store(AnyStore::new(store)))
    }
}

impl From<CookieStore> for Backend {
    fn from(store: CookieStore) -> Self {
        Self(BackendKind::Cookie(store))
    }
}
