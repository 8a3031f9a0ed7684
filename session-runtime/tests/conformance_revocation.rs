//! Revocations that keep the rules, and some that are wrong in one way each.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use session_runtime::conformance::{self, Failed};
use session_runtime::record::Principal;
use session_runtime::revocation::{Cutoff, Revocation, Revoked, StoreRevocation};
use session_runtime::store::{MemoryStore, SqliteStore, StoreError};
use session_runtime::{StoreKey, Timestamp};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_memory() {
    let open = || async { StoreRevocation::new(MemoryStore::new()) };
    let report = conformance::run_revocation(open).await.unwrap();
    assert!(report.skipped().is_empty(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn in_sqlite() {
    let path = std::env::temp_dir().join(format!("session-ended-{}.db", std::process::id()));
    let open = || async { StoreRevocation::new(SqliteStore::open(&path).unwrap()) };
    let report = conformance::run_revocation(open).await;
    std::fs::remove_file(&path).unwrap();
    assert!(report.unwrap().skipped().is_empty());
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// `revoke` forgets where a session was renewed to.
    ForgetsTheNewId,
    /// Every call of `revoke` is told that it was the one.
    AlwaysNow,
    /// A cutoff takes the place of the one before.
    OverwritesCutoffs,
    /// All principals have one cutoff.
    OneForAll,
}

struct Faulty {
    inner: StoreRevocation<MemoryStore>,
    latest: std::sync::Mutex<Option<Cutoff>>,
    fault: Fault,
}

impl Faulty {
    fn of<'a>(&self, who: &'a Principal, everybody: &'a Principal) -> &'a Principal {
        if self.fault == Fault::OneForAll { everybody } else { who }
    }
}

impl Revocation for Faulty {
    async fn revoked(&self, id: &StoreKey) -> Result<Option<Timestamp>, StoreError> {
        self.inner.revoked(id).await
    }

    async fn not_before(&self, who: &Principal) -> Result<Option<Cutoff>, StoreError> {
        let kept = self.inner.not_before(self.of(who, &Principal::new("", ""))).await?;
        let latest = *self.latest.lock().unwrap();
        Ok(if self.fault == Fault::OverwritesCutoffs { kept.and(latest) } else { kept })
    }

    async fn revoke(
        &self,
        id: &StoreKey,
        to: Option<&StoreKey>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Revoked, StoreError> {
        let to = to.filter(|_| self.fault != Fault::ForgetsTheNewId);
        let revoked = self.inner.revoke(id, to, now, until).await?;
        Ok(if self.fault == Fault::AlwaysNow { Revoked::Now } else { revoked })
    }

    async fn revoke_all(
        &self,
        who: &Principal,
        cutoff: Cutoff,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        *self.latest.lock().unwrap() = Some(cutoff);
        self.inner.revoke_all(self.of(who, &Principal::new("", "")), cutoff, until).await
    }
}

async fn run(fault: Fault) -> Result<conformance::Report, Failed> {
    let inner = || StoreRevocation::new(MemoryStore::new());
    conformance::run_revocation(|| async {
        Faulty { inner: inner(), latest: Default::default(), fault }
    })
    .await
}

#[tokio::test]
async fn faults_are_found() {
    for (fault, rule) in [
        (Fault::ForgetsTheNewId, "a_renewed_id_says_where_to"),
        (Fault::AlwaysNow, "one_of_several_calls_revokes"),
        (Fault::OverwritesCutoffs, "a_second_cutoff_is_merged"),
        (Fault::OneForAll, "principals_have_cutoffs_of_their_own"),
    ] {
        let failed = run(fault).await.expect_err(rule);
        assert!(failed.names(rule), "{rule}: {failed}");
    }
    let report = run(Fault::None).await.unwrap();
    assert_eq!(report.skipped(), ["sweep_spares_what_still_counts"]);
}
