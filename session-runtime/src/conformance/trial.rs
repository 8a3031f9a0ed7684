//! Helpers for rules: a store, new keys, and comparisons of answers.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;

use super::show::Show;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::record::{Fields, Lifetime, Principal, Record};
use crate::store::{Created, Loaded, Store, StoreError, Updated};

/// The outcome of a rule; `Ok` if the store fulfils it.
pub(super) type Outcome<T = ()> = Result<T, Stop>;

/// Why a rule stopped.
pub(super) enum Stop {
    /// The store breaks the rule.
    Failed(String),
    /// The store does not have a method that the rule uses.
    Unsupported,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::of(error, "an answer")
    }
}

impl Stop {
    fn of(error: StoreError, expected: &str) -> Self {
        if error.is_unsupported() {
            return Self::Unsupported;
        }
        let mut text = format!("expected {expected}, saw the error: {error}");
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        Self::Failed(text)
    }
}

/// The answer of a call; an error also shows what was expected.
fn answer<T: Show>(what: &str, seen: Result<T, StoreError>, expected: &T) -> Outcome<T> {
    match (seen, expected.show()) {
        (Ok(seen), _) => Ok(seen),
        (Err(error), expected) => match Stop::of(error, &expected) {
            Stop::Failed(why) => Err(Stop::Failed(format!("{what}: {why}"))),
            Stop::Unsupported => Err(Stop::Unsupported),
        },
    }
}

/// The store or revocation of one rule.
pub(super) struct Trial<S> {
    pub(super) store: Arc<S>,
}

/// The lifetime of a record that expires while a rule waits.
pub(super) const MOMENT: Duration = Duration::from_millis(200);

pub(super) const HOUR: Duration = Duration::from_secs(3_600);

impl<S: Store> Trial<S> {
    /// Stores a record with these fields.
    pub(super) async fn live(&self, fields: &[(&str, &str)]) -> Outcome<(StoreKey, Record)> {
        let (key, record) = (key(), record(fields));
        self.create(&key, &record).await?;
        Ok((key, record))
    }

    /// Stores a record of `principal`.
    pub(super) async fn live_of(&self, principal: &Principal) -> Outcome<(StoreKey, Record)> {
        let key = key();
        let record = Record { principal: Some(principal.clone()), ..record(&[("a", "1")]) };
        self.create(&key, &record).await?;
        Ok((key, record))
    }

    /// Stores a record that expires in a [`MOMENT`].
    pub(super) async fn short_lived(&self, principal: Option<&Principal>) -> Outcome<StoreKey> {
        let key = key();
        let record = Record {
            expires_at: now() + MOMENT,
            principal: principal.cloned(),
            ..record(&[("a", "1")])
        };
        self.create(&key, &record).await?;
        Ok(key)
    }

    pub(super) async fn create(&self, key: &StoreKey, record: &Record) -> Outcome {
        let (what, expected) = ("create of a new key", Created::Created);
        expect(what, answer(what, self.store.create(key, record).await, &expected)?, expected)
    }

    pub(super) async fn expect_load(&self, what: &str, key: &StoreKey, to: Loaded) -> Outcome {
        let what = format!("load of {what}");
        expect(&what, answer(&what, self.store.load(key).await, &to)?, to)
    }

    pub(super) async fn expect_live(&self, what: &str, key: &StoreKey, to: &Record) -> Outcome {
        self.expect_load(what, key, Loaded::Live(to.clone())).await
    }

    pub(super) async fn expect_update(
        &self,
        what: &str,
        key: &StoreKey,
        patch: &Patch,
        to: Updated,
    ) -> Outcome {
        let what = format!("update of {what}");
        expect(&what, answer(&what, self.store.update(key, patch).await, &to)?, to)
    }

    /// Applies the patch and compares answer and record with [`Patch::apply`].
    pub(super) async fn applied(
        &self,
        what: &str,
        key: &StoreKey,
        record: &mut Record,
        patch: &Patch,
    ) -> Outcome {
        let _ = patch.apply(record);
        self.expect_update(what, key, patch, Updated::Applied).await?;
        self.expect_live(&format!("the record after update of {what}"), key, record).await
    }

    /// The current text of the field.
    pub(super) async fn field(&self, key: &StoreKey, field: &str) -> Outcome<Option<String>> {
        Ok(match self.store.load(key).await? {
            Loaded::Live(record) => record.fields.get(field).map(str::to_owned),
            _ => None,
        })
    }

    pub(super) async fn is_live(&self, key: &StoreKey) -> Outcome<bool> {
        Ok(matches!(self.store.load(key).await?, Loaded::Live(_)))
    }

    /// How many of the keys are live.
    pub(super) async fn count_live(&self, keys: &[StoreKey]) -> Outcome<usize> {
        let mut live = 0;
        for key in keys {
            live += usize::from(self.is_live(key).await?);
        }
        Ok(live)
    }

    /// The keys that `list` shows, in order.
    pub(super) async fn listed(&self, principal: &Principal) -> Outcome<Vec<StoreKey>> {
        let infos = self.store.list(principal).await?;
        let mut keys: Vec<_> = infos.into_iter().map(|info| info.key).collect();
        keys.sort();
        Ok(keys)
    }
}

impl<S> Trial<S> {
    pub(super) fn new(store: S) -> Self {
        Self { store: Arc::new(store) }
    }

    /// Runs `count` tasks that begin together; returns their answers.
    pub(super) async fn at_once<T: Send + 'static, F>(
        &self,
        count: usize,
        task: impl Fn(usize, Arc<S>) -> F,
    ) -> Outcome<Vec<T>>
    where
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let start = Arc::new(Barrier::new(count));
        let begin = |number| {
            let (start, task) = (start.clone(), task(number, self.store.clone()));
            tokio::spawn(async move {
                start.wait().await;
                task.await
            })
        };
        let tasks: Vec<_> = (0..count).map(begin).collect();
        let mut answers = Vec::with_capacity(count);
        for task in tasks {
            let panicked = |panic| Stop::Failed(format!("expected no panic, saw {panic}"));
            answers.push(task.await.map_err(panicked)??);
        }
        Ok(answers)
    }
}

pub(super) fn expect<T: Show + PartialEq>(what: &str, seen: T, expected: T) -> Outcome {
    if seen == expected {
        return Ok(());
    }
    Err(Stop::Failed(format!("{what}: expected {}, saw {}", expected.show(), seen.show())))
}

/// A random key, which nobody else uses.
pub(super) fn key() -> StoreKey {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&random().to_le_bytes());
    bytes[8..].copy_from_slice(&random().to_le_bytes());
    StoreKey::from_bytes(bytes)
}

/// A random principal, which nobody else uses.
pub(super) fn principal() -> Principal {
    Principal::new("user_id", random().to_string())
}

/// A random number. It is not fit for secrets, but needs no dependency and cannot fail.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// A record that expires in an hour; its deadline is in a day.
pub(super) fn record(fields: &[(&str, &str)]) -> Record {
    let now = now();
    Record {
        fields: Fields::from_iter(fields.iter().copied()),
        created_at: now,
        expires_at: now + HOUR,
        deadline: now + HOUR * 24,
        lifetime: Lifetime { idle: HOUR, persistent: false },
        principal: None,
    }
}

/// Waits until a record with the lifetime [`MOMENT`] has expired.
pub(super) async fn wait() {
    tokio::time::sleep(MOMENT + Duration::from_millis(50)).await;
}

pub(super) fn patch<const N: usize>(fields: [(&str, FieldOp); N]) -> Patch {
    let fields = fields.into_iter().map(|(key, op)| (key.into(), op)).collect();
    Patch { fields, ..Patch::empty() }
}

pub(super) fn expiry(expiry: ExpiryOp) -> Patch {
    Patch { expiry, ..Patch::empty() }
}

pub(super) fn sign_in(principal: &Principal) -> Patch {
    Patch { principal: PrincipalOp::Set(principal.clone()), ..Patch::empty() }
}

pub(super) fn set(text: &str) -> FieldOp {
    FieldOp::Set(text.into())
}

/// Adds within all of `i64`; an absent field starts at 0.
pub(super) fn add(delta: i64) -> FieldOp {
    FieldOp::Add { delta, min: i64::MIN, max: i64::MAX, start: 0 }
}

pub(super) fn replace(old: Option<&str>, new: Option<&str>) -> FieldOp {
    FieldOp::Replace { old: old.map(Into::into), new: new.map(Into::into) }
}
