//! The five required methods, each by itself.

use std::time::Duration;

use super::suite::{Suite, rules};
use super::trial::{Outcome, Trial, expect, key, patch, principal, record, set};
use crate::clock::Timestamp;
use crate::patch::Patch;
use crate::record::{Fields, Lifetime};
use crate::store::{Created, Loaded, Store, Updated};

pub(super) async fn check<S: Store, F: Future<Output = S>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Required:
        load_of_unknown_is_absent,
        create_keeps_everything,
        create_never_overwrites_live,
        create_never_overwrites_a_tombstone,
        update_never_creates,
        empty_patch_changes_nothing,
        delete_leaves_a_tombstone,
        delete_of_unknown_leaves_a_tombstone,
        delete_affects_one_session_only,
    );
}

async fn load_of_unknown_is_absent<S: Store>(t: Trial<S>) -> Outcome {
    t.expect_load("an unknown key", &key(), Loaded::Absent).await
}

async fn create_keeps_everything<S: Store>(t: Trial<S>) -> Outcome {
    let (key_of_one, one) = t.live(&[]).await?;
    t.expect_live("a record without fields", &key_of_one, &one).await?;

    let mut other = record(&[("counter", "41"), ("theme", "\"dark\"")]);
    other.created_at = Timestamp::from_millis(1_234_567_890_123);
    other.lifetime = Lifetime { idle: Duration::from_millis(86_400_001), persistent: true };
    other.principal = Some(principal());
    let key_of_other = key();
    t.create(&key_of_other, &other).await?;
    t.expect_live("a record", &key_of_other, &other).await
}

async fn create_never_overwrites_live<S: Store>(t: Trial<S>) -> Outcome {
    let (key, first) = t.live(&[("a", "1")]).await?;
    let answer = t.store.create(&key, &record(&[("a", "2"), ("b", "3")])).await?;
    expect("create of a live key", answer, Created::Exists)?;
    t.expect_live("the record that was there", &key, &first).await
}

async fn create_never_overwrites_a_tombstone<S: Store>(t: Trial<S>) -> Outcome {
    let (key, record) = t.live(&[("a", "1")]).await?;
    t.store.delete(&key).await?;
    expect("create of a deleted key", t.store.create(&key, &record).await?, Created::Exists)?;
    t.expect_load("the deleted key", &key, Loaded::Gone).await
}

async fn update_never_creates<S: Store>(t: Trial<S>) -> Outcome {
    for patch in [patch([("a", set("1"))]), Patch::empty()] {
        let key = key();
        t.expect_update("an unknown key", &key, &patch, Updated::Gone).await?;
        t.expect_load("a key that was only updated", &key, Loaded::Absent).await?;
    }
    Ok(())
}

async fn empty_patch_changes_nothing<S: Store>(t: Trial<S>) -> Outcome {
    let (key, record) = t.live(&[("a", "1")]).await?;
    t.expect_update("a record by nothing", &key, &Patch::empty(), Updated::Applied).await?;
    t.expect_live("the record", &key, &record).await
}

async fn delete_leaves_a_tombstone<S: Store>(t: Trial<S>) -> Outcome {
    let (from, record) = t.live(&[("a", "1")]).await?;
    t.store.delete(&from).await?;
    t.expect_load("a deleted key", &from, Loaded::Gone).await?;
    t.expect_update("a deleted key", &from, &patch([("a", set("2"))]), Updated::Gone).await?;
    t.expect_load("a deleted key after an update", &from, Loaded::Gone).await?;
    let to = key();
    let renamed = t.store.rename(&from, &to, &Patch::empty()).await?;
    expect("rename of a deleted key", renamed, Updated::Gone)?;
    t.expect_load("the key it was to be renamed to", &to, Loaded::Absent).await?;
    t.store.delete(&from).await?;
    t.expect_load("a key deleted twice", &from, Loaded::Gone).await?;
    // A record that was loaded before belongs to the caller and does not change.
    expect("fields of a copy", record.fields == Fields::from_iter([("a", "1")]), true)
}

async fn delete_of_unknown_leaves_a_tombstone<S: Store>(t: Trial<S>) -> Outcome {
    let key = key();
    t.store.delete(&key).await?;
    t.expect_load("a deleted key that was unknown", &key, Loaded::Gone).await
}

async fn delete_affects_one_session_only<S: Store>(t: Trial<S>) -> Outcome {
    let (one, _) = t.live(&[("a", "1")]).await?;
    let (other, record) = t.live(&[("a", "1")]).await?;
    t.store.delete(&one).await?;
    t.expect_live("another record", &other, &record).await
}
