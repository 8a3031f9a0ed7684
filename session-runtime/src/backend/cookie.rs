//! Sessions in the cookie: each response carries the whole record, and a revocation may end it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::content::Content;
use super::cookie_store::CookieStore;
use super::explain::ExplainedCookie;
use super::lookup::{self, LookUp, Refused};
use super::stored::{LiveSession, Stored};
use crate::clock::{Clock, Timestamp};
use crate::cookie::chunks::Chunks;
use crate::cookie::read::CookieHeaders;
use crate::cookie::set_cookie::CookieTemplate;
use crate::crypto::Keyring;
use crate::crypto::Refusal;
use crate::crypto::Verified;
use crate::crypto::content_keys::ContentKeys;
use crate::error::{ConfigError, SessionError, SessionErrorKind, StoreError, TooLarge};
use crate::id::{Proof, SessionId, StoreKey};
use crate::patch::{Applied, Patch};
use crate::record::{Principal, Record};
use crate::revocation::{AnyRevocation, Cutoff, Revoked};
use crate::store::{TOMBSTONE_TIME, Updated};
use crate::telemetry::watched;

/// How much the clocks of an application's servers may differ.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

pub(super) struct CookieBackend {
    keys: ContentKeys,
    pub(super) chunks: Chunks,
    revocation: Option<AnyRevocation>,
    clock: Arc<dyn Clock>,
    /// How long a cookie can be valid after its id was issued.
    longest: Duration,
    /// When this process last ended all sessions of a principal, in milliseconds.
    last_cutoff: AtomicU64,
}

impl CookieBackend {
    pub(super) fn new(
        store: CookieStore,
        keys: &Keyring,
        cookie_name: &str,
        clock: Arc<dyn Clock>,
        longest: Duration,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            keys: match store.sealed {
                true => ContentKeys::sealed(keys, cookie_name),
                false => ContentKeys::signed(keys, cookie_name),
            },
            chunks: store.chunks()?,
            revocation: store.revocation,
            clock,
            longest,
            last_cutoff: AtomicU64::new(0),
        })
    }

    pub(super) async fn find(
        &self,
        name: &str,
        sent: &CookieHeaders,
    ) -> Result<Stored, StoreError> {
        let chunked = self.chunks.join(name, sent);
        lookup::find(self, values(name, sent, &chunked)).await
    }

    pub(super) async fn explain(
        &self,
        name: &str,
        sent: &CookieHeaders,
    ) -> Result<Vec<ExplainedCookie>, StoreError> {
        let chunked = self.chunks.join(name, sent);
        lookup::explain(self, values(name, sent, &chunked)).await
    }

    pub(super) fn issue(&self) -> Result<SessionId, SessionError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(SessionErrorKind::Random)?;
        Ok(SessionId {
            key: StoreKey::from_bytes(id),
            proof: Proof::Held { issued_at: self.issue_time() },
        })
    }

    pub(super) fn value(
        &self,
        live: &LiveSession,
        issued_at: Timestamp,
        cookie: &CookieTemplate,
        max_age: Option<Duration>,
    ) -> Result<String, SessionError> {
        let content = Content { id: live.id.key, issued_at, record: live.record.clone() };
        let value = self.keys.protect(&content.encode()?)?;
        let capacity = self.chunks.capacity(cookie, max_age);
        match value.len() <= capacity {
            true => Ok(value),
            false => {
                let sizes = TooLarge::new(value.len(), capacity, &live.record.fields);
                Err(SessionErrorKind::TooLarge(sizes).into())
            }
        }
    }

    /// Whether the session may be changed. If it gets a new id, its old id is revoked here.
    pub(super) async fn save(
        &self,
        live: &LiveSession,
        to: Option<&StoreKey>,
        patch: &Patch,
        foreseen: &Applied,
    ) -> Result<Updated, StoreError> {
        // It may have been revoked since it was loaded.
        if self.ended(live, self.clock.now()).await?.is_some() {
            return Ok(Updated::Gone);
        }
        match foreseen {
            Applied::Applied if to.is_some() && self.revocation.is_some() => {
                let moved = to.filter(|_| !patch.signs_in());
                match self.revoke(&live.id.key, moved).await? {
                    Revoked::Now => Ok(Updated::Applied),
                    // Somebody else has just ended it.
                    Revoked::Before | Revoked::Renewed(_) => Ok(Updated::Gone),
                }
            }
            Applied::Applied => Ok(Updated::Applied),
            Applied::Conflict => Ok(Updated::Conflict(live.record.clone())),
            Applied::Mismatch(key) => Ok(Updated::Mismatch(key.clone())),
        }
    }

    /// Ends a session, even if it was renewed since.
    pub(super) async fn end(&self, id: &StoreKey) -> Result<(), StoreError> {
        let mut id = *id;
        loop {
            match self.revoke(&id, None).await? {
                Revoked::Renewed(to) if to != id => id = to,
                Revoked::Now | Revoked::Before | Revoked::Renewed(_) => return Ok(()),
            }
        }
    }

    async fn revoke(&self, id: &StoreKey, to: Option<&StoreKey>) -> Result<Revoked, StoreError> {
        let now = self.clock.now();
        watched!("delete", self.revocation()?.revoke(id, to, now, self.last_use(now)))
    }

    pub(super) async fn revoke_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<(), StoreError> {
        let at = self.issue_time();
        self.cut_off(principal, except, at).await?;
        // A renewal that asked before this was written may have issued its id after `at`.
        let now = self.issue_time();
        if now > at {
            self.cut_off(principal, except, now).await?;
        }
        self.last_cutoff.fetch_max(now.as_millis(), Ordering::Relaxed);
        Ok(())
    }

    async fn cut_off(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let cutoff = Cutoff { at, except: except.copied(), spared_after: None };
        watched!("delete_all", self.revocation()?.revoke_all(principal, cutoff, self.last_use(at)))
    }

    pub(super) async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        watched!("sweep", self.revocation()?.sweep(limit))
    }

    /// Asks the revocation for a session that does not exist.
    pub(super) async fn check(&self, id: &StoreKey) -> Result<(), StoreError> {
        match &self.revocation {
            Some(revocation) => {
                watched!("health", revocation.ended(id, self.clock.now(), None)).map(drop)
            }
            None => Ok(()),
        }
    }

    /// Whether the session was ended, and whether that was a short while ago.
    async fn ended(
        &self,
        live: &LiveSession,
        now: Timestamp,
    ) -> Result<Option<Refusal>, StoreError> {
        let (Some(revocation), Proof::Held { issued_at }) = (&self.revocation, live.id.proof)
        else {
            return Ok(None);
        };
        let principal = live.record.principal.as_ref();
        let ended = watched!("load", revocation.ended(&live.id.key, issued_at, principal))?;
        // For as long as a store keeps a tombstone.
        Ok(ended.map(|at| match now.saturating_since(at) < TOMBSTONE_TIME {
            true => Refusal::Gone,
            false => Refusal::Revoked,
        }))
    }

    /// The present, but later than every cutoff of this process. So somebody who signs in after a
    /// cutoff stays signed in, even within the same millisecond.
    fn issue_time(&self) -> Timestamp {
        let last_cutoff = Timestamp::from_millis(self.last_cutoff.load(Ordering::Relaxed));
        self.clock.now().max(last_cutoff + Duration::from_millis(1))
    }

    fn revocation(&self) -> Result<&AnyRevocation, StoreError> {
        self.revocation.as_ref().ok_or_else(StoreError::unsupported)
    }

    /// When the last cookie that exists now has expired.
    fn last_use(&self, now: Timestamp) -> Timestamp {
        now + self.longest + CLOCK_SKEW
    }
}

impl LookUp for CookieBackend {
    type Opened = LiveSession;

    fn open(&self, value: &[u8]) -> Result<Verified<LiveSession>, Refusal> {
        let Verified { content, position } = self.keys.open(value)?;
        let Content { id, issued_at, mut record } =
            Content::decode(&content).ok_or(Refusal::Malformed)?;
        // Shorter timeouts bind older cookies too: no revocation is kept for longer.
        record.deadline = record.deadline.min(issued_at + self.longest);
        record.expires_at = record.expires_at.min(record.deadline);
        let id = SessionId { key: id, proof: Proof::Held { issued_at } };
        Ok(Verified { content: LiveSession { id, record }, position })
    }

    fn check(&self, live: LiveSession) -> Result<LiveSession, Refused> {
        match live.record.is_live(self.clock.now()) {
            true => Ok(live),
            false => Err(live.refused(Refusal::Expired)),
        }
    }

    fn describe(&self, live: LiveSession) -> (StoreKey, Option<Record>) {
        (live.id.key, Some(live.record))
    }

    async fn look_up(&self, live: LiveSession) -> Result<Result<LiveSession, Refused>, StoreError> {
        Ok(match self.ended(&live, self.clock.now()).await? {
            None => Ok(live),
            Some(refusal) => Err(live.refused(refusal)),
        })
    }
}

impl LiveSession {
    fn refused(self, refusal: Refusal) -> Refused {
        Refused { key: self.id.key, record: Some(self.record), refusal }
    }
}

/// The value of every cookie called `name`, and the value that is spread over several cookies.
fn values<'a>(
    name: &str,
    sent: &'a CookieHeaders,
    chunked: &'a Option<Result<Vec<u8>, Refusal>>,
) -> impl Iterator<Item = Result<&'a [u8], Refusal>> {
    let chunked = chunked.as_ref().map(|joined| joined.as_deref().map_err(|refusal| *refusal));
    sent.values(name).map(Ok).chain(chunked)
}
