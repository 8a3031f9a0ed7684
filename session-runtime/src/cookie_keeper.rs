//! What becomes of sessions that are kept in the cookie.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::cookie::Verified;
use crate::cookie::chunks::Chunks;
use crate::cookie::content::Content;
use crate::cookie::read::CookieHeaders;
use crate::cookie::readable::ContentSigner;
use crate::cookie::sealed::Sealer;
use crate::cookie::template::CookieTemplate;
use crate::cookie_store::{CookieStore, Protection};
use crate::error::{ConfigError, SessionError, SessionErrorKind, StoreError, TooLarge};
use crate::explain::ExplainedCookie;
use crate::id::{Proof, SessionId, StoreKey};
use crate::keeper::MAX_LOOKUPS;
use crate::keyring::Keyring;
use crate::observe::{self, watched};
use crate::patch::{Applied, Patch};
use crate::record::{Principal, Record};
use crate::refusal::Refusal;
use crate::revocation::{AnyRevocation, Cutoff, Revoked};
use crate::state::{LiveSession, Stored};
use crate::store::{TOMBSTONE_TIME, Updated};

/// What the clocks of an application's servers may differ.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

pub(crate) struct CookieKeeper {
    guard: Guard,
    pub(crate) chunks: Chunks,
    revocation: Option<AnyRevocation>,
    clock: Arc<dyn Clock>,
    /// No cookie is good for longer after its id was issued.
    longest: Duration,
    /// When all sessions of a principal were ended here for the last time, in milliseconds.
    last_cutoff: AtomicU64,
}

enum Guard {
    Sealed(Sealer),
    Signed(ContentSigner),
}

impl CookieKeeper {
    pub(crate) fn new(
        store: CookieStore,
        keys: &Keyring,
        cookie_name: &str,
        clock: Arc<dyn Clock>,
        longest: Duration,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            guard: match store.protection {
                Protection::Sealed => Guard::Sealed(Sealer::new(keys, cookie_name)),
                Protection::Signed => Guard::Signed(ContentSigner::new(keys, cookie_name)),
            },
            chunks: store.chunks()?,
            revocation: store.revocation,
            clock,
            longest,
            last_cutoff: AtomicU64::new(0),
        })
    }

    pub(crate) async fn find(
        &self,
        name: &str,
        sent: &CookieHeaders,
    ) -> Result<Stored, StoreError> {
        let now = self.clock.now();
        let mut found = Stored::Nothing;
        let chunked = self.chunks.join(name, sent);
        let live = values(name, sent, &chunked).filter_map(|value| {
            let unexpired = |Verified { content: live, .. }: Verified<LiveSession>| {
                if live.record.is_live(now) { Ok(live) } else { Err(Refusal::Expired) }
            };
            self.open(value).and_then(unexpired).map_err(observe::refused).ok()
        });
        for live in live.take(MAX_LOOKUPS) {
            match self.ended(&live, now).await? {
                None => return Ok(Stored::Live(live)),
                Some(refusal) => {
                    observe::refused(refusal);
                    if refusal == Refusal::Gone {
                        found = Stored::Gone;
                    }
                }
            }
        }
        Ok(found)
    }

    pub(crate) async fn explain(
        &self,
        name: &str,
        sent: &CookieHeaders,
    ) -> Result<Vec<ExplainedCookie>, StoreError> {
        let now = self.clock.now();
        let (mut cookies, mut lookups) = (Vec::new(), 0);
        let chunked = self.chunks.join(name, sent);
        for value in values(name, sent, &chunked) {
            cookies.push(match self.open(value) {
                Err(refusal) => ExplainedCookie::not_ours(refusal),
                Ok(Verified { content: live, position }) => {
                    let refusal = if !live.record.is_live(now) {
                        Some(Refusal::Expired)
                    } else if lookups == MAX_LOOKUPS {
                        Some(Refusal::Surplus)
                    } else {
                        lookups += 1;
                        self.ended(&live, now).await?
                    };
                    ExplainedCookie::ours(position, live.id.key, Some(&live.record), refusal)
                }
            });
        }
        Ok(cookies)
    }

    /// The session in a cookie's value, which may have expired.
    fn open(&self, value: Result<&[u8], Refusal>) -> Result<Verified<LiveSession>, Refusal> {
        let Verified { content, position } = match &self.guard {
            Guard::Sealed(sealer) => sealer.open(value?)?,
            Guard::Signed(signer) => signer.verify(value?)?,
        };
        let Content { id, issued_at, mut record } =
            Content::decode(&content).ok_or(Refusal::Malformed)?;
        // Timeouts that were shortened hold for older cookies too: no revocation is remembered for longer.
        record.deadline = record.deadline.min(issued_at + self.longest);
        record.expires_at = record.expires_at.min(record.deadline);
        let id = SessionId { key: id, proof: Proof::Held { issued_at } };
        Ok(Verified { content: LiveSession { id, record }, position })
    }

    pub(crate) fn issue(&self) -> Result<SessionId, SessionError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(SessionErrorKind::Random)?;
        Ok(SessionId {
            key: StoreKey::from_bytes(id),
            proof: Proof::Held { issued_at: self.issue_time() },
        })
    }

    pub(crate) fn value(
        &self,
        live: &LiveSession,
        issued_at: Timestamp,
        cookie: &CookieTemplate,
        max_age: Option<Duration>,
    ) -> Result<String, SessionError> {
        let content = Content { id: live.id.key, issued_at, record: live.record.clone() };
        let content = content.encode()?;
        let value = match &self.guard {
            Guard::Sealed(sealer) => sealer.seal(&content)?,
            Guard::Signed(signer) => signer.sign(&content),
        };
        let capacity = self.chunks.capacity(cookie, max_age);
        match value.len() <= capacity {
            true => Ok(value),
            false => Err(too_large(&live.record, value.len(), capacity)),
        }
    }

    /// Whether the session may be changed; its old id, if it gets a new one, ends here.
    pub(crate) async fn save(
        &self,
        live: &LiveSession,
        to: Option<&StoreKey>,
        patch: &Patch,
        foreseen: &Applied,
    ) -> Result<Updated, StoreError> {
        // It may have been ended since it was loaded.
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

    /// Ends a session, wherever it was renewed to.
    pub(crate) async fn end(&self, id: &StoreKey) -> Result<(), StoreError> {
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

    pub(crate) async fn revoke_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<(), StoreError> {
        let at = self.issue_time();
        self.cut_off(principal, except, at).await?;
        // A renewal that was checked before this was written may have its id from after `at`.
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

    pub(crate) async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        watched!("sweep", self.revocation()?.sweep(limit))
    }

    /// Asks the revocation for a session that does not exist.
    pub(crate) async fn check(&self, id: &StoreKey) -> Result<(), StoreError> {
        match &self.revocation {
            Some(revocation) => {
                watched!("health", revocation.ended(id, self.clock.now(), None)).map(drop)
            }
            None => Ok(()),
        }
    }

    /// Whether it was ended, and if only just.
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
        // As a store's tombstone, which tells it from a session that never was.
        Ok(ended.map(|at| match now.saturating_since(at) < TOMBSTONE_TIME {
            true => Refusal::Gone,
            false => Refusal::Revoked,
        }))
    }

    /// The present, but later than every cutoff that was set here: whoever signs in after one stays signed in, in the
    /// same millisecond too.
    fn issue_time(&self) -> Timestamp {
        let last_cutoff = Timestamp::from_millis(self.last_cutoff.load(Ordering::Relaxed));
        self.clock.now().max(last_cutoff + Duration::from_millis(1))
    }

    fn revocation(&self) -> Result<&AnyRevocation, StoreError> {
        self.revocation.as_ref().ok_or_else(StoreError::unsupported)
    }

    /// From then on no cookie that exists now is good any more.
    fn last_use(&self, now: Timestamp) -> Timestamp {
        now + self.longest + CLOCK_SKEW
    }
}

/// Every cookie called `name`, and the one that is spread over several.
fn values<'a>(
    name: &str,
    sent: &'a CookieHeaders,
    chunked: &'a Option<Result<Vec<u8>, Refusal>>,
) -> impl Iterator<Item = Result<&'a [u8], Refusal>> {
    let chunked = chunked.as_ref().map(|joined| joined.as_deref().map_err(|refusal| *refusal));
    sent.values(name).map(Ok).chain(chunked)
}

fn too_large(record: &Record, size: usize, capacity: usize) -> SessionError {
    let mut fields: Vec<_> =
        record.fields.iter().map(|(key, text)| (key.into(), key.len() + text.len())).collect();
    fields.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    SessionErrorKind::TooLarge(TooLarge { size, capacity, fields }).into()
}
