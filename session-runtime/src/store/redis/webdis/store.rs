//! [`WebdisStore`]: the store that reaches Redis through Webdis.

use std::fmt;
use std::sync::Arc;

use super::connections::Connections;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};
use crate::store::redis::answer;
use crate::store::redis::call_script::CallScript;
use crate::store::redis::script::{Operations, ScriptCall};
use crate::store::redis::transport::Transport;
use crate::store::redis::{layout, list, scan};
use crate::store::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};

/// Keeps sessions in Redis through [Webdis](https://webd.is), for applications that can only use
/// HTTP.
///
/// Clones share their connections. Sessions are stored as in a
/// [`RedisStore`](crate::store::RedisStore), and its advice for the server applies here too. Both
/// stores can use the same sessions at the same time. Each operation is one request, but `list` and
/// `scan` take one request for each session.
///
/// Webdis must allow `EVAL`, `EVALSHA` and `HGETALL` to this client, and nothing else. Its
/// `http_max_request_size` limits the size of a session. Most bytes that are not letters or digits
/// count three times.
///
/// Webdis has no TLS. What leaves the machine or a closed network must go through a tunnel, such as
/// `stunnel` next to the application.
///
/// The store must be used within a tokio runtime. It has these limits: times after the year 10000
/// are stored as that year, idle timeouts of more than 17 years as 17 years, and an absolute
/// timeout is at most 34 years longer than the idle one.
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
    operations: Operations,
    connections: Connections,
}

impl WebdisStore {
    pub(super) fn new(operations: Operations, connections: Connections) -> Self {
        Self(Arc::new(Inner { operations, connections }))
    }

    async fn call(&self, call: &ScriptCall) -> Result<redis::Value, StoreError> {
        self.0.connections.call_script(call).await
    }
}

impl Store for WebdisStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        let name = self.0.operations.keys.session(key);
        answer::loaded(self.0.connections.read_hash(&name).await?)
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        answer::created(&self.call(&self.0.operations.create(key, record)).await?)
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let name = self.0.operations.keys.session(key);
        answer::updated(self.call(&self.0.operations.update(&name, patch)).await?)
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        answer::updated(self.call(&self.0.operations.rename(from, to, patch)).await?)
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.call(&self.0.operations.delete(key)).await?;
        Ok(())
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        Ok(list::list(&self.0.connections, &self.0.operations, principal).await?.live)
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let call = self.0.operations.delete_all(&layout::principal(principal), except);
        let mut total = 0;
        loop {
            let (deleted, left) = answer::deleted_and_left(&self.call(&call).await?)?;
            total += deleted;
            if left == 0 {
                return Ok(total);
            }
        }
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        scan::page(&self.0.connections, &self.0.operations, after, limit).await
    }
}

impl fmt::Debug for WebdisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebdisStore").finish_non_exhaustive()
    }
}
