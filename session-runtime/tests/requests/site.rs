//! A site with a watched store, and a visitor's cookie jar.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{HeaderValue, StatusCode};
use session_runtime::patch::Patch;
use session_runtime::record::{Principal, Record};
use session_runtime::store::{
    Created, Loaded, MemoryStore, SessionInfo, Store, StoreError, Updated,
};
use session_runtime::testing::ManualClock;
use session_runtime::{
    CookieCommand, Finished, Keyring, Session, SessionHandle, SessionSchema, Sessions,
    SessionsBuilder, StoreKey,
};
use tokio::sync::Semaphore;

#[derive(SessionSchema)]
pub(crate) struct Visit {
    #[session(counter)]
    pub(crate) counter: u64,
    pub(crate) name: Option<String>,
    pub(crate) items: Vec<String>,
    #[session(flash)]
    pub(crate) notice: Option<String>,
    #[session(principal)]
    pub(crate) user_id: Option<u64>,
}

/// Sessions on a watched memory store.
pub(crate) struct Site {
    pub(crate) sessions: Sessions,
    pub(crate) store: Watched,
    pub(crate) clock: ManualClock,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(configure: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Self {
        let clock = ManualClock::default();
        let store = Watched::new(MemoryStore::with_clock(clock.clone()));
        Self::on(store, clock, configure)
    }

    fn on(
        store: Watched,
        clock: ManualClock,
        configure: impl FnOnce(SessionsBuilder) -> SessionsBuilder,
    ) -> Self {
        let builder = Sessions::builder(store.clone())
            .keys(Keyring::new([[7; 32]]).unwrap())
            .clock(clock.clone());
        Self { sessions: configure(builder).build().unwrap(), store, clock }
    }

    /// Another version of the application on the same store.
    pub(crate) fn redeployed(
        &self,
        configure: impl FnOnce(SessionsBuilder) -> SessionsBuilder,
    ) -> Self {
        Self::on(self.store.clone(), self.clock.clone(), configure)
    }

    /// Begins a request with a cookie.
    pub(crate) fn begin(&self, cookie: &Option<String>) -> SessionHandle {
        begin(&self.sessions, cookie)
    }

    /// One request from beginning to end, in which `handler` runs; it must succeed.
    pub(crate) async fn visit<T>(
        &self,
        cookie: &mut Option<String>,
        handler: impl AsyncFnOnce(Session<Visit>) -> T,
    ) -> T {
        visit(&self.sessions, cookie, handler).await
    }

    /// The record behind a cookie.
    pub(crate) async fn record(&self, cookie: &Option<String>) -> Option<Record> {
        let mut cookie = cookie.clone();
        let id = self.visit(&mut cookie, async |session| session.id()).await?;
        match self.store.inner.load(&id.parse().unwrap()).await.unwrap() {
            Loaded::Live(record) => Some(record),
            _ => None,
        }
    }
}

/// Begins a request with a cookie.
pub(crate) fn begin(sessions: &Sessions, cookie: &Option<String>) -> SessionHandle {
    sessions.begin(cookie.as_ref().map(|cookie| HeaderValue::from_str(cookie).unwrap()))
}

/// One request from beginning to end, in which `handler` runs; it must succeed.
pub(crate) async fn visit<T>(
    sessions: &Sessions,
    cookie: &mut Option<String>,
    handler: impl AsyncFnOnce(Session<Visit>) -> T,
) -> T {
    let handle = begin(sessions, cookie);
    let answer = handler(handle.session::<Visit>().await.unwrap()).await;
    let finished = handle.finish(StatusCode::OK).await;
    assert!(finished.error.is_none(), "{finished:?}");
    keep(cookie, &finished);
    answer
}

/// Does with the cookie what a browser does.
pub(crate) fn keep(cookie: &mut Option<String>, finished: &Finished) {
    match &finished.cookie {
        CookieCommand::Nothing => {}
        CookieCommand::Set(cookies) => {
            let value = cookies.iter().next().unwrap();
            *cookie = value.split(';').next().map(str::to_owned);
        }
        CookieCommand::Remove(_) => *cookie = None,
    }
}

/// A store that records each call, can fail, and can hold writes up.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) inner: MemoryStore,
    calls: Arc<Mutex<Vec<&'static str>>>,
    pub(crate) failing: Arc<AtomicBool>,
    /// While set, every update conflicts.
    pub(crate) conflicting: Arc<AtomicBool>,
    /// The number of writes that may pass; the others wait.
    gate: Arc<Semaphore>,
    /// The number of writes that wait or have passed.
    pub(crate) arrived: Arc<AtomicUsize>,
    swept: Arc<AtomicUsize>,
}

impl Watched {
    pub(crate) fn new(inner: MemoryStore) -> Self {
        Self {
            inner,
            calls: Arc::default(),
            failing: Arc::default(),
            conflicting: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            arrived: Arc::default(),
            swept: Arc::default(),
        }
    }

    /// The calls since the last call of this.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// How many records were swept.
    pub(crate) fn swept(&self) -> usize {
        self.swept.load(Ordering::SeqCst)
    }

    pub(crate) fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// Holds writes up until `open`.
    pub(crate) fn close(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
        self.arrived.store(0, Ordering::SeqCst);
    }

    pub(crate) fn open(&self) {
        self.gate.add_permits(Semaphore::MAX_PERMITS - self.gate.available_permits());
    }

    /// Waits until a write has arrived.
    pub(crate) async fn arrival(&self) {
        while self.arrived.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }

    fn read(&self, call: &'static str) -> Result<(), StoreError> {
        self.calls.lock().unwrap().push(call);
        match self.failing.load(Ordering::SeqCst) {
            true => Err(StoreError::backend("switched off")),
            false => Ok(()),
        }
    }

    async fn write(&self, call: &'static str) -> Result<(), StoreError> {
        self.read(call)?;
        self.arrived.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.map(drop).map_err(StoreError::backend)
    }
}

impl Store for Watched {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        self.read("load")?;
        self.inner.load(key).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        self.write("create").await?;
        self.inner.create(key, record).await
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        self.write("update").await?;
        if self.conflicting.load(Ordering::SeqCst)
            && let Loaded::Live(record) = self.inner.load(key).await?
        {
            return Ok(Updated::Conflict(record));
        }
        self.inner.update(key, patch).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        // A call that is cancelled here has done its work, but its answer is lost, as with a remote
        // store.
        let updated = self.inner.rename(from, to, patch).await?;
        self.write("rename").await?;
        Ok(updated)
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.write("delete").await?;
        self.inner.delete(key).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        self.read("sweep")?;
        let swept = self.inner.sweep(limit).await?;
        self.swept.fetch_add(swept, Ordering::SeqCst);
        Ok(swept)
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        self.inner.list(principal).await
    }
    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        self.write("delete_all").await?;
        self.inner.delete_all(principal, except).await
    }
}

/// A site and the cookie of a visitor whose counter is 1.
pub(crate) async fn visitor() -> (Site, Option<String>) {
    visitor_of(Site::new()).await
}

pub(crate) async fn visitor_of(site: Site) -> (Site, Option<String>) {
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    (site, cookie)
}
