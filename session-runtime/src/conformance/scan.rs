//! `scan` shows all sessions in small pages.

use std::collections::HashMap;

use super::suite::{Suite, rules};
use super::trial::{Outcome, Stop, Trial, add, expect, key, patch, principal, wait};
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::Record;
use crate::store::{Cursor, Loaded, Store, Updated};

pub(super) async fn check<S: Store, F: Future<Output = S>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Optional:
        scan_shows_every_live_session,
        scan_shows_current_records,
        scan_shows_nothing_expired_or_deleted,
        scan_keeps_to_its_limit,
        scan_finds_what_stays_while_others_come_and_go,
    );
}

/// A scan in progress.
struct Scan<'a, S> {
    t: &'a Trial<S>,
    limit: usize,
    /// Where the next page begins; `None` after the last one.
    next: Option<Option<Cursor>>,
    /// Each key with its latest record.
    seen: HashMap<StoreKey, Record>,
}

impl<'a, S: Store> Scan<'a, S> {
    fn new(t: &'a Trial<S>, limit: usize) -> Self {
        Self { t, limit, next: Some(None), seen: HashMap::new() }
    }

    /// The sessions of the next page, if there is one.
    async fn page(&mut self) -> Outcome<Option<Vec<StoreKey>>> {
        let Some(after) = self.next.take() else { return Ok(None) };
        let page = self.t.store.scan(after.as_ref(), self.limit).await?;
        if page.next.is_some() && page.next == after {
            return Err(Stop::Failed("expected another cursor, saw the same again".to_owned()));
        }
        self.next = page.next.map(Some);
        let keys = page.sessions.iter().map(|info| info.key).collect();
        self.seen.extend(page.sessions.into_iter().map(|info| (info.key, info.record)));
        Ok(Some(keys))
    }

    async fn finish(mut self) -> Outcome<HashMap<StoreKey, Record>> {
        while self.page().await?.is_some() {}
        Ok(self.seen)
    }
}

fn count(seen: &HashMap<StoreKey, Record>, keys: &[StoreKey]) -> usize {
    keys.iter().filter(|key| seen.contains_key(*key)).count()
}

async fn scan_shows_every_live_session<S: Store>(t: Trial<S>) -> Outcome {
    let mut keys = Vec::new();
    for _ in 0..15 {
        keys.push(t.live(&[("a", "1")]).await?.0);
        keys.push(t.live_of(&principal()).await?.0);
    }
    for limit in [7, 30, 1_000, usize::MAX] {
        let what = format!("sessions of 30 in a scan by {limit}");
        expect(&what, count(&Scan::new(&t, limit).finish().await?, &keys), 30)?;
    }
    Ok(())
}

async fn scan_shows_current_records<S: Store>(t: Trial<S>) -> Outcome {
    let (key, mut record) = t.live_of(&principal()).await?;
    t.applied("a field", &key, &mut record, &patch([("n", add(1))])).await?;
    let seen = Scan::new(&t, 100).finish().await?.remove(&key).map_or(Loaded::Absent, Loaded::Live);
    expect("record in the scan", seen, Loaded::Live(record))
}

async fn scan_shows_nothing_expired_or_deleted<S: Store>(t: Trial<S>) -> Outcome {
    let expired = t.short_lived(None).await?;
    let (deleted, _) = t.live(&[("a", "1")]).await?;
    let (renamed, _) = t.live_of(&principal()).await?;
    let to = key();
    t.store.delete(&deleted).await?;
    let answer = t.store.rename(&renamed, &to, &Patch::empty()).await?;
    expect("rename", answer, Updated::Applied)?;
    wait().await;
    let seen = Scan::new(&t, 100).finish().await?;
    expect("an expired session in the scan", seen.contains_key(&expired), false)?;
    expect("a deleted session in the scan", seen.contains_key(&deleted), false)?;
    expect("a former key in the scan", seen.contains_key(&renamed), false)?;
    expect("the new key in the scan", seen.contains_key(&to), true)
}

async fn scan_keeps_to_its_limit<S: Store>(t: Trial<S>) -> Outcome {
    for _ in 0..150 {
        t.live(&[("a", "1")]).await?;
    }
    // A server that reads its table in large parts may return somewhat more.
    let (limit, mut longest) = (10, 0);
    let mut scan = Scan::new(&t, limit);
    while let Some(page) = scan.page().await? {
        longest = longest.max(page.len());
    }
    expect(&format!("a page of {longest} in a scan by {limit}"), longest > 5 * limit, false)?;
    let first = t.store.scan(None, 0).await?;
    expect("a page of many in a scan by 0", first.sessions.len() > 5 * limit, false)
}

async fn scan_finds_what_stays_while_others_come_and_go<S: Store>(t: Trial<S>) -> Outcome {
    let (mut stay, mut go) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        stay.push(t.live(&[("n", "0")]).await?.0);
        go.push(t.live_of(&principal()).await?.0);
    }
    let mut scan = Scan::new(&t, 10);
    while let Some(page) = scan.page().await? {
        // The sessions that were just shown go. A store that counts positions then skips others.
        for (number, key) in go.extract_if(.., |key| page.contains(key)).enumerate() {
            match number % 2 {
                0 => t.store.delete(&key).await?,
                _ => drop(t.store.rename(&key, &super::trial::key(), &Patch::empty()).await?),
            }
        }
        for key in stay.iter().filter(|key| page.contains(key)) {
            let updated = t.store.update(key, &patch([("n", add(1))])).await?;
            expect("update of a session that was shown", updated, Updated::Applied)?;
        }
        t.live(&[("a", "1")]).await?;
    }
    expect("sessions of 40 that stayed in the scan", count(&scan.seen, &stay), 40)
}
