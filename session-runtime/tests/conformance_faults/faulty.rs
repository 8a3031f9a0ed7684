//! A store with one fault.

use std::sync::Mutex;
use std::time::Duration;

use session_runtime::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use session_runtime::record::{Principal, Record};
use session_runtime::store::{
    Created, Cursor, Loaded, MemoryStore, Page, SessionInfo, Store, StoreError, Updated,
};
use session_runtime::{Clock, StoreKey, SystemClock};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    None,
    /// `update` creates what is not there.
    Upsert,
    /// The old key stays live.
    RenameCopies,
    /// `update` reads, waits and writes.
    ReadModifyWrite,
    /// `rename` is load, create and delete.
    RenameInSteps,
    BlindReplace,
    /// `create` replaces what is there.
    Overwrite,
    /// Every operation of a patch is applied in a step of its own.
    PartialPatch,
    /// Texts go through a JSON parser.
    ParsesJson,
    ExtendShortens,
    /// Sums are computed in floating point.
    FloatSums,
    /// `delete` does not follow a rename.
    DeleteStays,
    /// `delete_all` lists once and deletes under the listed keys.
    DeleteListed,
    /// `delete_all` ignores `except`.
    NoException,
    /// Only `create` writes the index.
    StaleIndex,
    SweepsTombstones,
    /// `scan` counts positions instead of remembering a key.
    ScanCounts,
    /// `scan` leaves out the last session of every page.
    ScanLeavesOut,
    /// `scan` shows everything at once.
    ScanAtOnce,
    /// `scan` shows an empty record for every key that was ever created.
    ScanShowsEnded,
    /// `scan` begins again with every page.
    ScanForever,
    /// `scan` refuses a limit that is too high for its server.
    ScanRefuses,
    Panics,
}

pub(crate) struct Faulty {
    inner: MemoryStore,
    fault: Fault,
    created: Mutex<Vec<StoreKey>>,
}

impl Faulty {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { inner: MemoryStore::new(), fault, created: Mutex::default() }
    }

    /// Replaces the record by `after`.
    async fn overwrite(&self, key: &StoreKey, after: &Record) {
        let Some(now) = self.live(key).await else { return };
        let removed = now.fields.iter().filter(|(key, _)| !after.fields.contains(key));
        let removed = removed.map(|(key, _)| (key.into(), FieldOp::Remove));
        let kept = after.fields.iter().map(|(key, text)| (key.into(), FieldOp::Set(text.into())));
        let patch = Patch {
            fields: removed.chain(kept).collect(),
            principal: after.principal.clone().map_or(PrincipalOp::Clear, PrincipalOp::Set),
            expiry: ExpiryOp::SetLifetime {
                lifetime: after.lifetime,
                expires_at: after.expires_at,
                deadline: after.deadline,
            },
        };
        let _ = self.inner.update(key, &patch).await;
    }

    async fn live(&self, key: &StoreKey) -> Option<Record> {
        match self.inner.load(key).await.unwrap() {
            Loaded::Live(record) => Some(record),
            _ => None,
        }
    }

    /// Deletes a session unless it was renamed.
    async fn delete_here(&self, key: &StoreKey) -> Result<(), StoreError> {
        match self.inner.load(key).await? {
            Loaded::Gone => Ok(()),
            Loaded::Live(_) | Loaded::Absent => self.inner.delete(key).await,
        }
    }

    fn spoil(&self, patch: &Patch) -> Patch {
        let mut patch = patch.clone();
        for (_, op) in &mut patch.fields {
            *op = match (self.fault, op.clone()) {
                (Fault::BlindReplace, FieldOp::Replace { new: Some(new), .. }) => FieldOp::Set(new),
                (Fault::BlindReplace, FieldOp::Replace { new: None, .. }) => FieldOp::Remove,
                (Fault::ParsesJson, FieldOp::Set(text)) => FieldOp::Set(parsed(&text).into()),
                (_, op) => op,
            };
        }
        if let (Fault::StaleIndex, PrincipalOp::Set(_)) = (self.fault, &patch.principal) {
            patch.principal = PrincipalOp::Keep;
        }
        patch
    }
}

/// The text after a JSON parser; a text that it refuses stays.
fn parsed(text: &str) -> String {
    serde_json::from_str(text).map_or(text.to_owned(), |value: serde_json::Value| value.to_string())
}

impl Store for Faulty {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        assert!(self.fault != Fault::Panics, "on purpose");
        self.inner.load(key).await
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        self.created.lock().unwrap().push(*key);
        let created = self.inner.create(key, record).await?;
        if self.fault == Fault::Overwrite && self.live(key).await.is_some() {
            self.overwrite(key, record).await;
            return Ok(Created::Created);
        }
        Ok(created)
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let patch = self.spoil(patch);
        let Some(before) = self.live(key).await else {
            if self.fault == Fault::Upsert && self.inner.load(key).await? == Loaded::Absent {
                let record = template();
                let _ = self.inner.create(key, &record).await?;
                return self.inner.update(key, &patch).await;
            }
            return Ok(Updated::Gone);
        };
        match self.fault {
            Fault::ReadModifyWrite => {
                let mut after = before.clone();
                if let session_runtime::patch::Applied::Applied = patch.apply(&mut after) {
                    tokio::task::yield_now().await;
                    self.overwrite(key, &after).await;
                    return Ok(Updated::Applied);
                }
            }
            Fault::PartialPatch => {
                for field in &patch.fields {
                    let one = Patch { fields: vec![field.clone()], ..Patch::empty() };
                    let updated = self.inner.update(key, &one).await?;
                    if updated != Updated::Applied {
                        return Ok(updated);
                    }
                }
                return self.inner.update(key, &Patch { fields: vec![], ..patch }).await;
            }
            Fault::ExtendShortens => {
                if let ExpiryOp::Extend(until) = patch.expiry {
                    let mut after = before.clone();
                    let _ = patch.apply(&mut after);
                    after.expires_at = until.min(after.deadline);
                    self.overwrite(key, &after).await;
                    return Ok(Updated::Applied);
                }
            }
            Fault::FloatSums => {
                if let [(field, FieldOp::Add { delta, .. })] = patch.fields.as_slice()
                    && let Some(Ok(held)) = before.fields.get(field).map(str::parse::<i64>)
                {
                    let mut after = before.clone();
                    after.fields.set(field.clone(), format!("{}", held as f64 + *delta as f64));
                    self.overwrite(key, &after).await;
                    return Ok(Updated::Applied);
                }
            }
            _ => {}
        }
        self.inner.update(key, &patch).await
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        if !matches!(self.fault, Fault::RenameCopies | Fault::RenameInSteps) {
            return self.inner.rename(from, to, &self.spoil(patch)).await;
        }
        let Some(mut record) = self.live(from).await else { return Ok(Updated::Gone) };
        let before = record.clone();
        match patch.apply(&mut record) {
            session_runtime::patch::Applied::Applied => {}
            session_runtime::patch::Applied::Conflict => return Ok(Updated::Conflict(before)),
            session_runtime::patch::Applied::Mismatch(key) => return Ok(Updated::Mismatch(key)),
        }
        tokio::task::yield_now().await;
        let _ = self.inner.create(to, &record).await?;
        if self.fault == Fault::RenameInSteps {
            self.inner.delete(from).await?;
        }
        Ok(Updated::Applied)
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        match self.fault {
            Fault::DeleteStays => self.delete_here(key).await,
            _ => self.inner.delete(key).await,
        }
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        if self.fault == Fault::SweepsTombstones {
            return Ok(limit.min(7));
        }
        self.inner.sweep(limit).await
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        self.inner.list(principal).await
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        if self.fault == Fault::NoException {
            return self.inner.delete_all(principal, None).await;
        }
        if self.fault != Fault::DeleteListed {
            return self.inner.delete_all(principal, except).await;
        }
        let mut ended = 0;
        for info in self.list(principal).await? {
            tokio::task::yield_now().await;
            if Some(&info.key) != except {
                self.delete_here(&info.key).await?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        match self.fault {
            Fault::ScanCounts => {
                let all = self.inner.scan(None, usize::MAX).await?.sessions;
                let start = after.map_or(0, |after| after.as_str().parse().unwrap());
                let sessions: Vec<_> = all.into_iter().skip(start).take(limit).collect();
                let more = sessions.len() == limit && limit > 0;
                let next = more.then(|| Cursor::new((start + limit).to_string()));
                Ok(Page { sessions, next })
            }
            Fault::ScanLeavesOut => {
                let mut page = self.inner.scan(after, limit).await?;
                page.sessions.pop();
                Ok(page)
            }
            Fault::ScanAtOnce => self.inner.scan(None, usize::MAX).await,
            Fault::ScanShowsEnded => {
                let keys = self.created.lock().unwrap().clone();
                let info = |key| SessionInfo { key, record: template() };
                Ok(Page { sessions: keys.into_iter().map(info).collect(), next: None })
            }
            Fault::ScanForever => {
                let sessions = self.inner.scan(None, limit).await?.sessions;
                Ok(Page { sessions, next: Some(Cursor::new("again")) })
            }
            Fault::ScanRefuses if i64::try_from(limit).is_err() => {
                Err(StoreError::backend("the limit is too high"))
            }
            _ => self.inner.scan(after, limit).await,
        }
    }
}

fn template() -> Record {
    let now = SystemClock.now();
    let hour = Duration::from_secs(3_600);
    Record {
        fields: Default::default(),
        created_at: now,
        expires_at: now + hour,
        deadline: now + hour,
        lifetime: session_runtime::record::Lifetime { idle: hour, persistent: false },
        principal: None,
    }
}
