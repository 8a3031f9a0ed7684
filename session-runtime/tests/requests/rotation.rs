//! Keys are rotated while sessions are live, in stores and in cookies.

use std::time::Duration;

use session_runtime::store::MemoryStore;
use session_runtime::testing::ManualClock;
use session_runtime::{CookieStore, Keyring, Sessions};

use crate::site::visit;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Where sessions are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kept {
    InStore,
    Sealed,
    Signed,
}

const EVERYWHERE: [Kept; 3] = [Kept::InStore, Kept::Sealed, Kept::Signed];

/// An application that is deployed again and again, each time with other keys.
struct Deploys {
    kept: Kept,
    store: MemoryStore,
    clock: ManualClock,
}

impl Deploys {
    fn new(kept: Kept) -> Self {
        let clock = ManualClock::default();
        Self { kept, store: MemoryStore::with_clock(clock.clone()), clock }
    }

    /// The next deployment with these keys, the newest first.
    fn with(&self, keys: impl IntoIterator<Item = u8>) -> Sessions {
        let builder = match self.kept {
            Kept::InStore => Sessions::builder(self.store.clone()),
            Kept::Sealed => Sessions::builder(CookieStore::sealed()),
            Kept::Signed => Sessions::builder(CookieStore::signed()),
        };
        let keys = Keyring::new(keys.into_iter().map(|key| [key; 32])).unwrap();
        builder.keys(keys).clock(self.clock.clone()).build().unwrap()
    }
}

async fn add(sessions: &Sessions, cookie: &mut Option<String>) -> u64 {
    visit(sessions, cookie, async |session| session.add_counter(1)).await
}

async fn counter(sessions: &Sessions, cookie: &Option<String>) -> u64 {
    visit(sessions, &mut cookie.clone(), async |session| session.counter()).await
}

#[tokio::test]
async fn a_session_outlives_any_number_of_new_keys() {
    for kept in EVERYWHERE {
        let deploys = Deploys::new(kept);
        let mut cookie = None;
        add(&deploys.with([1]), &mut cookie).await;
        let first = cookie.clone();
        for newest in 2..=50 {
            let sessions = deploys.with((1..=newest).rev());
            visit(&sessions, &mut cookie, async |session| {
                assert_eq!((session.counter(), session.is_new()), (1, false), "{kept:?}");
            })
            .await;
            assert_eq!(cookie, first, "{kept:?}: to read moves nothing");
        }
    }
}

#[tokio::test]
async fn a_session_that_was_renewed_needs_the_first_key_alone() {
    for kept in EVERYWHERE {
        let deploys = Deploys::new(kept);
        let mut cookie = None;
        add(&deploys.with([1]), &mut cookie).await;
        visit(&deploys.with([2, 1]), &mut cookie, async |session| session.renew()).await;
        assert_eq!(counter(&deploys.with([2]), &cookie).await, 1, "{kept:?}");
        assert_eq!(counter(&deploys.with([1]), &cookie).await, 0, "{kept:?}");
        // Signing in renews.
        visit(&deploys.with([3, 2]), &mut cookie, async |session| session.set_user_id(Some(7)))
            .await;
        assert_eq!(counter(&deploys.with([3]), &cookie).await, 1, "{kept:?}");
    }
}

#[tokio::test]
async fn a_change_moves_a_session_to_the_first_key_where_the_cookie_holds_it() {
    for kept in EVERYWHERE {
        let deploys = Deploys::new(kept);
        let mut cookie = None;
        add(&deploys.with([1]), &mut cookie).await;
        add(&deploys.with([2, 1]), &mut cookie).await;
        let seen = counter(&deploys.with([2]), &cookie).await;
        // The cookie of a session in a store does not change with it.
        assert_eq!(seen, if kept == Kept::InStore { 0 } else { 2 }, "{kept:?}");
        assert_eq!(counter(&deploys.with([3, 2, 1]), &cookie).await, 2, "{kept:?}");
    }
}

#[tokio::test]
async fn a_dropped_key_ends_its_sessions() {
    for kept in EVERYWHERE {
        let deploys = Deploys::new(kept);
        let mut cookie = None;
        add(&deploys.with([1]), &mut cookie).await;
        let old = cookie.clone();
        let without = deploys.with([3, 2]);
        visit(&without, &mut cookie, async |session| assert!(session.is_new())).await;
        assert_eq!(cookie, old, "{kept:?}: to read removes nothing");
        assert_eq!(add(&without, &mut cookie).await, 1, "{kept:?}: a new session");
        assert_ne!(cookie, old, "{kept:?}");
        // A key that is added again makes its sessions valid again, unless they were deleted.
        assert_eq!(counter(&deploys.with([2, 1]), &old).await, 1, "{kept:?}");
    }
}

#[tokio::test]
async fn nobody_is_signed_out_when_the_old_key_goes_after_the_absolute_timeout() {
    for kept in EVERYWHERE {
        let deploys = Deploys::new(kept);
        let both = deploys.with([2, 1]);
        let (mut before, mut after) = (None, None);
        visit(&deploys.with([1]), &mut before, async |session| session.set_user_id(Some(7))).await;
        visit(&both, &mut after, async |session| session.set_user_id(Some(8))).await;
        for hour in 0..24 * 2 {
            let user = async |cookie: &mut Option<String>| {
                visit(&both, cookie, async |session| session.user_id()).await
            };
            assert_eq!(user(&mut before).await, Some(7), "{kept:?}, {hour}");
            assert_eq!(user(&mut after).await, Some(8), "{kept:?}, {hour}");
            // A session that is renewed in another way meanwhile gets the new key.
            if hour == 24 {
                visit(&both, &mut after, async |session| session.set_user_id(Some(9))).await;
                visit(&both, &mut after, async |session| session.set_user_id(Some(8))).await;
            }
            deploys.clock.advance(HOUR / 2);
        }
        let (new, old) = (deploys.with([2]), deploys.with([1]));
        let user = async |sessions: &Sessions, cookie: &Option<String>| {
            visit(sessions, &mut cookie.clone(), async |session| session.user_id()).await
        };
        assert_eq!(user(&new, &after).await, Some(8), "{kept:?}");
        for sessions in [&both, &new, &old] {
            assert_eq!(user(sessions, &before).await, None, "{kept:?}: over by itself");
        }
    }
}
