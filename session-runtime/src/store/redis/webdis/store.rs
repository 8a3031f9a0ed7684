//! Sessions in Redis, over HTTP by way of Webdis (feature `webdis`).

mod builder;
mod http;
mod link;
mod url;

use std::fmt;
use std::sync::Arc;

pub use self::builder::WebdisStoreBuilder;
use self::link::Link;
pub(in crate::store) use self::url::builder as of_url;
use super::call::Calls;
use super::wire::Wire;
use super::{answer, layout, lister, scanner};
use crate::error::ConfigError;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};
use crate::store::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};

/// Keeps sessions in Redis through [Webdis](https://webd.is), for applications that can reach it over
/// HTTP alone. Clones share their connections.
///
/// The data are those of [`RedisStore`](crate::store::RedisStore), whose advice for the server goes for
/// this one, too; both can be used on the same sessions at once. Each operation is one request, but
/// `list` and `scan` take one for each session.
///
/// Webdis must allow `EVAL`, `EVALSHA` and `HGETALL` to this client, and nothing else; its
/// `http_max_request_size` bounds a session, in which most bytes that are no letters or digits count
/// three times. It speaks no TLS: what leaves the machine or a closed network goes through a tunnel,
/// such as `stunnel` on the application's side.
///
/// Must be used within a tokio runtime. Times beyond the year 10000 are kept as that one, idle timeouts
/// beyond 17 years as 17 years, and what an absolute timeout has beyond the idle one as 34 years at most.
///
/// ```no_run
/// use session_runtime::store::{Loaded, Store, WebdisStore};
/// use session_runtime::StoreKey;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = WebdisStore::open("webdis://127.0.0.1:7379")?;
/// assert_eq!(store.load(&StoreKey::from_bytes([7; 16])).await?, Loaded::Absent);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WebdisStore(Arc<Inner>);

struct Inner {
    calls: Calls,
    link: Link,
}

impl WebdisStore {
    /// Webdis at `url`, with default options: `webdis://user:password@host:port`. Without a port it is
    /// 7379.
    ///
    /// Connects when the first session is asked for.
    ///
    /// # Errors
    ///
    /// As [`WebdisStoreBuilder::build`].
    pub fn open(url: impl Into<String>) -> Result<Self, ConfigError> {
        Self::builder(url).build()
    }

    /// Webdis at `url`, with options to choose.
    pub fn builder(url: impl Into<String>) -> WebdisStoreBuilder {
        WebdisStoreBuilder::new(url.into())
    }
}

impl Store for WebdisStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        answer::loaded(self.0.link.hash(&self.0.calls.names.session(key)).await?)
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        let call = self.0.calls.create(key, record);
        answer::created(&self.0.link.call(&call, None).await?)
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let call = self.0.calls.update(&self.0.calls.names.session(key), patch);
        answer::updated(self.0.link.call(&call, None).await?)
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let call = self.0.calls.rename(from, to, patch);
        answer::updated(self.0.link.call(&call, None).await?)
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.0.link.call(&self.0.calls.delete(key), None).await?;
        Ok(())
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        Ok(lister::list(&self.0.link, &self.0.calls, principal).await?.live)
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let call = self.0.calls.delete_all(&layout::principal(principal), except);
        let mut total = 0;
        loop {
            let (ended, left) = answer::ended(&self.0.link.call(&call, None).await?)?;
            total += ended;
            if left == 0 {
                return Ok(total);
            }
        }
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        scanner::page(&self.0.link, &self.0.calls, after, limit).await
    }
}

impl fmt::Debug for WebdisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebdisStore").finish_non_exhaustive()
    }
}
