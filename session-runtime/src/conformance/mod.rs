//! The rules of [`Store`] and [`Revocation`] as a test suite for any implementation (feature
//! `conformance`).
//!
//! Two lines test a store:
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
//! The suite calls the closure once for each rule, to open a store. All stores may be the same
//! database: each rule uses random keys and principals and ignores other data. Nothing is cleaned
//! up except what expires. The sessions that a rule leaves behind expire within an hour.
//!
//! Use a runtime with several threads (`#[tokio::test(flavor = "multi_thread")]`) if you can: lost
//! updates show up more often there. Some rules wait until a record has expired by the system's
//! clock. So the clock of a server should agree with that of this machine to a few hundredths of a
//! second. The whole suite takes a few seconds.
//!
//! # How to write a store
//!
//! Write [`load`](Store::load), [`create`](Store::create), [`update`](Store::update),
//! [`rename`](Store::rename) and [`delete`](Store::delete), and run the suite. Each failure names
//! the rule, what was expected, and what was seen.
//!
//! - A store that changes records in Rust calls [`Patch::apply`](crate::patch::Patch::apply) under
//!   its own lock or transaction. This fulfils the rules about fields and expiry. A store that
//!   changes records in its server is held to the same rules.
//! - The rules `any_sequence_of_..` draw random operations. A failure lists the operations so far.
//! - [`sweep`](Store::sweep), [`list`](Store::list), [`delete_all`](Store::delete_all) and
//!   [`scan`](Store::scan) are optional. The report lists their rules as skipped.

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
mod suite;
mod sweep;
mod texts;
mod trial;

pub use self::report::{Failed, Report};
use self::suite::Suite;
use crate::revocation::Revocation;
use crate::store::Store;

/// Checks every rule of [`Store`], each on a store that `open` opens.
///
/// Must be called within a tokio runtime with timers.
///
/// # Errors
///
/// If a rule is broken. The error lists every broken rule with its name, what was expected, and
/// what was seen. A store that fails, panics or hangs for a minute breaks the rule that was
/// checked.
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

/// Checks every rule of [`Revocation`], each on a revocation that `open` opens.
///
/// It does not check that a revocation forgets an entry at its `until`: that only saves space.
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
