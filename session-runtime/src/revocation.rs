//! Ending sessions that live in cookies: what the server remembers of them.

use std::pin::Pin;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, FieldOp, Patch};
use crate::record::{Lifetime, Principal, Record};
use crate::store::{Created, Loaded, Store, StoreError, Updated};

/// Remembers which sessions were ended, for sessions that are kept in cookies.
///
/// A cookie that was sent cannot be called back: whoever has a copy can send it again. With a
/// `Revocation` the server asks whether the session in it was ended, once a request that reads its
/// session and once more when one changes it. [`StoreRevocation`] keeps the answers in any store; implement
/// the trait to ask something else, such as an identity provider.
///
/// Write `async fn` in the implementation; the futures must be `Send`.
///
/// ```
/// use session_runtime::record::Principal;
/// use session_runtime::revocation::{Cutoff, Revocation};
/// use session_runtime::{StoreKey, Timestamp, store::StoreError};
///
/// /// For a service that ends all sessions at once, by hand.
/// struct Everyone(Timestamp);
///
/// impl Revocation for Everyone {
///     async fn revoked(&self, _: &StoreKey) -> Result<Option<Timestamp>, StoreError> {
///         Ok(None)
///     }
///
///     async fn not_before(&self, _: &Principal) -> Result<Option<Cutoff>, StoreError> {
///         Ok(Some(Cutoff { at: self.0, except: None }))
///     }
///
///     async fn revoke(&self, _: &StoreKey, _: Timestamp, _: Timestamp) -> Result<(), StoreError> {
///         Err(StoreError::unsupported())
///     }
///
///     async fn revoke_all(&self, _: &Principal, _: Cutoff, _: Timestamp) -> Result<(), StoreError> {
///         Err(StoreError::unsupported())
///     }
/// }
/// ```
pub trait Revocation: Send + Sync + 'static {
    /// When the session `id` was ended; `None` if it was not.
    fn revoked(
        &self,
        id: &StoreKey,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// When all sessions of `principal` were ended; `None` if they never were.
    fn not_before(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Option<Cutoff>, StoreError>> + Send;

    /// Ends the session `id`, at `now`. From `until` on no cookie of it is accepted anyway, so the
    /// answer may be forgotten then.
    fn revoke(
        &self,
        id: &StoreKey,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Ends all sessions of `principal` that were issued before the cutoff. From `until` on none of
    /// their cookies is accepted anyway.
    fn revoke_all(
        &self,
        principal: &Principal,
        cutoff: Cutoff,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets up to `limit` of the answers whose time is over, and says how many: what
    /// [`Sessions::sweep_every`](crate::Sessions::sweep_every) asks for.
    fn sweep(&self, limit: usize) -> impl Future<Output = Result<usize, StoreError>> + Send {
        let _ = limit;
        async { Err(StoreError::unsupported()) }
    }
}

/// All sessions of a principal were ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoff {
    /// Those that were issued then or before are over.
    pub at: Timestamp,
    /// But for this one: "sign out everywhere else".
    pub except: Option<StoreKey>,
}

impl Cutoff {
    /// Whether a session that got the id `id` at `issued_at` is over.
    pub fn ends(&self, id: &StoreKey, issued_at: Timestamp) -> bool {
        issued_at <= self.at && self.except.as_ref() != Some(id)
    }
}

/// Keeps in a store which sessions were ended, each as a small record until the last cookie of the
/// session has expired.
///
/// The store may hold sessions as well: ids are random, so no two records share a key.
///
/// ```
/// use session_runtime::revocation::StoreRevocation;
/// use session_runtime::{CookieStore, Keyring, Sessions, store::MemoryStore};
///
/// let ended = StoreRevocation::new(MemoryStore::new());
/// let sessions = Sessions::builder(CookieStore::sealed().revocation(ended))
///     .keys(Keyring::new([[7; 32]])?)
///     .build()?;
/// # let _ = sessions;
/// # Ok::<(), session_runtime::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StoreRevocation<S>(S);

/// The fields of a record that says when.
const AT: &str = "at";
const EXCEPT: &str = "except";

impl<S: Store> StoreRevocation<S> {
    /// Keeps them in `store`.
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
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let record = record(Cutoff { at: now, except: None }, until);
        match self.0.create(id, &record).await? {
            // Existing means that the session was ended before.
            Created::Created | Created::Exists => Ok(()),
        }
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
            // The later cutoff counts, whichever comes first.
            if read_cutoff(&held)?.at > cutoff.at {
                return Ok(());
            }
            if self.0.update(&key, &patch(&held, cutoff, until)).await? == Updated::Applied {
                return Ok(());
            }
        }
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        self.0.sweep(limit).await
    }
}

/// Where it stands when all sessions of `principal` were ended.
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

/// The change from what is held to `cutoff`, unless somebody else changes it meanwhile.
fn patch(held: &Record, cutoff: Cutoff, until: Timestamp) -> Patch {
    let replace = |(key, new): (&str, Option<Arc<str>>)| {
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

fn texts(cutoff: Cutoff) -> [(&'static str, Option<Arc<str>>); 2] {
    let at = cutoff.at.as_millis().to_string().into();
    [(AT, Some(at)), (EXCEPT, cutoff.except.map(|id| format!("\"{id}\"").into()))]
}

fn read_cutoff(record: &Record) -> Result<Cutoff, StoreError> {
    let fault = || StoreError::backend("a revocation does not say when");
    let at = record.fields.get(AT).and_then(|text| text.parse().ok()).ok_or_else(fault)?;
    let except = match record.fields.get(EXCEPT) {
        Some(text) => Some(text.trim_matches('"').parse().map_err(|_| fault())?),
        None => None,
    };
    Ok(Cutoff { at: Timestamp::from_millis(at), except })
}

/// Any revocation behind one type.
pub(crate) type AnyRevocation = Arc<dyn DynRevocation>;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`Revocation`] in a form that can be a trait object.
pub(crate) trait DynRevocation: Send + Sync {
    /// When the session was ended, by itself or with all of its principal.
    fn ended<'a>(
        &'a self,
        id: &'a StoreKey,
        issued_at: Timestamp,
        principal: Option<&'a Principal>,
    ) -> Answer<'a, Option<Timestamp>>;

    fn revoke<'a>(&'a self, id: &'a StoreKey, now: Timestamp, until: Timestamp) -> Answer<'a, ()>;

    fn revoke_all<'a>(
        &'a self,
        principal: &'a Principal,
        cutoff: Cutoff,
        until: Timestamp,
    ) -> Answer<'a, ()>;

    fn sweep(&self, limit: usize) -> Answer<'_, usize>;
}

impl<R: Revocation> DynRevocation for R {
    fn ended<'a>(
        &'a self,
        id: &'a StoreKey,
        issued_at: Timestamp,
        principal: Option<&'a Principal>,
    ) -> Answer<'a, Option<Timestamp>> {
        let cutoff = async move {
            match principal {
                Some(principal) => Revocation::not_before(self, principal).await,
                None => Ok(None),
            }
        };
        Box::pin(async move {
            // Both at once: a request waits for one round trip.
            let (revoked, cutoff) =
                futures_util::future::try_join(Revocation::revoked(self, id), cutoff).await?;
            let cutoff = cutoff.filter(|cutoff| cutoff.ends(id, issued_at));
            Ok(revoked.max(cutoff.map(|cutoff| cutoff.at)))
        })
    }

    fn revoke<'a>(&'a self, id: &'a StoreKey, now: Timestamp, until: Timestamp) -> Answer<'a, ()> {
        Box::pin(Revocation::revoke(self, id, now, until))
    }

    fn revoke_all<'a>(
        &'a self,
        principal: &'a Principal,
        cutoff: Cutoff,
        until: Timestamp,
    ) -> Answer<'a, ()> {
        Box::pin(Revocation::revoke_all(self, principal, cutoff, until))
    }

    fn sweep(&self, limit: usize) -> Answer<'_, usize> {
        Box::pin(Revocation::sweep(self, limit))
    }
}
