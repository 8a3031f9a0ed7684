//! A store that fails when it is told to.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};
use crate::store::{Created, Loaded, SessionInfo, Store, StoreError, Updated};

/// A store around another one, which fails as a test says, and notes what it is asked for. Clones are
/// one store: give one to the sessions and keep the other. Sessions in cookies have a store behind
/// their [`StoreRevocation`](crate::revocation::StoreRevocation).
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

/// What a store is asked for: the methods of [`Store`].
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
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An error, and nothing was done: the server was not reached.
    Refused,
    /// It was done, and answered with an error all the same: the connection broke before the answer
    /// came. Who asked cannot know the outcome.
    AnswerLost,
    /// It is done, after this time.
    Slow(Duration),
    /// Nothing is done, and no answer comes, until who asked gives up.
    Hangs,
}

/// What fails, and what was asked for.
#[derive(Default)]
struct Script {
    once: Vec<(Operation, Fault)>,
    always: Vec<(Option<Operation>, Fault)>,
    calls: Vec<Operation>,
}

impl<S> FaultyStore<S> {
    /// A store that does what `inner` does, until it is told to fail.
    pub fn new(inner: S) -> Self {
        Self { inner, script: Arc::default() }
    }

    /// Every call of `operation` fails from now on.
    pub fn fail(&self, operation: Operation, fault: Fault) {
        self.script().always.push((Some(operation), fault));
    }

    /// The next call of `operation` fails. Said twice, the next two do, in this order; they come
    /// before what fails always.
    pub fn fail_once(&self, operation: Operation, fault: Fault) {
        self.script().once.push((operation, fault));
    }

    /// Every call of every operation fails from now on.
    pub fn fail_all(&self, fault: Fault) {
        self.script().always.push((None, fault));
    }

    /// Nothing fails from now on, and what was still to fail once does not either.
    pub fn recover(&self) {
        let mut script = self.script();
        script.once.clear();
        script.always.clear();
    }

    /// What was asked for since the last time this was called, in order, failed calls among them.
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
    StoreError::backend(format!("the test said so: {operation:?} {fault:?}"))
}

impl Script {
    /// Notes a call; answers how it fails.
    fn next(&mut self, operation: Operation) -> Option<Fault> {
        self.calls.push(operation);
        if let Some(at) = self.once.iter().position(|(failing, _)| *failing == operation) {
            return Some(self.once.remove(at).1);
        }
        let said = self.always.iter().rev();
        let mut said =
            said.filter(|(failing, _)| failing.is_none_or(|failing| failing == operation));
        said.next().map(|(_, fault)| *fault)
    }
}

impl<S: Store> Store for FaultyStore<S> {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        self.run(Operation::Load, || self.inner.load(key)).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        self.run(Operation::Create, || self.inner.create(key, record)).await
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        self.run(Operation::Update, || self.inner.update(key, patch)).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        self.run(Operation::Rename, || self.inner.rename(from, to, patch)).await
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        self.run(Operation::Delete, || self.inner.delete(key)).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        self.run(Operation::Sweep, || self.inner.sweep(limit)).await
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        self.run(Operation::List, || self.inner.list(principal)).await
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        self.run(Operation::DeleteAll, || self.inner.delete_all(principal, except)).await
    }
}

impl<S: fmt::Debug> fmt::Debug for FaultyStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore").field("inner", &self.inner).finish_non_exhaustive()
    }
}
