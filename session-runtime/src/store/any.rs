//! A store whose type is known only at run time.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::contract::{Created, Loaded, Store, Updated};
use super::memory::MemoryStore;
use super::methods::store_methods;
use super::page::{Cursor, Page, SessionInfo};
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};

/// Any store behind one type. Clones share the store.
///
/// [`connect`](super::connect) returns it.
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
    /// Called directly: boxing the future would cost more than the call itself.
    Memory(MemoryStore),
    Other(Arc<dyn DynStore>),
}

impl AnyStore {
    /// Hides the type of `store`.
    pub fn new(store: impl Store) -> Self {
        let mut slot = Some(store);
        let slot_any: &mut dyn Any = &mut slot;
        // A second wrapper around an `AnyStore` would only cost one more indirection a call.
        if let Some(any) = slot_any.downcast_mut::<Option<AnyStore>>().and_then(Option::take) {
            return any;
        }
        if let Some(memory) = slot_any.downcast_mut::<Option<MemoryStore>>().and_then(Option::take)
        {
            return Self(Kind::Memory(memory));
        }
        match slot {
            Some(store) => Self(Kind::Other(Arc::new(store))),
            None => unreachable!("whatever empties the slot returns"),
        }
    }
}

impl fmt::Debug for AnyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyStore").finish_non_exhaustive()
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

macro_rules! declare {
    ($method:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
        fn $method<'a>(&'a self, $($argument: $type),*) -> Answer<'a, $answer>;
    };
}

/// [`Store`] with boxed futures, so that it can be a trait object.
trait DynStore: Send + Sync {
    store_methods!(declare 'a);
}

macro_rules! boxed {
    ($method:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
        fn $method<'a>(&'a self, $($argument: $type),*) -> Answer<'a, $answer> {
            Box::pin(Store::$method(self, $($argument),*))
        }
    };
}

impl<T: Store> DynStore for T {
    store_methods!(boxed 'a);
}

macro_rules! dispatch {
    ($method:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
        async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
            match &self.0 {
                Kind::Memory(store) => Store::$method(store, $($argument),*).await,
                Kind::Other(store) => store.$method($($argument),*).await,
            }
        }
    };
}

impl Store for AnyStore {
    store_methods!(dispatch);
}
