//! A store that fails when a test tells it to.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};
use crate::store::{
    Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated, store_methods,
};

/// A wrapper around another store that fails as a test says, and records its calls.
///
/// Clones are one store: give one to the sessions and keep another. For sessions in cookies, wrap
/// the store of their [`StoreRevocation`](crate::revocation::StoreRevocation).
///
/// ```
/// use session_runtime::testing::{CookieJar, Fault, FaultyStore, Operation};
/// use session_runtime::{Keyring, SessionSchema, Sessions, store::MemoryStore};
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     theme: Option<String>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = FaultyStore::new(MemoryStore::new());
/// let sessions =
///     Sessions::builder(store.clone()).keys(Keyring::new([[7; 32]])?).build()?;
/// let issued = sessions.issue::<Visit>(|visit| visit.set_theme(Some("dark".into()))).await?;
/// let mut cookies = CookieJar::new(&sessions);
/// cookies.keep(issued.set_cookies());
/// assert_eq!(store.take_calls(), [Operation::Create]);
///
/// store.fail_once(Operation::Load, Fault::Refused);
/// assert!(cookies.session::<Visit>().await.unwrap_err().is_store());
/// assert!(cookies.session::<Visit>().await?.is_some(), "it works again");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FaultyStore<S> {
    inner: S,
    script: Arc<Mutex<Script>>,
}

/// A method of [`Store`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`Store::load`].
    Load,
    /// [`Store::create`].
    Create,
    /// [`Store::update`].
    Update,
    /// [`Store::rename`].
    Rename,
    /// [`Store::delete`].
    Delete,
    /// [`Store::sweep`].
    Sweep,
    /// [`Store::list`].
    List,
    /// [`Store::delete_all`].
    DeleteAll,
    /// [`Store::scan`].
    Scan,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An error, and nothing was done, as if the server could not be reached.
    Refused,
    /// An error although the operation was done, as if the connection broke before the answer came.
    ///
    /// The caller cannot know the outcome.
    AnswerLost,
    /// The operation is done after this time.
    Slow(Duration),
    /// Nothing is done, and no answer comes until the caller gives up.
    Hangs,
}

/// The faults to come, and the calls so far.
#[derive(Default)]
struct Script {
    once: Vec<(Operation, Fault)>,
    always: Vec<(Option<Operation>, Fault)>,
    calls: Vec<Operation>,
}

impl<S> FaultyStore<S> {
    /// A store that works as `inner` does until it is told to fail.
    pub fn new(inner: S) -> Self {
        Self { inner, script: Arc::default() }
    }

    /// Makes every call of `operation` fail from now on.
    pub fn fail(&self, operation: Operation, fault: Fault) {
        self.script().always.push((Some(operation), fault));
    }

    /// Makes the next call of `operation` fail.
    ///
    /// Two of these make the next two calls fail, in this order. They come before the faults that
    /// [`fail`](Self::fail) and [`fail_all`](Self::fail_all) set.
    pub fn fail_once(&self, operation: Operation, fault: Fault) {
        self.script().once.push((operation, fault));
    }

    /// Makes every call of every operation fail from now on.
    pub fn fail_all(&self, fault: Fault) {
        self.script().always.push((None, fault));
    }

    /// Removes all faults, also those that were to happen once.
    pub fn recover(&self) {
        let mut script = self.script();
        script.once.clear();
        script.always.clear();
    }

    /// The calls since the last time this was called, in order and including failed ones.
    pub fn take_calls(&self) -> Vec<Operation> {
        std::mem::take(&mut self.script().calls)
    }

    async fn run<T, F>(
        &self,
        operation: Operation,
        call: impl FnOnce() -> F + Send,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
        T: Send,
    {
        let fault = self.script().next(operation);
        match fault {
            None => call().await,
            Some(Fault::Refused) => Err(failure(operation, Fault::Refused)),
            Some(Fault::AnswerLost) => {
                call().await?;
                Err(failure(operation, Fault::AnswerLost))
            }
            Some(Fault::Slow(delay)) => {
                tokio::time::sleep(delay).await;
                call().await
            }
            Some(Fault::Hangs) => std::future::pending().await,
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        // No code that can panic runs under the lock.
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failure(operation: Operation, fault: Fault) -> StoreError {
    StoreError::backend(format!("a fault of the test: {operation:?} {fault:?}"))
}

impl Script {
    /// Records a call; returns how it fails.
    fn next(&mut self, operation: Operation) -> Option<Fault> {
        self.calls.push(operation);
        if let Some(at) = self.once.iter().position(|(failing, _)| *failing == operation) {
            return Some(self.once.remove(at).1);
        }
        let mut always = self.always.iter().rev();
        let fault = always.find(|(failing, _)| failing.is_none_or(|failing| failing == operation));
        fault.map(|(_, fault)| *fault)
    }
}

/// The operation of a method.
#[rustfmt::skip]
macro_rules! operation {
    (load) => { Operation::Load };
    (create) => { Operation::Create };
    (update) => { Operation::Update };
    (rename) => { Operation::Rename };
    (delete) => { Operation::Delete };
    (sweep) => { Operation::Sweep };
    (list) => { Operation::List };
    (delete_all) => { Operation::DeleteAll };
    (scan) => { Operation::Scan };
}

macro_rules! faulty {
    ($method:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
        async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
            self.run(operation!($method), || self.inner.$method($($argument),*)).await
        }
    };
}

impl<S: Store> Store for FaultyStore<S> {
    store_methods!(faulty);
}

impl<S: fmt::Debug> fmt::Debug for FaultyStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore").field("inner", &self.inner).finish_non_exhaustive()
    }
}
