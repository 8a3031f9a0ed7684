//! The rules of the [`Store`] trait as a test for anyone's store, and those of [`Revocation`] for anyone's revocation
//! (feature `conformance`).
//!
//! A driver proves itself in two lines:
//!
//! ```
//! use session_runtime::conformance;
//! use session_runtime::store::MemoryStore;
//!
//! # const TEST: &str = stringify!(
//! #[tokio::test]
//! # );
//! # #[tokio::main(flavor = "multi_thread")]
//! async fn main() {
//!     let report = conformance::run(|| async { MemoryStore::new() }).await.unwrap();
//!     println!("{report}");
//! }
//! ```
//!
//! The closure opens a store and is called once per rule. The stores may all be the same database:
//! every rule works on keys and principals it has drawn at random, and does not mind what else is
//! there. Nothing is cleaned up but what expires; the sessions a rule leaves behind end within an
//! hour.
//!
//! Use a runtime with several threads (`#[tokio::test(flavor = "multi_thread")]`) where you can: a
//! lost update shows up more often there. Some rules wait until a record has expired, by the
//! system's clock, so a server should agree with this machine about the time to some hundredths of a
//! second. The whole suite takes a few seconds.
//!
//! # Where to begin with a driver
//!
//! Write [`load`](Store::load), [`create`](Store::create), [`update`](Store::update),
//! [`rename`](Store::rename) and [`delete`](Store::delete), run the suite and read the failures: each
//! names its rule, what was expected and what was seen. A store that changes records in Rust calls
//! [`Patch::apply`](crate::patch::Patch::apply) under its own lock or transaction and has the rules
//! about fields and expiry for free; one that changes them in its server is held to the same here.
//! The rules `any_sequence_of_..` draw operations at random; when one fails it lists what was done before.
//! [`sweep`](Store::sweep), [`list`](Store::list), [`delete_all`](Store::delete_all) and
//! [`scan`](Store::scan) may be left out; their rules are then reported as skipped.

mod basics;
mod concurrency;
mod expiry;
mod fields;
mod principals;
mod renames;
mod report;
mod revocations;
mod scan;
mod sequences;
mod show;
mod sweep;
mod texts;
mod trial;

use std::time::Duration;

pub use self::report::{Failed, Report};
use self::trial::{Outcome, Stop, Trial};
use crate::revocation::Revocation;
use crate::store::Store;

/// Checks every rule on stores that `open` opens, one after the other.
///
/// Must be called within a tokio runtime with timers.
///
/// # Errors
///
/// If a rule is broken: all broken rules, each with its name and with what was expected and seen.
/// A store that fails, panics or hangs for a minute breaks the rule it was to prove.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use session_runtime::conformance;
/// use session_runtime::store::MemoryStore;
///
/// let report = conformance::run(|| async { MemoryStore::new() }).await.unwrap();
/// assert!(report.skipped().is_empty());
/// # }
/// ```
pub async fn run<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) -> Result<Report, Failed> {
    let mut suite = Suite::new(open);
    basics::check(&mut suite).await;
    renames::check(&mut suite).await;
    fields::check(&mut suite).await;
    texts::check(&mut suite).await;
    expiry::check(&mut suite).await;
    concurrency::check(&mut suite).await;
    principals::check(&mut suite).await;
    sweep::check(&mut suite).await;
    scan::check(&mut suite).await;
    sequences::check(&mut suite).await;
    suite.end()
}

/// Checks every rule of [`Revocation`] on those that `open` opens, as [`run`] does for stores.
///
/// What counts until a time it does not check: that it is forgotten then saves space, and nothing else.
///
/// # Errors
///
/// As [`run`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use session_runtime::conformance;
/// use session_runtime::revocation::StoreRevocation;
/// use session_runtime::store::MemoryStore;
///
/// let open = || async { StoreRevocation::new(MemoryStore::new()) };
/// let report = conformance::run_revocation(open).await.unwrap();
/// assert!(report.skipped().is_empty());
/// # }
/// ```
pub async fn run_revocation<R: Revocation, F: Future<Output = R>>(
    open: impl Fn() -> F,
) -> Result<Report, Failed> {
    let mut suite = Suite::new(open);
    revocations::check(&mut suite).await;
    suite.end()
}

/// Checks the rules that are functions of these names.
macro_rules! rules {
    ($suite:ident, $need:ident: $($rule:ident),+ $(,)?) => {
        $($suite.rule(stringify!($rule), Need::$need, $rule).await;)+
    };
}
use rules;

/// Whether every store must keep a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    /// It is about a method that a store may leave out.
    Provided,
}

struct Suite<O> {
    open: O,
    report: Report,
    failed: Failed,
}

/// How long one rule may take.
const PATIENCE: Duration = Duration::from_secs(60);

impl<O> Suite<O> {
    fn new(open: O) -> Self {
        Self { open, report: Report::default(), failed: Failed::default() }
    }

    fn end(self) -> Result<Report, Failed> {
        if self.failed.is_empty() { Ok(self.report) } else { Err(self.failed) }
    }
}

impl<S: Send + Sync + 'static, O: Fn() -> F, F: Future<Output = S>> Suite<O> {
    async fn rule<R: Future<Output = Outcome> + Send + 'static>(
        &mut self,
        name: &'static str,
        need: Need,
        rule: impl FnOnce(Trial<S>) -> R,
    ) {
        let trial = Trial::new((self.open)().await);
        // In a task, so that a panic breaks this rule alone.
        let mut task = tokio::spawn(rule(trial));
        let outcome = match tokio::time::timeout(PATIENCE, &mut task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panicked)) => Err(Stop::Failed(format!("expected no panic, saw {panicked}"))),
            Err(_) => {
                task.abort();
                Err(Stop::Failed(format!("expected an answer, saw none within {PATIENCE:?}")))
            }
        };
        match outcome {
            Ok(()) => self.report.pass(name),
            Err(Stop::Unsupported) if need == Need::Provided => self.report.skip(name),
            Err(Stop::Unsupported) => {
                self.failed.push(name, "expected a required method, saw `unsupported`".to_owned());
            }
            Err(Stop::Failed(why)) => self.failed.push(name, why),
        }
    }
}
