//! Concurrent changes are merged or refused, but never lost.

use super::suite::{Suite, rules};
use super::trial::{Outcome, Stop, Trial, add, expect, key, patch, record, replace, set};
use crate::store::{Created, Loaded, Store, Updated};

pub(super) async fn check<S: Store, F: Future<Output = S>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Required:
        deltas_add_up,
        different_fields_survive,
        one_replace_of_a_text_wins,
        replayed_replaces_lose_nothing,
        one_create_of_a_key_wins,
        one_rename_of_a_key_wins,
        updates_are_not_lost_by_a_rename,
        a_deleted_session_stays_deleted,
        a_delete_is_not_undone_by_a_rename,
    );
}

/// How often a short race is run.
const ROUNDS: usize = 20;

async fn deltas_add_up<S: Store>(t: Trial<S>) -> Outcome {
    let (key, _) = t.live(&[("n", "0")]).await?;
    t.at_once(50, |_, store| async move {
        let patch = patch([("n", add(1))]);
        for _ in 0..20 {
            expect("update by 1", store.update(&key, &patch).await?, Updated::Applied)?;
        }
        Ok(())
    })
    .await?;
    expect("sum of 50 times 20 deltas", t.field(&key, "n").await?, Some("1000".to_owned()))
}

async fn different_fields_survive<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live(&[("a", "1")]).await?;
    t.at_once(50, |task, store| async move {
        let patch = patch([(&format!("field_{task}"), set("1"))]);
        expect("update of one field", store.update(&key, &patch).await?, Updated::Applied)
    })
    .await?;
    for task in 0..50 {
        record.fields.set(format!("field_{task}"), "1");
    }
    t.expect_live("the record after 50 updates of different fields", &key, &record).await
}

async fn one_replace_of_a_text_wins<S: Store>(t: Trial<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let (key, _) = t.live(&[("a", "0")]).await?;
        let answers = t.at_once(8, |task, store| async move {
            let patch = patch([("a", replace(Some("0"), Some(&(task + 1).to_string())))]);
            Ok(store.update(&key, &patch).await?)
        });
        let answers = answers.await?;
        let winners: Vec<_> = (0..8).filter(|task| answers[*task] == Updated::Applied).collect();
        expect("replaces that were applied, of 8", winners.len(), 1)?;
        let won = (winners[0] + 1).to_string();
        expect("text of the one that was", t.field(&key, "a").await?, Some(won))?;
    }
    Ok(())
}

async fn replayed_replaces_lose_nothing<S: Store>(t: Trial<S>) -> Outcome {
    let (key, record) = t.live(&[("list", "")]).await?;
    t.at_once(8, |task, store| {
        let mut known = record.clone();
        async move {
            for turn in 0..5 {
                loop {
                    let held = known.fields.get("list").unwrap_or_default().to_owned();
                    let more = format!("{held}({task}.{turn})");
                    let patch = patch([("list", replace(Some(&held), Some(&more)))]);
                    match store.update(&key, &patch).await? {
                        Updated::Applied => break,
                        Updated::Conflict(current) => known = current,
                        other => expect("update by a replace", other, Updated::Applied)?,
                    }
                    tokio::task::yield_now().await;
                }
            }
            Ok(())
        }
    })
    .await?;
    let list = t.field(&key, "list").await?.unwrap_or_default();
    let missing = (0..8).flat_map(|task| (0..5).map(move |turn| format!("({task}.{turn})")));
    let missing = missing.filter(|entry| list.matches(entry.as_str()).count() != 1).count();
    expect("entries of 40 that are not there once", missing, 0)
}

async fn one_create_of_a_key_wins<S: Store>(t: Trial<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let key = key();
        let answers = t.at_once(8, |task, store| async move {
            Ok(store.create(&key, &record(&[("task", &task.to_string())])).await?)
        });
        let answers = answers.await?;
        let winners: Vec<_> = (0..8).filter(|task| answers[*task] == Created::Created).collect();
        expect("creates that answered `Created`, of 8", winners.len(), 1)?;
        let won = winners[0].to_string();
        expect("text of the one that did", t.field(&key, "task").await?, Some(won))?;
    }
    Ok(())
}

async fn one_rename_of_a_key_wins<S: Store>(t: Trial<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let (from, record) = t.live(&[("a", "1")]).await?;
        let keys: Vec<_> = (0..8).map(|_| key()).collect();
        let answers = t.at_once(8, |task, store| {
            let to = keys[task];
            async move { Ok(store.rename(&from, &to, &crate::patch::Patch::empty()).await?) }
        });
        let answers = answers.await?;
        let winners: Vec<_> = (0..8).filter(|task| answers[*task] == Updated::Applied).collect();
        expect("renames that were applied, of 8", winners.len(), 1)?;
        expect("live keys afterwards", t.count_live(&keys).await?, 1)?;
        t.expect_live("the key of the one that was", &keys[winners[0]], &record).await?;
        t.expect_load("the old key", &from, Loaded::Gone).await?;
    }
    Ok(())
}

async fn updates_are_not_lost_by_a_rename<S: Store>(t: Trial<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let (from, _) = t.live(&[("n", "0")]).await?;
        let to = key();
        let applied = t.at_once(9, |task, store| async move {
            let one = patch([("n", add(1))]);
            if task == 0 {
                let renamed = store.rename(&from, &to, &one).await?;
                return expect("rename", renamed, Updated::Applied).map(|()| 1);
            }
            match store.update(&from, &one).await? {
                Updated::Applied => Ok(1),
                other => expect("update of a renamed key", other, Updated::Gone).map(|()| 0),
            }
        });
        let applied: usize = applied.await?.into_iter().sum();
        let sum = t.field(&to, "n").await?;
        expect("sum of the deltas that were applied", sum, Some(applied.to_string()))?;
    }
    Ok(())
}

async fn a_deleted_session_stays_deleted<S: Store>(t: Trial<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let (key, _) = t.live(&[("n", "0")]).await?;
        t.at_once(8, |task, store| async move {
            if task == 0 {
                return Ok(store.delete(&key).await?);
            }
            match store.update(&key, &patch([("n", add(1)), ("m", set("1"))])).await? {
                Updated::Applied | Updated::Gone => Ok(()),
                other => Err(Stop::Failed(format!("saw {other:?}"))),
            }
        })
        .await?;
        t.expect_load("a key deleted amid updates", &key, Loaded::Gone).await?;
    }
    Ok(())
}

async fn a_delete_is_not_undone_by_a_rename<S: Store>(t: Trial<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let (from, _) = t.live(&[("n", "0")]).await?;
        let to = key();
        t.at_once(2, |task, store| async move {
            if task == 0 {
                return Ok(store.delete(&from).await?);
            }
            match store.rename(&from, &to, &crate::patch::Patch::empty()).await? {
                Updated::Applied | Updated::Gone => Ok(()),
                other => Err(Stop::Failed(format!("saw {other:?}"))),
            }
        })
        .await?;
        expect("a live new key", t.is_live(&to).await?, false)?;
        t.expect_load("the old key", &from, Loaded::Gone).await?;
    }
    Ok(())
}
