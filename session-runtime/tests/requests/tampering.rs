//! Cookies with a changed bit or byte, and cookies among invalid ones.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode};
use proptest::prelude::*;
use proptest::sample::Index;
use session_runtime::store::MemoryStore;
use session_runtime::testing::ManualClock;
use session_runtime::{CookieCommand, CookieStore, Keyring, Session, Sessions};
use tokio::runtime::Runtime;

use crate::site::Visit;

/// A visitor's cookies, and the sessions that they lead to.
struct Visitor {
    sessions: Sessions,
    /// Name and value; several for a session that is spread over several cookies.
    cookies: Vec<(String, String)>,
    runtime: Runtime,
}

impl Visitor {
    /// One of each kind. Some have a session that does not fit into one cookie.
    fn all() -> [Self; 5] {
        let clock = ManualClock::default();
        let large = "x".repeat(6_000);
        let store = MemoryStore::with_clock(clock.clone());
        let (sealed, signed) = (CookieStore::sealed, CookieStore::signed);
        [
            Self::new(Sessions::builder(store), &clock, "Ann"),
            Self::new(Sessions::builder(sealed()), &clock, "Ann"),
            Self::new(Sessions::builder(signed()), &clock, "Ann"),
            Self::new(Sessions::builder(sealed().max_chunks(3)), &clock, &large),
            Self::new(Sessions::builder(signed().max_chunks(3)), &clock, &large),
        ]
    }

    fn new(builder: session_runtime::SessionsBuilder, clock: &ManualClock, name: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let keys = Keyring::new([[7; 32]]).unwrap();
        let sessions = builder.keys(keys).clock(clock.clone()).build().unwrap();
        let cookies = runtime.block_on(async {
            let handle = sessions.begin([]);
            handle.session::<Visit>().await.unwrap().set_name(Some(name.to_owned()));
            let finished = handle.finish(StatusCode::OK).await;
            let CookieCommand::Set(cookies) = &finished.cookie else { panic!("{finished:?}") };
            let pair = |cookie: &str| {
                let (name, value) = cookie.split(';').next()?.split_once('=')?;
                // A `Set-Cookie` that removes a cookie has no value.
                (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
            };
            cookies.iter().filter_map(pair).collect()
        });
        let visitor = Self { sessions, cookies, runtime };
        assert!(visitor.is_known(&[visitor.header(0, visitor.cookies[0].1.as_bytes())]));
        visitor
    }

    /// The `Cookie` header in which the cookie `at` has another value.
    fn header(&self, at: usize, value: &[u8]) -> Vec<u8> {
        let mut header = Vec::new();
        for (index, (name, genuine)) in self.cookies.iter().enumerate() {
            let value = if index == at { value } else { genuine.as_bytes() };
            header.extend([name.as_bytes(), b"=", value, b"; "].concat());
        }
        header
    }

    fn session(&self, headers: &[Vec<u8>]) -> Session<Visit> {
        let headers = headers.iter().map(|header| HeaderValue::from_bytes(header).unwrap());
        let handle = self.sessions.begin(headers);
        self.runtime.block_on(handle.session()).unwrap()
    }

    fn is_known(&self, headers: &[Vec<u8>]) -> bool {
        let session = self.session(headers);
        assert_eq!(session.is_new(), session.name().is_none());
        assert_eq!(session.is_new(), session.id().is_none());
        !session.is_new()
    }

    /// Whether the cookie `at` with another value still leads to the session.
    fn accepts(&self, at: usize, value: &[u8]) -> bool {
        HeaderValue::from_bytes(value).is_ok() && self.is_known(&[self.header(at, value)])
    }
}

#[test]
fn no_changed_bit_is_accepted() {
    for visitor in Visitor::all().iter().filter(|visitor| visitor.cookies.len() == 1) {
        let value = visitor.cookies[0].1.as_bytes();
        for bit in 0..value.len() * 8 {
            let mut changed = value.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!visitor.accepts(0, &changed), "bit {bit}");
        }
    }
}

/// The bytes behind the base64, so that every change reaches the signature or the seal.
#[test]
fn no_changed_bit_of_the_content_is_accepted() {
    for visitor in Visitor::all().iter().filter(|visitor| visitor.cookies.len() == 1) {
        let value = &visitor.cookies[0].1;
        let parts: Vec<Vec<u8>> =
            value.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        for (at, part) in parts.iter().enumerate() {
            for bit in 0..part.len() * 8 {
                let mut changed = parts.clone();
                changed[at][bit / 8] ^= 1 << (bit % 8);
                let changed: Vec<String> =
                    changed.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
                assert!(!visitor.accepts(0, changed.join(".").as_bytes()), "bit {bit} of {at}");
            }
        }
    }
}

#[test]
fn no_changed_byte_is_accepted() {
    let visitors = Visitor::all();
    let strategy = (any::<Index>(), any::<Index>(), any::<Index>(), any::<u8>(), 0..3_u8);
    let config = ProptestConfig { cases: 1_024, failure_persistence: None, ..Default::default() };
    proptest!(config, |((which, cookie, at, byte, kind) in strategy)| {
        let visitor = &visitors[which.index(visitors.len())];
        let cookie = cookie.index(visitor.cookies.len());
        let value = visitor.cookies[cookie].1.as_bytes();
        let mut changed = value.to_vec();
        let at = at.index(value.len());
        match kind {
            0 => changed[at] = byte,
            1 => drop(changed.remove(at)),
            // Spaces around a value, and anything after a semicolon, are not part of it.
            _ => changed.insert(at, if b" \t;".contains(&byte) { b'A' } else { byte }),
        }
        // Removing one of two equal neighbours is a change, and so is adding one.
        prop_assert!(changed == value || !visitor.accepts(cookie, &changed));
    });
}

#[test]
fn no_mix_of_chunks_is_accepted() {
    let [.., sealed, signed] = Visitor::all();
    let [.., other_sealed, other_signed] = Visitor::all();
    for (visitor, other) in [(sealed, other_sealed), (signed, other_signed)] {
        assert!(visitor.cookies.len() > 1);
        for at in 0..visitor.cookies.len() {
            assert!(!visitor.accepts(at, b""), "an empty chunk");
            for (index, (_, value)) in visitor.cookies.iter().enumerate() {
                assert_eq!(visitor.accepts(at, value.as_bytes()), index == at, "another place");
            }
            let foreign = &other.cookies[at].1;
            let is_same = *foreign == visitor.cookies[at].1;
            assert_eq!(visitor.accepts(at, foreign.as_bytes()), is_same, "another session's");
        }
    }
}

/// A byte of a header: no control character, and more often one with a special meaning.
fn rubbish(length: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        2 => prop::sample::select(b"__Host-id.0=;\" \t,".to_vec()),
        2 => b' '..=b'~',
        1 => 0x80..=0xff_u8,
    ];
    prop::collection::vec(byte, length)
}

#[test]
fn a_cookie_is_found_in_any_rubbish() {
    let visitors = Visitor::all();
    let strategy = (
        any::<Index>(),
        prop::collection::vec(rubbish(0..100), 0..4),
        any::<Index>(),
        prop_oneof![rubbish(0..200), rubbish(64).prop_map(|rubbish| rubbish.repeat(128))],
        rubbish(0..200),
    );
    let config = ProptestConfig { failure_persistence: None, ..Default::default() };
    proptest!(config, |((which, others, at, before, after) in strategy)| {
        // The first chunk of each name counts, so other values under these names are not ignored.
        let visitor = &visitors[which.index(3)];
        let ours = visitor.header(usize::MAX, b"");
        let mut headers = others;
        prop_assert!(!visitor.is_known(&headers));
        headers.insert(at.index(headers.len() + 1), [&before[..], b";", &ours, &after].concat());
        prop_assert!(visitor.is_known(&headers));
    });
}

#[test]
fn what_a_session_holds_comes_back() {
    let visitors = Visitor::all();
    let config = ProptestConfig { failure_persistence: None, ..Default::default() };
    let strategy = (
        any::<Index>(),
        0..=i64::MAX as u64,
        any::<Option<String>>(),
        prop::collection::vec(any::<String>(), 0..4),
        any::<Option<u64>>(),
    );
    proptest!(config, |((which, counter, name, items, user_id) in strategy)| {
        let visitor = &visitors[which.index(visitors.len())];
        let cookie = visitor.runtime.block_on(async {
            let handle = visitor.sessions.begin([]);
            let session = handle.session::<Visit>().await.unwrap();
            session.set_counter(counter);
            session.set_name(name.clone());
            session.set_items(items.clone());
            session.set_user_id(user_id);
            let finished = handle.finish(StatusCode::OK).await;
            let CookieCommand::Set(cookies) = finished.cookie else { panic!("{finished:?}") };
            let pairs: Vec<_> = cookies.iter().filter_map(|cookie| cookie.split(';').next()).collect();
            pairs.join("; ")
        });
        let session = visitor.session(&[cookie.into_bytes()]);
        prop_assert_eq!(session.counter(), counter);
        prop_assert_eq!(session.name(), name);
        prop_assert_eq!(session.items(), items);
        prop_assert_eq!(session.user_id(), user_id);
    });
}
