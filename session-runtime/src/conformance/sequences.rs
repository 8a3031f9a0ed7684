//! Random sequences of operations, compared with a model of the contract.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::record::SharedStr;

use super::show::Show;
use super::suite::{Suite, rules};
use super::trial::{Outcome, Stop, Trial, expect, key, now, principal, random, record};
use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::patch::{Applied, ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::record::{Lifetime, Principal, Record};
use crate::store::{Created, Loaded, Store, Updated};

pub(super) async fn check<S: Store, F: Future<Output = S>>(suite: &mut Suite<impl Fn() -> F>) {
    rules!(suite, Required: any_sequence_of_writes_is_kept);
    rules!(suite, Optional: any_sequence_of_lists_and_writes_is_kept);
}

/// How many sequences are run, if there is time.
const SEQUENCES: usize = 20;

/// How many operations a sequence has.
const STEPS: usize = 30;

/// How long all sequences may take together.
const TIME: Duration = Duration::from_secs(5);

async fn any_sequence_of_writes_is_kept<S: Store>(t: Trial<S>) -> Outcome {
    run_sequences(&t, false).await
}

async fn any_sequence_of_lists_and_writes_is_kept<S: Store>(t: Trial<S>) -> Outcome {
    run_sequences(&t, true).await
}

/// Runs as many sequences as there is time for, and at least one.
async fn run_sequences<S: Store>(t: &Trial<S>, lists: bool) -> Outcome {
    let end = Instant::now() + TIME;
    for _ in 0..SEQUENCES {
        Sequence::new(t).run(lists).await?;
        if Instant::now() > end {
            break;
        }
    }
    Ok(())
}

/// A store, the model of what it should hold, and the operations so far.
struct Sequence<'a, S> {
    t: &'a Trial<S>,
    model: BTreeMap<StoreKey, Entry>,
    keys: Vec<StoreKey>,
    principals: [Principal; 2],
    steps: Vec<String>,
    now: Timestamp,
}

#[derive(Clone)]
enum Entry {
    Live(Record),
    /// Deleted, or renamed to this key.
    Gone(Option<StoreKey>),
}

impl<'a, S: Store> Sequence<'a, S> {
    fn new(t: &'a Trial<S>) -> Self {
        let principals = [principal(), principal()];
        Self {
            t,
            model: BTreeMap::new(),
            keys: vec![key()],
            principals,
            steps: Vec::new(),
            now: now(),
        }
    }

    async fn run(mut self, lists: bool) -> Outcome {
        match self.steps(lists).await {
            Err(Stop::Failed(why)) => {
                Err(Stop::Failed(format!("{why}; after\n    {}", self.steps.join("\n    "))))
            }
            outcome => outcome,
        }
    }

    async fn steps(&mut self, lists: bool) -> Outcome {
        for _ in 0..STEPS {
            let at = below(self.keys.len());
            match below(if lists { 12 } else { 10 }) {
                0..2 => self.create(at).await?,
                2..7 => self.update(at).await?,
                7..9 => self.rename(at).await?,
                9 => self.delete(at).await?,
                10 => self.list().await?,
                _ => self.delete_all().await?,
            }
        }
        for at in 0..self.keys.len() {
            self.load(at).await?;
        }
        if lists { self.list().await } else { Ok(()) }
    }

    async fn create(&mut self, at: usize) -> Outcome {
        let at = if one_in(2) { self.fresh() } else { at };
        let mut new = record(&[]);
        for name in FIELDS.into_iter().filter(|_| one_in(2)) {
            new.fields.set(name, *pick(TEXTS));
        }
        new.principal = Some(pick(&self.principals).clone()).filter(|_| one_in(2));
        self.steps.push(format!("create of key {at}, {}", new.show()));
        let key = self.keys[at];
        let expected = match self.model.contains_key(&key) {
            true => Created::Exists,
            false => Created::Created,
        };
        expect("the last answer", self.t.store.create(&key, &new).await?, expected)?;
        self.model.entry(key).or_insert(Entry::Live(new));
        self.load(at).await
    }

    async fn update(&mut self, at: usize) -> Outcome {
        let patch = self.patch(at);
        self.steps.push(format!("update of key {at}: {}", patch.show()));
        let (expected, after) = self.patched(at, &patch);
        expect("the last answer", self.t.store.update(&self.keys[at], &patch).await?, expected)?;
        if let Some(after) = after {
            self.model.insert(self.keys[at], Entry::Live(after));
        }
        self.load(at).await
    }

    async fn rename(&mut self, at: usize) -> Outcome {
        let (patch, to) = (self.patch(at), self.fresh());
        self.steps.push(format!("rename of key {at} to key {to}: {}", patch.show()));
        let (expected, after) = self.patched(at, &patch);
        let (from, new) = (self.keys[at], self.keys[to]);
        expect("the last answer", self.t.store.rename(&from, &new, &patch).await?, expected)?;
        if let Some(after) = after {
            self.model.insert(from, Entry::Gone(Some(new).filter(|_| !patch.signs_in())));
            self.model.insert(new, Entry::Live(after));
        }
        self.load(at).await?;
        self.load(to).await
    }

    async fn delete(&mut self, at: usize) -> Outcome {
        self.steps.push(format!("delete of key {at}"));
        self.t.store.delete(&self.keys[at]).await?;
        let mut key = self.keys[at];
        while let Some(Entry::Gone(Some(to))) = self.model.get(&key) {
            key = *to;
        }
        self.model.insert(key, Entry::Gone(None));
        self.load(at).await
    }

    async fn load(&self, at: usize) -> Outcome {
        let expected = match self.model.get(&self.keys[at]) {
            Some(Entry::Live(record)) => Loaded::Live(record.clone()),
            Some(Entry::Gone(_)) => Loaded::Gone,
            None => Loaded::Absent,
        };
        self.t.expect_load(&format!("key {at}"), &self.keys[at], expected).await
    }

    async fn list(&self) -> Outcome {
        for who in &self.principals {
            let mut listed = self.t.store.list(who).await?;
            listed.sort_by_key(|info| info.key);
            let expected = self.sessions_of(who);
            let keys = listed.iter().map(|info| info.key).collect::<Vec<_>>();
            expect("list", keys, expected.iter().map(|(key, _)| *key).collect())?;
            for (info, (_, record)) in listed.into_iter().zip(expected) {
                expect("list", Loaded::Live(info.record), Loaded::Live(record))?;
            }
        }
        Ok(())
    }

    async fn delete_all(&mut self) -> Outcome {
        let who = pick(&self.principals).clone();
        let spared = below(self.keys.len());
        let except = Some(self.keys[spared]).filter(|_| one_in(2));
        let sparing = except.map(|_| format!(", sparing key {spared}")).unwrap_or_default();
        self.steps.push(format!("delete_all of {}{sparing}", who.value()));
        let mut deleted = self.sessions_of(&who);
        deleted.retain(|(key, _)| Some(*key) != except);
        let answer = self.t.store.delete_all(&who, except.as_ref()).await?;
        expect("the last answer", answer, deleted.len())?;
        for (key, _) in deleted {
            self.model.insert(key, Entry::Gone(None));
        }
        self.list().await
    }

    fn fresh(&mut self) -> usize {
        self.keys.push(key());
        self.keys.len() - 1
    }

    fn live(&self, at: usize) -> Option<&Record> {
        match self.model.get(&self.keys[at]) {
            Some(Entry::Live(record)) => Some(record),
            _ => None,
        }
    }

    fn sessions_of(&self, who: &Principal) -> Vec<(StoreKey, Record)> {
        let mut sessions = Vec::new();
        for (key, entry) in &self.model {
            if let Entry::Live(record) = entry
                && record.principal.as_ref() == Some(who)
            {
                sessions.push((*key, record.clone()));
            }
        }
        sessions
    }

    /// The right answer to a patch, and the record after it if it is applied.
    fn patched(&self, at: usize, patch: &Patch) -> (Updated, Option<Record>) {
        let Some(before) = self.live(at) else { return (Updated::Gone, None) };
        let mut after = before.clone();
        match patch.apply(&mut after) {
            Applied::Applied => (Updated::Applied, Some(after)),
            Applied::Conflict => (Updated::Conflict(before.clone()), None),
            Applied::Mismatch(key) => (Updated::Mismatch(key), None),
        }
    }

    fn patch(&self, at: usize) -> Patch {
        let held = |name| self.live(at).and_then(|record| record.fields.get(name));
        let fields = FIELDS.into_iter().filter(|_| one_in(2));
        Patch {
            fields: fields.map(|name| (name.into(), op(held(name)))).collect(),
            principal: match below(6) {
                0 => PrincipalOp::Set(pick(&self.principals).clone()),
                1 => PrincipalOp::Clear,
                _ => PrincipalOp::Keep,
            },
            expiry: match below(4) {
                0 => ExpiryOp::Extend(self.later()),
                1 => ExpiryOp::SetLifetime {
                    lifetime: Lifetime { idle: minutes(), persistent: one_in(2) },
                    expires_at: self.later(),
                    deadline: self.later(),
                },
                _ => ExpiryOp::Keep,
            },
        }
    }

    fn later(&self) -> Timestamp {
        self.now + minutes()
    }
}

const FIELDS: [&str; 4] = ["a", "b.c", "n", "$m"];

const TEXTS: &[&str] = &[
    "0",
    "1",
    "-7",
    "250",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "01",
    "1.0",
    "true",
    "\"x\"",
    "[1,\"a text that is so long that no store keeps it beside its key\"]",
];

const DELTAS: &[i64] = &[1, -1, 40, -300, 1 << 53, i64::MAX, i64::MIN];

const BOUNDS: &[(i64, i64)] =
    &[(0, 255), (-128, 127), (0, i64::MAX), (i64::MIN, i64::MAX), (1 << 53, 1 << 60)];

/// A random operation on a field that holds this text.
fn op(held: Option<&str>) -> FieldOp {
    match below(6) {
        0 => FieldOp::Set((*pick(TEXTS)).into()),
        1 => FieldOp::Remove,
        2 | 3 => {
            let &(min, max) = pick(BOUNDS);
            let start = (*pick(&[0, 1, min, max])).clamp(min, max);
            FieldOp::Add { delta: *pick(DELTAS), min, max, start }
        }
        _ => {
            let text = || Some(SharedStr::from(*pick(TEXTS))).filter(|_| !one_in(4));
            // Nearly always the text that is there, because otherwise most would be conflicts.
            let old = if one_in(8) { text() } else { held.map(SharedStr::from) };
            FieldOp::Replace { old, new: text() }
        }
    }
}

/// From ten minutes to two days.
fn minutes() -> Duration {
    Duration::from_secs(600 + 60 * below(2_870) as u64)
}

fn pick<T>(from: &[T]) -> &T {
    &from[below(from.len())]
}

fn one_in(count: usize) -> bool {
    below(count) == 0
}

fn below(end: usize) -> usize {
    (random() % end as u64) as usize
}
