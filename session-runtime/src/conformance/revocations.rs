//! The rules of [`Revocation`]: it remembers what it was told.

use std::sync::Arc;
use std::time::Duration;

use super::suite::{Suite, rules};
use super::trial::{HOUR, MOMENT, Outcome, Trial, expect, key, now, principal};
use crate::id::StoreKey;
use crate::record::Principal;
use crate::revocation::{Cutoff, Revocation, Revoked};

pub(super) async fn check<R: Revocation, F: Future<Output = R>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Required:
        nobody_is_revoked_at_first,
        revoke_affects_one_id_only,
        a_renewed_id_says_where_to,
        one_of_several_calls_revokes,
        a_cutoff_is_kept_exactly,
        principals_have_cutoffs_of_their_own,
        a_second_cutoff_is_merged,
        cutoffs_at_once_are_merged,
    );
    rules!(suite, Optional: sweep_spares_what_still_counts);
}

async fn nobody_is_revoked_at_first<R: Revocation>(t: Trial<R>) -> Outcome {
    expect("revoked of an unknown id", t.store.revoked(&key()).await?, None)?;
    expect("not_before of nobody", t.store.not_before(&principal()).await?, None)
}

async fn revoke_affects_one_id_only<R: Revocation>(t: Trial<R>) -> Outcome {
    let (id, other, at) = (key(), key(), now());
    let revoked = t.store.revoke(&id, None, at, at + HOUR).await?;
    expect("revoke", revoked, Revoked::Now)?;
    expect("revoked", t.store.revoked(&id).await?, Some(at))?;
    expect("revoked of another id", t.store.revoked(&other).await?, None)?;
    let again = t.store.revoke(&id, Some(&other), at + MOMENT, at + HOUR).await?;
    expect("revoke of an id that was revoked", again, Revoked::Before)?;
    expect("revoked after a second revoke", t.store.revoked(&id).await?, Some(at))
}

async fn a_renewed_id_says_where_to<R: Revocation>(t: Trial<R>) -> Outcome {
    let (from, to, other, at) = (key(), key(), key(), now());
    let revoked = t.store.revoke(&from, Some(&to), at, at + HOUR).await?;
    expect("revoke by a renewal", revoked, Revoked::Now)?;
    expect("revoked of the renewed id", t.store.revoked(&from).await?, Some(at))?;
    expect("revoked of the new id", t.store.revoked(&to).await?, None)?;
    for (who, to_now) in [("a logout", None), ("a second renewal", Some(&other))] {
        let again = t.store.revoke(&from, to_now, at, at + HOUR).await?;
        expect(&format!("revoke of the renewed id by {who}"), again, Revoked::Renewed(to))?;
    }
    Ok(())
}

async fn one_of_several_calls_revokes<R: Revocation>(t: Trial<R>) -> Outcome {
    for _ in 0..20 {
        let (id, at) = (key(), now());
        let revoke = |_, it: Arc<R>| async move { Ok(it.revoke(&id, None, at, at + HOUR).await?) };
        let answers = t.at_once(8, revoke).await?;
        let first = answers.iter().filter(|answer| **answer == Revoked::Now).count();
        expect("calls of revoke at once that are answered `Now`, of 8", first, 1)?;
    }
    Ok(())
}

async fn a_cutoff_is_kept_exactly<R: Revocation>(t: Trial<R>) -> Outcome {
    let at = now();
    for cutoff in [
        Cutoff { at, except: None, spared_after: None },
        Cutoff { at, except: Some(key()), spared_after: None },
        Cutoff { at, except: Some(key()), spared_after: Some(at - MOMENT) },
    ] {
        let who = principal();
        t.store.revoke_all(&who, cutoff, at + HOUR).await?;
        expect("not_before", t.store.not_before(&who).await?, Some(cutoff))?;
    }
    Ok(())
}

async fn principals_have_cutoffs_of_their_own<R: Revocation>(t: Trial<R>) -> Outcome {
    let (who, at) = (principal(), now());
    let cutoff = Cutoff { at, except: None, spared_after: None };
    t.store.revoke_all(&who, cutoff, at + HOUR).await?;
    for other in [
        Principal::new("admin_id", who.value()),
        Principal::new(who.key(), format!("{}0", who.value())),
        Principal::new(format!("{}{}", who.key(), who.value()), ""),
    ] {
        expect("not_before of another", t.store.not_before(&other).await?, None)?;
    }
    Ok(())
}

async fn a_second_cutoff_is_merged<R: Revocation>(t: Trial<R>) -> Outcome {
    let (here, there, at) = (key(), key(), now());
    let sparing = |except, at| Cutoff { at, except, spared_after: None };
    for second in [sparing(Some(there), at), sparing(Some(there), at - HOUR), sparing(None, at)] {
        let (who, first) = (principal(), sparing(Some(here), at - MOMENT));
        for cutoff in [first, second] {
            t.store.revoke_all(&who, cutoff, at + HOUR).await?;
        }
        expect_ends(&t, &who, &[first, second], &[here, there, key()]).await?;
    }
    Ok(())
}

async fn cutoffs_at_once_are_merged<R: Revocation>(t: Trial<R>) -> Outcome {
    for _ in 0..10 {
        let (who, at) = (principal(), now());
        let ids: Vec<_> = (0..8).map(|_| key()).collect();
        let cutoffs: Vec<_> = (0..8)
            .map(|task| Cutoff {
                at: at - Duration::from_millis(task % 3),
                except: Some(ids[task as usize]),
                spared_after: None,
            })
            .collect();
        t.at_once(8, |task, it: Arc<R>| {
            let (who, cutoff) = (who.clone(), cutoffs[task]);
            async move { Ok(it.revoke_all(&who, cutoff, at + HOUR).await?) }
        })
        .await?;
        expect_ends(&t, &who, &cutoffs, &ids).await?;
    }
    Ok(())
}

async fn sweep_spares_what_still_counts<R: Revocation>(t: Trial<R>) -> Outcome {
    let (id, who, at) = (key(), principal(), now());
    let cutoff = Cutoff { at, except: None, spared_after: None };
    let revoked = t.store.revoke(&id, None, at, at + HOUR).await?;
    expect("revoke", revoked, Revoked::Now)?;
    t.store.revoke_all(&who, cutoff, at + HOUR).await?;
    t.store.sweep(usize::MAX).await?;
    expect("revoked after sweep", t.store.revoked(&id).await?, Some(at))?;
    expect("not_before after sweep", t.store.not_before(&who).await?, Some(cutoff))
}

/// Checks that the stored cutoff ends the sessions that one of `cutoffs` ends, and no others.
async fn expect_ends<R: Revocation>(
    t: &Trial<R>,
    who: &Principal,
    cutoffs: &[Cutoff],
    ids: &[StoreKey],
) -> Outcome {
    let kept = t.store.not_before(who).await?;
    for id in ids {
        for cutoff in cutoffs {
            for issued_at in [cutoff.at, cutoff.at + Duration::from_millis(1)] {
                let ended = cutoffs.iter().any(|cutoff| cutoff.ends(id, issued_at));
                let what =
                    format!("whether {kept:?} ends {id} of {issued_at:?}, after {cutoffs:?}");
                expect(&what, kept.is_some_and(|kept| kept.ends(id, issued_at)), ended)?;
            }
        }
    }
    Ok(())
}
