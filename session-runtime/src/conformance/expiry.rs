//! When a session expires, and that it is absent at once.

use std::time::Duration;

use super::suite::{Suite, rules};
use super::trial::{MOMENT, Outcome, Trial, expect, expiry, key, now, patch, record, set, wait};
use crate::clock::Timestamp;
use crate::patch::{ExpiryOp, Patch};
use crate::record::{Lifetime, Record};
use crate::store::{Loaded, Store, Updated};

pub(super) async fn check<S: Store, F: Future<Output = S>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Required:
        extend_moves_the_expiry,
        extend_never_shortens,
        extend_stops_at_the_deadline,
        set_lifetime_replaces_all_of_it,
        set_lifetime_stops_at_its_deadline,
        rename_takes_the_expiry_along,
        expired_is_absent,
        expired_is_not_updated,
        expired_is_not_renamed,
        expired_may_be_created_again,
        an_expiry_in_the_past_expires_at_once,
        an_extended_session_outlives_its_old_expiry,
        a_shortened_session_expires_early,
    );
}

const MINUTE: Duration = Duration::from_secs(60);

async fn extend_moves_the_expiry<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live(&[("a", "1")]).await?;
    let later = expiry(ExpiryOp::Extend(record.expires_at + MINUTE));
    t.applied("the expiry to a minute later", &key, &mut record, &later).await?;
    t.applied("a field, the expiry kept", &key, &mut record, &patch([("a", set("2"))])).await
}

async fn extend_never_shortens<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live(&[("a", "1")]).await?;
    for earlier in [now() + MINUTE, now(), Timestamp::from_millis(0)] {
        let touch = expiry(ExpiryOp::Extend(earlier));
        t.applied("the expiry to an earlier time", &key, &mut record, &touch).await?;
    }
    Ok(())
}

async fn extend_stops_at_the_deadline<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live(&[("a", "1")]).await?;
    let beyond = expiry(ExpiryOp::Extend(record.deadline + MINUTE));
    t.applied("the expiry to beyond the deadline", &key, &mut record, &beyond).await?;
    expect("expiry at the deadline", record.expires_at == record.deadline, true)
}

fn remember(record: &Record) -> ExpiryOp {
    ExpiryOp::SetLifetime {
        lifetime: Lifetime { idle: MINUTE * 60 * 24 * 30, persistent: true },
        expires_at: record.created_at + MINUTE * 60 * 24 * 30,
        deadline: record.created_at + MINUTE * 60 * 24 * 90,
    }
}

async fn set_lifetime_replaces_all_of_it<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live(&[("a", "1")]).await?;
    let longer = expiry(remember(&record));
    t.applied("the lifetime to 30 days", &key, &mut record, &longer).await?;
    let shorter = expiry(ExpiryOp::SetLifetime {
        lifetime: Lifetime { idle: MINUTE, persistent: false },
        expires_at: record.created_at + MINUTE,
        deadline: record.created_at + MINUTE * 2,
    });
    t.applied("the lifetime to a minute", &key, &mut record, &shorter).await
}

async fn set_lifetime_stops_at_its_deadline<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live(&[("a", "1")]).await?;
    let patch = expiry(ExpiryOp::SetLifetime {
        lifetime: Lifetime { idle: MINUTE * 3, persistent: false },
        expires_at: record.created_at + MINUTE * 3,
        deadline: record.created_at + MINUTE * 2,
    });
    t.applied("the lifetime beyond its deadline", &key, &mut record, &patch).await
}

async fn rename_takes_the_expiry_along<S: Store>(t: Trial<S>) -> Outcome {
    let (from, mut record) = t.live(&[("a", "1")]).await?;
    let (to, patch) = (key(), expiry(remember(&record)));
    let _ = patch.apply(&mut record);
    let renamed = t.store.rename(&from, &to, &patch).await?;
    expect("rename with another lifetime", renamed, Updated::Applied)?;
    t.expect_live("the new key", &to, &record).await
}

async fn expired_is_absent<S: Store>(t: Trial<S>) -> Outcome {
    let key = t.short_lived(None).await?;
    wait().await;
    t.expect_load("an expired key", &key, Loaded::Absent).await
}

async fn expired_is_not_updated<S: Store>(t: Trial<S>) -> Outcome {
    let key = t.short_lived(None).await?;
    wait().await;
    let mut touch = patch([("a", set("2"))]);
    touch.expiry = ExpiryOp::Extend(now() + MINUTE);
    t.expect_update("an expired key", &key, &touch, Updated::Gone).await?;
    // The store checks the expiry before the fields, so this is not a conflict.
    let stale = patch([("a", super::trial::replace(Some("9"), None))]);
    t.expect_update("an expired key", &key, &stale, Updated::Gone).await?;
    t.expect_load("an expired key", &key, Loaded::Absent).await
}

async fn expired_is_not_renamed<S: Store>(t: Trial<S>) -> Outcome {
    let (from, to) = (t.short_lived(None).await?, key());
    wait().await;
    let touch = expiry(ExpiryOp::Extend(now() + MINUTE));
    let renamed = t.store.rename(&from, &to, &touch).await?;
    expect("rename of an expired key", renamed, Updated::Gone)?;
    t.expect_load("the new key", &to, Loaded::Absent).await
}

async fn expired_may_be_created_again<S: Store>(t: Trial<S>) -> Outcome {
    let key = t.short_lived(None).await?;
    wait().await;
    let again = record(&[("b", "2")]);
    t.create(&key, &again).await?;
    t.expect_live("the new record", &key, &again).await
}

async fn an_expiry_in_the_past_expires_at_once<S: Store>(t: Trial<S>) -> Outcome {
    let past = Timestamp::from_millis(now().as_millis() - 60_000);
    let (key, record) = t.live(&[("a", "1")]).await?;
    let expire = expiry(ExpiryOp::SetLifetime {
        lifetime: record.lifetime,
        expires_at: past,
        deadline: record.deadline,
    });
    t.expect_update("the expiry to the past", &key, &expire, Updated::Applied).await?;
    t.expect_load("a key that expired in the past", &key, Loaded::Absent).await?;

    let key = super::trial::key();
    // Any answer is allowed, but the key must not be live.
    let _ = t.store.create(&key, &Record { expires_at: past, ..record }).await?;
    t.expect_load("a key created after it expired", &key, Loaded::Absent).await
}

async fn an_extended_session_outlives_its_old_expiry<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = (key(), record(&[("a", "1")]));
    record.expires_at = now() + MINUTE;
    t.create(&key, &record).await?;
    let soon = now() + MOMENT;
    let shorten = expiry(ExpiryOp::SetLifetime {
        lifetime: record.lifetime,
        expires_at: soon,
        deadline: record.deadline,
    });
    let touch = expiry(ExpiryOp::Extend(now() + MINUTE));
    let to = super::trial::key();
    for patch in [&shorten, &touch] {
        let _ = patch.apply(&mut record);
        // With a slow server the session may expire between the two calls.
        if t.store.update(&key, patch).await? == Updated::Gone && now() >= soon {
            return Ok(());
        }
    }
    wait().await;
    t.expect_live("an extended key after its first expiry", &key, &record).await?;
    let renamed = t.store.rename(&key, &to, &Patch::empty()).await?;
    expect("rename of an extended key", renamed, Updated::Applied)?;
    t.expect_live("an extended and renamed key", &to, &record).await
}

async fn a_shortened_session_expires_early<S: Store>(t: Trial<S>) -> Outcome {
    let (key, record) = t.live(&[("a", "1")]).await?;
    let shorten = expiry(ExpiryOp::SetLifetime {
        lifetime: Lifetime { idle: MOMENT, persistent: false },
        expires_at: now() + MOMENT,
        deadline: record.deadline,
    });
    t.expect_update("the expiry to an earlier time", &key, &shorten, Updated::Applied).await?;
    wait().await;
    t.expect_load("a key that expired early", &key, Loaded::Absent).await
}
