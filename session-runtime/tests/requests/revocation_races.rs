//! Sessions in cookies that are renewed while they are revoked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::StatusCode;
use session_runtime::record::Principal;
use session_runtime::revocation::{Cutoff, Revocation, Revoked, StoreRevocation};
use session_runtime::store::{MemoryStore, StoreError};
use session_runtime::testing::ManualClock;
use session_runtime::{CookieCommand, CookieStore, Session, StoreKey, Timestamp};
use tokio::sync::Notify;

use crate::cookie_store::builder;
use crate::revocation::{key, user};
use crate::site::{Visit, begin, visit};

/// Holds the next revocation up when a test says so.
#[derive(Clone)]
struct Held {
    inner: StoreRevocation<MemoryStore>,
    holds_next: Arc<AtomicBool>,
    arrived: Arc<Notify>,
    released: Arc<Notify>,
}

impl Held {
    fn new(clock: &ManualClock) -> Self {
        Self {
            inner: StoreRevocation::new(MemoryStore::with_clock(clock.clone())),
            holds_next: Arc::default(),
            arrived: Arc::default(),
            released: Arc::default(),
        }
    }

    /// Runs `first`, and runs `meanwhile` before the revocation of `first` is written.
    async fn overtake<T>(
        &self,
        first: impl Future<Output = T>,
        meanwhile: impl AsyncFnOnce(),
    ) -> T {
        self.holds_next.store(true, Ordering::SeqCst);
        let meanwhile = async {
            self.arrived.notified().await;
            meanwhile().await;
            self.released.notify_one();
        };
        tokio::join!(first, meanwhile).0
    }

    async fn write(&self) {
        if self.holds_next.swap(false, Ordering::SeqCst) {
            self.arrived.notify_one();
            self.released.notified().await;
        }
    }
}

impl Revocation for Held {
    async fn revoked(&self, id: &StoreKey) -> Result<Option<Timestamp>, StoreError> {
        self.inner.revoked(id).await
    }

    async fn not_before(&self, principal: &Principal) -> Result<Option<Cutoff>, StoreError> {
        self.inner.not_before(principal).await
    }

    async fn revoke(
        &self,
        id: &StoreKey,
        to: Option<&StoreKey>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Revoked, StoreError> {
        self.write().await;
        self.inner.revoke(id, to, now, until).await
    }

    async fn revoke_all(
        &self,
        principal: &Principal,
        cutoff: Cutoff,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.write().await;
        self.inner.revoke_all(principal, cutoff, until).await
    }
}

#[tokio::test]
async fn a_renewal_undoes_no_logout_and_happens_once() {
    let clock = ManualClock::default();
    let held = Held::new(&clock);
    let sessions = builder(CookieStore::sealed().revocation(held.clone()), &clock).build().unwrap();
    for logout in [true, false] {
        let mut cookie = None;
        visit(&sessions, &mut cookie, async |session| session.set_user_id(Some(7))).await;
        let renewal = begin(&sessions, &cookie);
        let session = renewal.session::<Visit>().await.unwrap();
        session.renew();
        session.add_counter(1);
        drop(session);
        let meanwhile = async || {
            let act = async |session: Session<Visit>| match logout {
                true => session.destroy(),
                false => session.renew(),
            };
            visit(&sessions, &mut cookie, act).await;
        };
        let finished = held.overtake(renewal.finish(StatusCode::OK), meanwhile).await;
        assert!(finished.error.as_ref().is_some_and(|error| error.is_gone()), "{finished:?}");
        assert_eq!(finished.cookie, CookieCommand::Nothing);
        assert_eq!(user(&sessions, &cookie).await, (!logout).then_some(7));
    }
}

#[tokio::test]
async fn a_renewal_does_not_escape_from_signing_out_everywhere() {
    let clock = ManualClock::default();
    let held = Held::new(&clock);
    let sessions = builder(CookieStore::sealed().revocation(held.clone()), &clock).build().unwrap();
    for everywhere in [true, false] {
        let (mut here, mut there) = (None, None);
        for cookie in [&mut here, &mut there] {
            visit(&sessions, cookie, async |session| session.set_user_id(Some(7))).await;
        }
        let our_key = key(&sessions, &here).await;
        let end = async {
            match everywhere {
                true => sessions.delete_all::<Visit>(&7).await.unwrap(),
                false => sessions.delete_others::<Visit>(&7, &our_key).await.unwrap(),
            }
        };
        held.overtake(end, async || {
            clock.advance(Duration::from_millis(1));
            visit(&sessions, &mut there, async |session| session.renew()).await;
        })
        .await;
        assert_eq!(user(&sessions, &there).await, None);
        assert_eq!(user(&sessions, &here).await, (!everywhere).then_some(7));
    }
}
