//! Stores with one fault each, and the rule that must notice it.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod faulty;
// The macro that the crate itself uses for stores that pass their calls on.
#[path = "../../src/store/methods.rs"]
mod methods;

use std::time::Duration;

use session_runtime::conformance::{self, Failed};
use session_runtime::patch::Patch;
use session_runtime::record::Record;
use session_runtime::store::{Created, Loaded, MemoryStore, Store, StoreError, Updated};
use session_runtime::{Clock, StoreKey, SystemClock, Timestamp};

use self::faulty::{Fault, Faulty};
use self::methods::store_methods;

async fn failures(fault: Fault) -> Failed {
    let open = || async { Faulty::new(fault) };
    conformance::run(open).await.expect_err("a fault that nobody noticed")
}

macro_rules! caught {
    ($($test:ident: $fault:ident by $($rule:ident),+;)+) => {
        $(#[tokio::test]
        async fn $test() {
            let failed = failures(Fault::$fault).await;
            $(assert!(failed.names(stringify!($rule)), "{failed}");)+
        })+
    };
}

caught! {
    an_update_that_creates: Upsert by update_never_creates, any_sequence_of_writes_is_kept;
    a_rename_that_copies: RenameCopies by
        rename_leaves_a_tombstone, rename_leaves_a_key_in_use_alone;
    a_rename_in_steps: RenameInSteps by one_rename_of_a_key_wins;
    a_lost_delta: ReadModifyWrite by deltas_add_up, different_fields_survive;
    a_replace_that_ignores_old: BlindReplace by
        replace_conflicts_if_it_is_not, one_replace_of_a_text_wins;
    a_create_that_overwrites: Overwrite by create_never_overwrites_live, one_create_of_a_key_wins;
    a_patch_in_parts: PartialPatch by a_refused_patch_changes_nothing;
    texts_that_are_parsed: ParsesJson by texts_are_kept_exactly;
    an_extend_that_shortens: ExtendShortens by extend_never_shortens;
    sums_in_floating_point: FloatSums by add_adds_exactly, add_stops_at_its_bounds;
    a_logout_that_a_renewal_undoes: DeleteStays by delete_follows_a_renamed_session;
    a_renewed_session_that_survives: DeleteListed by delete_all_deletes_what_is_renamed_meanwhile;
    an_exception_that_is_ended: NoException by delete_all_spares_the_exception;
    an_index_that_is_behind: StaleIndex by
        list_follows_update, list_follows_rename, any_sequence_of_lists_and_writes_is_kept;
    a_sweep_without_a_limit: SweepsTombstones by sweep_removes_what_has_expired;
    a_scan_that_counts: ScanCounts by scan_finds_what_stays_while_others_come_and_go;
    a_scan_that_leaves_out: ScanLeavesOut by scan_shows_every_live_session;
    a_scan_at_once: ScanAtOnce by scan_keeps_to_its_limit;
    a_scan_of_what_has_ended: ScanShowsEnded by
        scan_shows_nothing_expired_or_deleted, scan_shows_current_records;
    a_scan_without_end: ScanForever by scan_shows_every_live_session;
    a_scan_that_refuses_a_limit: ScanRefuses by scan_shows_every_live_session;
    a_panic: Panics by load_of_unknown_is_absent;
}

#[tokio::test]
async fn the_wrapper_itself_is_sound() {
    let open = || async { Faulty::new(Fault::None) };
    conformance::run(open).await.unwrap();
}

#[tokio::test]
async fn an_expired_record_that_is_served() {
    struct Late;
    impl Clock for Late {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(SystemClock.now().as_millis() - 5_000)
        }
    }
    let failed = conformance::run(|| async { MemoryStore::with_clock(Late) }).await.unwrap_err();
    for rule in [
        "expired_is_absent",
        "expired_is_not_updated",
        "expired_is_not_renamed",
        "list_forgets_expired",
    ] {
        assert!(failed.names(rule), "{failed}");
    }
}

#[tokio::test]
async fn no_tombstones() {
    let open = || async { MemoryStore::builder().tombstone_time(Duration::ZERO).build() };
    let failed = conformance::run(open).await.unwrap_err();
    for rule in ["delete_leaves_a_tombstone", "rename_leaves_a_tombstone", "delete_all_deletes_all"]
    {
        assert!(failed.names(rule), "{failed}");
    }
    let text = failed.to_string();
    assert!(text.contains("load of a deleted key: expected Gone, saw Absent"), "{text}");
}

/// Has only the required methods.
struct Minimal(MemoryStore);

macro_rules! forward {
    ($method:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
        async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
            self.0.$method($($argument),*).await
        }
    };
}

impl Store for Minimal {
    store_methods!(forward: load, create, update, rename, delete);
}

#[tokio::test]
async fn missing_provided_methods_are_skipped() {
    let report = conformance::run(|| async { Minimal(MemoryStore::new()) }).await.unwrap();
    assert_eq!(report.skipped().len(), 22, "{report}");
    for rule in [
        "list_follows_update",
        "delete_all_deletes_all",
        "sweep_keeps_to_its_limit",
        "scan_keeps_to_its_limit",
    ] {
        assert!(report.skipped().contains(&rule), "{report}");
    }
    assert!(report.passed().contains(&"deltas_add_up"), "{report}");
}
