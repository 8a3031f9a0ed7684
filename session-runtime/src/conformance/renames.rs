//! `rename` moves a session: there is one live key before and one after.

use super::suite::{Suite, rules};
use super::trial::{Outcome, Stop, Trial, add, expect, key, patch, replace, set, sign_in};
use crate::patch::Patch;
use crate::store::{Loaded, Store, Updated};

pub(super) async fn check<S: Store, F: Future<Output = S>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Required:
        rename_moves_everything,
        rename_applies_the_patch,
        rename_leaves_a_tombstone,
        delete_follows_a_renamed_session,
        delete_spares_a_session_after_sign_in,
        rename_with_a_refused_patch_changes_nothing,
        rename_never_creates,
        rename_leaves_a_key_in_use_alone,
        a_renamed_session_can_be_renamed_again,
    );
}

async fn rename_moves_everything<S: Store>(t: Trial<S>) -> Outcome {
    let (from, record) = t.live_of(&super::trial::principal()).await?;
    let to = key();
    let renamed = t.store.rename(&from, &to, &Patch::empty()).await?;
    expect("rename by nothing", renamed, Updated::Applied)?;
    t.expect_live("the new key", &to, &record).await
}

async fn rename_applies_the_patch<S: Store>(t: Trial<S>) -> Outcome {
    let (from, mut record) = t.live(&[("a", "1"), ("b", "2"), ("c", "3")]).await?;
    let to = key();
    let mut patch = patch([("a", add(5)), ("b", replace(Some("2"), None)), ("d", set("4"))]);
    patch.principal = sign_in(&super::trial::principal()).principal;
    let _ = patch.apply(&mut record);
    let renamed = t.store.rename(&from, &to, &patch).await?;
    expect("rename with a patch", renamed, Updated::Applied)?;
    t.expect_live("the new key", &to, &record).await
}

async fn rename_leaves_a_tombstone<S: Store>(t: Trial<S>) -> Outcome {
    let (from, record) = t.live(&[("a", "1")]).await?;
    let to = key();
    let renamed = t.store.rename(&from, &to, &Patch::empty()).await?;
    expect("rename", renamed, Updated::Applied)?;
    t.expect_load("the old key", &from, Loaded::Gone).await?;
    t.expect_update("the old key", &from, &patch([("a", set("2"))]), Updated::Gone).await?;
    let third = key();
    let again = t.store.rename(&from, &third, &Patch::empty()).await?;
    expect("rename of the old key", again, Updated::Gone)?;
    t.expect_load("the key it was to be renamed to", &third, Loaded::Absent).await?;
    t.expect_live("the new key", &to, &record).await
}

async fn delete_follows_a_renamed_session<S: Store>(t: Trial<S>) -> Outcome {
    let (first, _) = t.live_of(&super::trial::principal()).await?;
    let (other, record) = t.live(&[("a", "1")]).await?;
    let mut keys = vec![first];
    for _ in 0..3 {
        let to = key();
        let renamed = t.store.rename(&keys[keys.len() - 1], &to, &Patch::empty()).await?;
        expect("rename", renamed, Updated::Applied)?;
        keys.push(to);
    }
    // A late logout still deletes the session.
    t.store.delete(&first).await?;
    for key in &keys {
        t.expect_load("a key of a session that was renamed and deleted", key, Loaded::Gone).await?;
    }
    t.store.delete(&first).await?;
    t.expect_live("another record", &other, &record).await
}

async fn delete_spares_a_session_after_sign_in<S: Store>(t: Trial<S>) -> Outcome {
    let (guest, _) = t.live(&[("a", "1")]).await?;
    let (user, renewed) = (key(), key());
    let patch = sign_in(&super::trial::principal());
    for (from, to, patch) in [(guest, user, &patch), (user, renewed, &Patch::empty())] {
        let renamed = t.store.rename(&from, &to, patch).await?;
        expect("rename", renamed, Updated::Applied)?;
    }
    t.store.delete(&guest).await?;
    expect("a live session after the sign-in", t.is_live(&renewed).await?, true)?;
    t.store.delete(&user).await?;
    t.expect_load("the session after delete of its former key", &renewed, Loaded::Gone).await
}

async fn rename_with_a_refused_patch_changes_nothing<S: Store>(t: Trial<S>) -> Outcome {
    let (from, record) = t.live(&[("a", "1"), ("b", "true")]).await?;
    let to = key();
    let conflict = patch([("c", set("3")), ("a", replace(Some("2"), Some("3")))]);
    let renamed = t.store.rename(&from, &to, &conflict).await?;
    expect("rename with an outdated patch", renamed, Updated::Conflict(record.clone()))?;
    let mismatch = patch([("c", set("3")), ("b", add(1))]);
    let renamed = t.store.rename(&from, &to, &mismatch).await?;
    expect("rename that adds to `true`", renamed, Updated::Mismatch("b".into()))?;
    t.expect_live("the old key", &from, &record).await?;
    t.expect_load("the new key", &to, Loaded::Absent).await?;
    let (from, record) = t.live(&[]).await?;
    let renamed = t.store.rename(&from, &to, &conflict).await?;
    expect("rename of a record without fields", renamed, Updated::Conflict(record.clone()))?;
    t.expect_live("the old key", &from, &record).await
}

async fn rename_never_creates<S: Store>(t: Trial<S>) -> Outcome {
    let (from, to) = (key(), key());
    let renamed = t.store.rename(&from, &to, &patch([("a", set("1"))])).await?;
    expect("rename of an unknown key", renamed, Updated::Gone)?;
    t.expect_load("the new key", &to, Loaded::Absent).await?;
    t.expect_load("the unknown key", &from, Loaded::Absent).await
}

async fn rename_leaves_a_key_in_use_alone<S: Store>(t: Trial<S>) -> Outcome {
    let (from, one) = t.live(&[("a", "1")]).await?;
    let (to, other) = t.live(&[("a", "2")]).await?;
    let renamed = t.store.rename(&from, &to, &patch([("a", set("3"))])).await;
    if let Ok(updated) = renamed {
        let seen = format!("rename to a key in use: expected an error, saw {updated:?}");
        return Err(Stop::Failed(seen));
    }
    t.expect_live("the key in use", &to, &other).await?;
    // If a rename takes two steps, the first may have deleted the session.
    match t.store.load(&from).await? {
        Loaded::Gone => Ok(()),
        loaded => expect("load of the old key", loaded, Loaded::Live(one)),
    }
}

async fn a_renamed_session_can_be_renamed_again<S: Store>(t: Trial<S>) -> Outcome {
    let (mut from, mut record) = t.live(&[("a", "0")]).await?;
    let mut old = Vec::new();
    let patch = patch([("a", add(1))]);
    for _ in 0..10 {
        let to = key();
        let renamed = t.store.rename(&from, &to, &patch).await?;
        expect("rename of a renamed session", renamed, Updated::Applied)?;
        let _ = patch.apply(&mut record);
        old.push(from);
        from = to;
    }
    t.expect_live("the last key", &from, &record).await?;
    expect("live old keys", t.count_live(&old).await?, 0)
}
