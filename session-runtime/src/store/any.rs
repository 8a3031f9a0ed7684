//! A store whose type is known only at run time.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::{Created, Cursor, Loaded, MemoryStore, Page, SessionInfo, Store, StoreError, Updated};
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};

/// Any store behind one type: what [`connect`](super::connect) answers. Clones share the store.
///
/// ```
/// use session_runtime::store::{AnyStore, MemoryStore};
///
/// let store = AnyStore::new(MemoryStore::new());
/// # let _ = store;
/// ```
#[derive(Clone)]
pub struct AnyStore(Kind);

#[derive(Clone)]
enum Kind {
    /// Called directly: a box for its future would cost more than what the future does.
    Memory(MemoryStore),
    Other(Arc<dyn DynStore>),
}

impl AnyStore {
    /// Hides the type of `store`.
    pub fn new(store: impl Store) -> Self {
        let mut slot = Some(store);
        let slot_any: &mut dyn Any = &mut slot;
        // Wrapping an `AnyStore` again would only cost a second indirection per call.
        if let Some(any) = slot_any.downcast_mut::<Option<AnyStore>>().and_then(Option::take) {
            return any;
        }
        if let Some(memory) = slot_any.downcast_mut::<Option<MemoryStore>>().and_then(Option::take)
        {
            return Self(Kind::Memory(memory));
        }
        match slot {
            Some(store) => Self(Kind::Other(Arc::new(store))),
            None => unreachable!("the slot is only emptied by what returns"),
        }
    }
}

impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyStore").finish_non_exhaustive()
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`Store`] in a form that can be a trait object.
trait DynStore: Send + Sync {
    fn load<'a>(&'a self, key: &'a StoreKey) -> Answer<'a, Loaded>;
    fn create<'a>(&'a self, key: &'a StoreKey, record: &'a Record) -> Answer<'a, Created>;
    fn update<'a>(&'a self, key: &'a StoreKey, patch: &'a Patch) -> Answer<'a, Updated>;
    fn rename<'a>(
        &'a self,
        from: &'a StoreKey,
        to: &'a StoreKey,
        patch: &'a Patch,
    ) -> Answer<'a, Updated>;
    fn delete<'a>(&'a self, key: &'a StoreKey) -> Answer<'a, ()>;
    fn sweep(&self, limit: usize) -> Answer<'_, usize>;
    fn list<'a>(&'a self, principal: &'a Principal) -> Answer<'a, Vec<SessionInfo>>;
    fn delete_all<'a>(
        &'a self,
        principal: &'a Principal,
        except: Option<&'a StoreKey>,
    ) -> Answer<'a, usize>;
    fn scan<'a>(&'a self, after: Option<&'a Cursor>, limit: usize) -> Answer<'a, Page>;
}

impl<T: Store> DynStore for T {
    fn load<'a>(&'a self, key: &'a StoreKey) -> Answer<'a, Loaded> {
        Box::pin(Store::load(self, key))
    }

    fn create<'a>(&'a self, key: &'a StoreKey, record: &'a Record) -> Answer<'a, Created> {
        Box::pin(Store::create(self, key, record))
    }

    fn update<'a>(&'a self, key: &'a StoreKey, patch: &'a Patch) -> Answer<'a, Updated> {
        Box::pin(Store::update(self, key, patch))
    }

    fn rename<'a>(
        &'a self,
        from: &'a StoreKey,
        to: &'a StoreKey,
        patch: &'a Patch,
    ) -> Answer<'a, Updated> {
        Box::pin(Store::rename(self, from, to, patch))
    }

    fn delete<'a>(&'a self, key: &'a StoreKey) -> Answer<'a, ()> {
        Box::pin(Store::delete(self, key))
    }

    fn sweep(&self, limit: usize) -> Answer<'_, usize> {
        Box::pin(Store::sweep(self, limit))
    }

    fn list<'a>(&'a self, principal: &'a Principal) -> Answer<'a, Vec<SessionInfo>> {
        Box::pin(Store::list(self, principal))
    }

    fn delete_all<'a>(
        &'a self,
        principal: &'a Principal,
        except: Option<&'a StoreKey>,
    ) -> Answer<'a, usize> {
        Box::pin(Store::delete_all(self, principal, except))
    }

    fn scan<'a>(&'a self, after: Option<&'a Cursor>, limit: usize) -> Answer<'a, Page> {
        Box::pin(Store::scan(self, after, limit))
    }
}

impl Store for AnyStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        match &self.0 {
            Kind::Memory(store) => Store::load(store, key).await,
            Kind::Other(store) => store.load(key).await,
        }
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        match &self.0 {
            Kind::Memory(store) => Store::create(store, key, record).await,
            Kind::Other(store) => store.create(key, record).await,
        }
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        match &self.0 {
            Kind::Memory(store) => Store::update(store, key, patch).await,
            Kind::Other(store) => store.update(key, patch).await,
        }
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        match &self.0 {
            Kind::Memory(store) => Store::rename(store, from, to, patch).await,
            Kind::Other(store) => store.rename(from, to, patch).await,
        }
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Memory(store) => Store::delete(store, key).await,
            Kind::Other(store) => store.delete(key).await,
        }
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        match &self.0 {
            Kind::Memory(store) => Store::sweep(store, limit).await,
            Kind::Other(store) => store.sweep(limit).await,
        }
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        match &self.0 {
            Kind::Memory(store) => Store::list(store, principal).await,
            Kind::Other(store) => store.list(principal).await,
        }
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        match &self.0 {
            Kind::Memory(store) => Store::delete_all(store, principal, except).await,
            Kind::Other(store) => store.delete_all(principal, except).await,
        }
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        match &self.0 {
            Kind::Memory(store) => Store::scan(store, after, limit).await,
            Kind::Other(store) => store.scan(after, limit).await,
        }
    }
}
