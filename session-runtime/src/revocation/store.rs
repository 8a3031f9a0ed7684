//! A revocation that remembers in a store.

use sha2::{Digest, Sha256};

use super::{Cutoff, Revocation, Revoked};
use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, FieldOp, Patch};
use crate::record::{Lifetime, Principal, Record, SharedStr};
use crate::store::{Created, Loaded, Store, StoreError, Updated};

/// Keeps revocations in any store.
///
/// Each is a small record. It stays until the last cookie of the session has expired.
///
/// The store may hold sessions as well: ids are random, so no two records share a key.
///
/// ```
/// use session_runtime::revocation::StoreRevocation;
/// use session_runtime::{CookieStore, Keyring, Sessions, store::MemoryStore};
///
/// let revocation = StoreRevocation::new(MemoryStore::new());
/// let sessions = Sessions::builder(CookieStore::sealed().revocation(revocation))
///     .keys(Keyring::new([[7; 32]])?)
///     .build()?;
/// # let _ = sessions;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StoreRevocation<S>(S);

// The fields of a record. Times are in milliseconds since the Unix epoch.

/// When the id was revoked, or the time of the cutoff.
const AT: &str = "at";
/// See [`Cutoff::except`].
const EXCEPT: &str = "except";
/// See [`Cutoff::spared_after`].
const SPARED_AFTER: &str = "spared_after";
/// The new id of a session that was renewed.
const RENEWED_TO: &str = "renewed_to";

impl<S: Store> StoreRevocation<S> {
    /// Keeps revocations in `store`.
    pub fn new(store: S) -> Self {
        Self(store)
    }

    async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        match self.0.load(key).await? {
            Loaded::Live(record) => Ok(Some(record)),
            Loaded::Gone | Loaded::Absent => Ok(None),
        }
    }
}

impl<S: Store> Revocation for StoreRevocation<S> {
    async fn revoked(&self, id: &StoreKey) -> Result<Option<Timestamp>, StoreError> {
        let record = self.load(id).await?;
        record.map(|record| Ok(read_cutoff(&record)?.at)).transpose()
    }

    async fn not_before(&self, principal: &Principal) -> Result<Option<Cutoff>, StoreError> {
        let record = self.load(&key_of(principal)).await?;
        record.map(|record| read_cutoff(&record)).transpose()
    }

    async fn revoke(
        &self,
        id: &StoreKey,
        to: Option<&StoreKey>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Revoked, StoreError> {
        let mut record = record(Cutoff { at: now, except: None, spared_after: None }, until);
        if let Some(to) = to {
            record.fields.set(RENEWED_TO, json(to));
        }
        if self.0.create(id, &record).await? == Created::Created {
            return Ok(Revoked::Now);
        }
        let held = self.load(id).await?;
        let renewed_to = held.as_ref().and_then(|held| held.fields.get(RENEWED_TO));
        Ok(renewed_to.map(read_id).transpose()?.map_or(Revoked::Before, Revoked::Renewed))
    }

    async fn revoke_all(
        &self,
        principal: &Principal,
        cutoff: Cutoff,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let key = key_of(principal);
        loop {
            if self.0.create(&key, &record(cutoff, until)).await? == Created::Created {
                return Ok(());
            }
            let Some(held) = self.load(&key).await? else { continue };
            let merged = cutoff.merge(read_cutoff(&held)?);
            if self.0.update(&key, &patch(&held, merged, until)).await? == Updated::Applied {
                return Ok(());
            }
        }
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        self.0.sweep(limit).await
    }
}

/// The key of the record with the cutoff of `principal`: the first half of a SHA-256 hash.
///
/// The length is hashed, too. Without it two principals could be hashed as the same bytes.
fn key_of(principal: &Principal) -> StoreKey {
    let length = u64::try_from(principal.key().len()).unwrap_or(u64::MAX).to_be_bytes();
    let hash = Sha256::new()
        .chain_update("session-runtime v1 cutoff")
        .chain_update(length)
        .chain_update(principal.key())
        .chain_update(principal.value())
        .finalize();
    let mut key = [0; 16];
    key.copy_from_slice(&hash[..16]);
    StoreKey::from_bytes(key)
}

fn record(cutoff: Cutoff, until: Timestamp) -> Record {
    Record {
        fields: texts(cutoff).into_iter().filter_map(|(key, text)| Some((key, text?))).collect(),
        created_at: cutoff.at,
        expires_at: until,
        deadline: until,
        lifetime: lifetime(cutoff, until),
        principal: None,
    }
}

/// The change from the record `held` to `cutoff`.
///
/// If somebody else changes the record meanwhile, it is a conflict.
fn patch(held: &Record, cutoff: Cutoff, until: Timestamp) -> Patch {
    let replace = |(key, new): (&str, Option<SharedStr>)| {
        (key.into(), FieldOp::Replace { old: held.fields.get_shared(key).cloned(), new })
    };
    let until = until.max(held.deadline);
    let lifetime = lifetime(cutoff, until);
    Patch {
        fields: texts(cutoff).into_iter().map(replace).collect(),
        expiry: ExpiryOp::SetLifetime { lifetime, expires_at: until, deadline: until },
        ..Patch::empty()
    }
}

fn lifetime(cutoff: Cutoff, until: Timestamp) -> Lifetime {
    Lifetime { idle: until.saturating_since(cutoff.at), persistent: false }
}

fn texts(cutoff: Cutoff) -> [(&'static str, Option<SharedStr>); 3] {
    let time = |time: Timestamp| time.as_millis().to_string().into();
    [
        (AT, Some(time(cutoff.at))),
        (EXCEPT, cutoff.except.as_ref().map(json)),
        (SPARED_AFTER, cutoff.spared_after.map(time)),
    ]
}

fn json(id: &StoreKey) -> SharedStr {
    format!("\"{id}\"").into()
}

fn read_id(text: &str) -> Result<StoreKey, StoreError> {
    text.trim_matches('"').parse().map_err(|_| fault())
}

fn fault() -> StoreError {
    StoreError::backend("a record of the revocation cannot be read")
}

fn read_cutoff(record: &Record) -> Result<Cutoff, StoreError> {
    let time = |text: &str| text.parse().map(Timestamp::from_millis).map_err(|_| fault());
    let field = |key| record.fields.get(key);
    Ok(Cutoff {
        at: time(field(AT).ok_or_else(fault)?)?,
        except: field(EXCEPT).map(read_id).transpose()?,
        spared_after: field(SPARED_AFTER).map(time).transpose()?,
    })
}
