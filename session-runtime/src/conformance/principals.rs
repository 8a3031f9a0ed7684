//! The sessions of one principal: `list` and `delete_all`.

use super::suite::{Suite, rules};
use super::trial::{Outcome, Trial, expect, key, patch, principal, random, replace, sign_in, wait};
use crate::id::StoreKey;
use crate::patch::{Patch, PrincipalOp};
use crate::record::{Principal, Record};
use crate::store::{Loaded, Store, Updated};

pub(super) async fn check<S: Store, F: Future<Output = S>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Optional:
        list_shows_what_was_created,
        list_shows_current_records,
        list_follows_update,
        list_follows_rename,
        list_forgets_deleted,
        list_forgets_expired,
        a_refused_patch_does_not_change_the_index,
        principals_are_told_apart,
        delete_all_deletes_all,
        delete_all_spares_the_exception,
        delete_all_deletes_many,
        delete_all_deletes_what_is_renamed_meanwhile,
        delete_all_of_nobody_deletes_nothing,
    );
}

fn sorted<const N: usize>(mut keys: [StoreKey; N]) -> Vec<StoreKey> {
    keys.sort();
    keys.to_vec()
}

async fn list_shows_what_was_created<S: Store>(t: Trial<S>) -> Outcome {
    let who = principal();
    expect("list of nobody", t.listed(&who).await?, vec![])?;
    let (one, _) = t.live_of(&who).await?;
    expect("list after create", t.listed(&who).await?, vec![one])?;
    let (two, _) = t.live_of(&who).await?;
    t.live(&[("user_id", who.value())]).await?;
    expect("list after a second create", t.listed(&who).await?, sorted([one, two]))
}

async fn list_shows_current_records<S: Store>(t: Trial<S>) -> Outcome {
    let who = principal();
    let (key, mut record) = t.live_of(&who).await?;
    t.applied("a field", &key, &mut record, &patch([("a", super::trial::add(1))])).await?;
    let listed = t.store.list(&who).await?;
    let seen = listed.into_iter().next().map_or(Loaded::Absent, |info| Loaded::Live(info.record));
    expect("record in the list", seen, Loaded::Live(record))
}

async fn list_follows_update<S: Store>(t: Trial<S>) -> Outcome {
    let (one, other) = (principal(), principal());
    let (key, mut record) = t.live(&[("a", "1")]).await?;
    t.applied("the principal", &key, &mut record, &sign_in(&one)).await?;
    expect("list after signing in", t.listed(&one).await?, vec![key])?;
    t.applied("the principal to the same", &key, &mut record, &sign_in(&one)).await?;
    expect("list after signing in twice", t.listed(&one).await?, vec![key])?;
    t.applied("the principal to another", &key, &mut record, &sign_in(&other)).await?;
    expect("list of the former one", t.listed(&one).await?, vec![])?;
    expect("list of the other one", t.listed(&other).await?, vec![key])?;
    let sign_out = Patch { principal: PrincipalOp::Clear, ..Patch::empty() };
    t.applied("the principal to nobody", &key, &mut record, &sign_out).await?;
    expect("list after signing out", t.listed(&other).await?, vec![])?;
    expect("sessions deleted after signing out", t.store.delete_all(&other, None).await?, 0)?;
    t.expect_live("the session that is nobody's", &key, &record).await
}

async fn list_follows_rename<S: Store>(t: Trial<S>) -> Outcome {
    let (one, other) = (principal(), principal());
    let (first, _) = t.live(&[("a", "1")]).await?;
    let keys = [first, key(), key(), key()];
    let sign_out = Patch { principal: PrincipalOp::Clear, ..Patch::empty() };
    let steps = [sign_in(&one), Patch::empty(), sign_in(&other)];
    for (step, patch) in steps.iter().enumerate() {
        let renamed = t.store.rename(&keys[step], &keys[step + 1], patch).await?;
        expect("rename", renamed, Updated::Applied)?;
        let (of_one, of_other) =
            if step < 2 { (vec![keys[step + 1]], vec![]) } else { (vec![], vec![keys[step + 1]]) };
        expect("list of the first one after rename", t.listed(&one).await?, of_one)?;
        expect("list of the other one after rename", t.listed(&other).await?, of_other)?;
    }
    let renamed = t.store.rename(&keys[3], &key(), &sign_out).await?;
    expect("rename", renamed, Updated::Applied)?;
    expect("list after rename and signing out", t.listed(&other).await?, vec![])
}

async fn list_forgets_deleted<S: Store>(t: Trial<S>) -> Outcome {
    let who = principal();
    let (one, _) = t.live_of(&who).await?;
    let (two, _) = t.live_of(&who).await?;
    t.store.delete(&one).await?;
    expect("list after delete", t.listed(&who).await?, vec![two])
}

async fn list_forgets_expired<S: Store>(t: Trial<S>) -> Outcome {
    let who = principal();
    t.short_lived(Some(&who)).await?;
    let (lasting, _) = t.live_of(&who).await?;
    wait().await;
    expect("list after one expired", t.listed(&who).await?, vec![lasting])?;
    expect("sessions deleted, one had expired", t.store.delete_all(&who, None).await?, 1)
}

async fn a_refused_patch_does_not_change_the_index<S: Store>(t: Trial<S>) -> Outcome {
    let (one, other) = (principal(), principal());
    let (key, record) = t.live_of(&one).await?;
    let mut refused = patch([("a", replace(Some("9"), None))]);
    refused.principal = sign_in(&other).principal;
    t.expect_update("a stale patch", &key, &refused, Updated::Conflict(record)).await?;
    expect("list of the principal", t.listed(&one).await?, vec![key])?;
    expect("list of whom it was not changed to", t.listed(&other).await?, vec![])
}

async fn principals_are_told_apart<S: Store>(t: Trial<S>) -> Outcome {
    let id = random();
    // The same characters split elsewhere, and texts that are equal only after a conversion.
    let principals = [
        Principal::new("user_id", format!("{id}")),
        Principal::new("user_id", format!("\"{id}\"")),
        Principal::new("user_id", format!("{id}0")),
        Principal::new("user_id", format!("{id}.0")),
        Principal::new("admin_id", format!("{id}")),
        Principal::new("user_id:", format!("{id}")),
        Principal::new("user_id", format!(":{id}")),
        Principal::new("user_i", format!("d{id}")),
        Principal::new("user_id", format!("\"x{id}\"")),
        Principal::new("user_id", format!("\"X{id}\"")),
        Principal::new("user_id", format!("\"x{id} \"")),
        Principal::new("user_id", format!("{{\"a.b\":\"ü'{id}\"}}")),
    ];
    let mut keys = Vec::new();
    for principal in &principals {
        keys.push(t.live_of(principal).await?.0);
    }
    for (principal, key) in principals.iter().zip(&keys) {
        let what = format!("list of {} {}", principal.key(), principal.value());
        expect(&what, t.listed(principal).await?, vec![*key])?;
    }
    for (deleted, principal) in principals.iter().enumerate() {
        let what = format!("sessions deleted of {} {}", principal.key(), principal.value());
        expect(&what, t.store.delete_all(principal, None).await?, 1)?;
        expect("sessions of the others", t.count_live(&keys).await?, keys.len() - deleted - 1)?;
    }
    Ok(())
}

async fn delete_all_deletes_all<S: Store>(t: Trial<S>) -> Outcome {
    let who = principal();
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(t.live_of(&who).await?.0);
    }
    let (other, record) = t.live_of(&principal()).await?;
    expect("sessions deleted", t.store.delete_all(&who, None).await?, 3)?;
    for key in &keys {
        t.expect_load("a session that delete_all deleted", key, Loaded::Gone).await?;
    }
    expect("list after delete_all", t.listed(&who).await?, vec![])?;
    expect("sessions deleted the second time", t.store.delete_all(&who, None).await?, 0)?;
    t.expect_live("a session of somebody else", &other, &record).await
}

async fn delete_all_spares_the_exception<S: Store>(t: Trial<S>) -> Outcome {
    let who = principal();
    let (one, _) = t.live_of(&who).await?;
    let (kept, record) = t.live_of(&who).await?;
    let (two, _) = t.live_of(&who).await?;
    expect("sessions deleted", t.store.delete_all(&who, Some(&kept)).await?, 2)?;
    t.expect_live("the exception", &kept, &record).await?;
    expect("live ones of the others", t.count_live(&[one, two]).await?, 0)?;
    expect("list after delete_all", t.listed(&who).await?, vec![kept])?;
    let unknown = key();
    expect("sessions deleted", t.store.delete_all(&who, Some(&unknown)).await?, 1)?;
    t.expect_load("an unknown exception", &unknown, Loaded::Absent).await
}

async fn delete_all_deletes_many<S: Store>(t: Trial<S>) -> Outcome {
    let who = principal();
    let owner = who.clone();
    let keys = t.at_once(150, move |_, store| {
        let record = Record { principal: Some(owner.clone()), ..super::trial::record(&[]) };
        async move {
            let key = key();
            let _ = store.create(&key, &record).await?;
            Ok(key)
        }
    });
    let keys = keys.await?;
    expect("number of sessions listed", t.listed(&who).await?.len(), 150)?;
    expect("sessions deleted", t.store.delete_all(&who, Some(&keys[0])).await?, 149)?;
    expect("live sessions", t.count_live(&keys).await?, 1)
}

async fn delete_all_deletes_what_is_renamed_meanwhile<S: Store>(t: Trial<S>) -> Outcome {
    for _ in 0..10 {
        let who = principal();
        let mut first = Vec::new();
        for _ in 0..4 {
            first.push(t.live_of(&who).await?.0);
        }
        // Four tasks rename a session each until it is deleted. The last task deletes them all.
        let keys = t.at_once(5, |task, store| {
            let (who, first) = (who.clone(), first.get(task).copied());
            async move {
                let Some(mut from) = first else {
                    tokio::task::yield_now().await;
                    store.delete_all(&who, None).await?;
                    return Ok(Vec::new());
                };
                let mut keys = vec![from];
                for _ in 0..200 {
                    let to = key();
                    keys.push(to);
                    if store.rename(&from, &to, &Patch::empty()).await? == Updated::Gone {
                        break;
                    }
                    from = to;
                    tokio::task::yield_now().await;
                }
                Ok(keys)
            }
        });
        for keys in keys.await? {
            expect("live keys after delete_all", t.count_live(&keys).await?, 0)?;
        }
        expect("list after delete_all", t.listed(&who).await?, vec![])?;
    }
    Ok(())
}

async fn delete_all_of_nobody_deletes_nothing<S: Store>(t: Trial<S>) -> Outcome {
    expect("sessions deleted of nobody", t.store.delete_all(&principal(), None).await?, 0)
}
