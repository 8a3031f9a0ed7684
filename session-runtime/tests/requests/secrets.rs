//! Secrets are not printed, and what the store holds is of no use to its reader.

use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::StatusCode;
use session_runtime::store::MemoryStore;
use session_runtime::{CookieStore, Keyring, SessionSchema, Sessions, SessionsBuilder, StoreKey};

use crate::site::{Site, Visit, begin, keep, visit};

#[derive(SessionSchema)]
struct Wrong {
    name: Option<u64>,
}

#[tokio::test]
async fn nothing_that_is_printed_shows_a_key_a_cookie_or_a_value() {
    const KEY: &[u8; 32] = b"the-key-of-this-site-is-very-new";
    let store = MemoryStore::new();
    let backends: [fn(&MemoryStore) -> SessionsBuilder; 2] =
        [|store| Sessions::builder(store.clone()), |_| Sessions::builder(CookieStore::sealed())];
    for backend in backends {
        let ring = Keyring::new([KEY]).unwrap();
        let mut printed = Printed(format!("{ring:?}"));
        let builder = backend(&store).keys(ring.clone());
        printed.add(&(&store, &builder));
        let sessions = builder.build().unwrap();
        printed.add(&sessions);

        let mut cookie = None;
        let handle = begin(&sessions, &cookie);
        let session = handle.session::<Visit>().await.unwrap();
        session.set_name(Some("Rumpelstiltskin".to_owned()));
        session.set_user_id(Some(77_777));
        printed.add(&(&handle, &session));
        let finished = handle.finish(StatusCode::OK).await;
        printed.add(&(&finished, &finished.cookie, &session));
        keep(&mut cookie, &finished);

        let handle = begin(&sessions, &cookie);
        printed.add(&(&handle, handle.session::<Visit>().await.unwrap()));
        let other = backend(&store).keys(ring).build().unwrap();
        let error = begin(&other, &cookie).session::<Wrong>().await.unwrap_err();
        assert!(error.is_mismatch());
        printed.0.push_str(&error.to_string());
        printed.add(&error);
        printed.add(&sessions.delete_all::<Visit>(&77_777).await);

        let cookie = cookie.unwrap();
        let (_, value) = cookie.split_once('=').unwrap();
        let secrets = [
            value,
            "Rumpelstiltskin",
            "77777",
            std::str::from_utf8(KEY).unwrap(),
            &STANDARD.encode(KEY),
            &format!("{KEY:?}"),
        ];
        for secret in secrets {
            assert!(!printed.0.contains(secret), "{secret} in {}", printed.0);
        }
    }
}

/// All that was printed.
struct Printed(String);

impl Printed {
    fn add(&mut self, value: &dyn Debug) {
        self.0.push_str(&format!("{value:?} {value:#?}\n"));
    }
}

#[tokio::test]
async fn what_a_store_holds_makes_no_cookie() {
    let site = Site::new();
    let mut cookie = None;
    site.visit(&mut cookie, async |session| session.add_counter(1)).await;
    let id = site.visit(&mut cookie, async |session| session.id()).await.unwrap();
    let key: StoreKey = id.parse().unwrap();
    let twice = [*key.as_bytes(), *key.as_bytes()].concat();
    let zeros = [*key.as_bytes(), [0; 16]].concat();
    for value in [id, URL_SAFE_NO_PAD.encode(twice), URL_SAFE_NO_PAD.encode(zeros)] {
        let mut forged = Some(format!("__Host-id={value}"));
        assert!(visit(&site.sessions, &mut forged, async |session| session.is_new()).await);
    }
}
