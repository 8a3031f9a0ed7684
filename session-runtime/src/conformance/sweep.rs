//! `sweep` removes what has expired and nothing else.

use super::suite::{Suite, rules};
use super::trial::{Outcome, Stop, Trial, expect, principal, wait};
use crate::store::{Loaded, Store};

pub(super) async fn check<S: Store, F: Future<Output = S>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Optional:
        sweep_spares_live_sessions_and_tombstones,
        sweep_removes_what_has_expired,
        sweep_keeps_to_its_limit,
    );
}

async fn sweep_spares_live_sessions_and_tombstones<S: Store>(t: Trial<S>) -> Outcome {
    let who = principal();
    let (live, record) = t.live_of(&who).await?;
    let (deleted, _) = t.live_of(&who).await?;
    t.store.delete(&deleted).await?;
    t.store.sweep(usize::MAX).await?;
    t.expect_live("a live session after sweep", &live, &record).await?;
    t.expect_load("a tombstone after sweep", &deleted, Loaded::Gone).await
}

async fn sweep_removes_what_has_expired<S: Store>(t: Trial<S>) -> Outcome {
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(t.short_lived(None).await?);
    }
    wait().await;
    t.store.sweep(usize::MAX).await?;
    for key in &keys {
        t.expect_load("an expired key after sweep", key, Loaded::Absent).await?;
    }
    // Others may use the database, too, but since the first sweep few of their records expired.
    match t.store.sweep(usize::MAX).await? {
        0..5 => Ok(()),
        left => {
            Err(Stop::Failed(format!("a second sweep: expected nearly nothing left, saw {left}")))
        }
    }
}

async fn sweep_keeps_to_its_limit<S: Store>(t: Trial<S>) -> Outcome {
    for _ in 0..5 {
        t.short_lived(None).await?;
    }
    wait().await;
    for limit in [0, 1, 2] {
        let removed = t.store.sweep(limit).await?;
        expect(&format!("more than {limit} removed by sweep({limit})"), removed > limit, false)?;
    }
    Ok(())
}
