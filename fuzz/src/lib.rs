//! Shared by the targets: sites with one visitor, and cookies made from the input.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, StatusCode};
use session_runtime::store::MemoryStore;
use session_runtime::testing::ManualClock;
use session_runtime::{
    CookieCommand, CookieStore, Keyring, SessionSchema, Sessions, SessionsBuilder,
};
use sha2::Sha256;
use tokio::runtime::{Builder, Runtime};

const KEY: [u8; 32] = [7; 32];

/// The schema of every site.
#[derive(SessionSchema)]
pub struct Visit {
    #[session(counter)]
    pub counter: u64,
    pub name: Option<String>,
    #[session(flash)]
    pub notice: Option<String>,
    #[session(principal)]
    pub user_id: Option<u64>,
}

/// A site, and the cookies of its only visitor.
pub struct Site {
    pub sessions: Sessions,
    /// Names and values.
    pub cookies: Vec<(String, String)>,
}

/// Sites with sessions in a store, in sealed and in signed cookies, and in both kinds with chunks.
pub static SITES: LazyLock<[Site; 5]> = LazyLock::new(|| {
    let clock = ManualClock::default();
    let store = MemoryStore::with_clock(clock.clone());
    let large = "x".repeat(4_000);
    let (sealed, signed) = (CookieStore::sealed, CookieStore::signed);
    [
        Site::new(Sessions::builder(store), &clock, "Ann"),
        Site::new(Sessions::builder(sealed()), &clock, "Ann"),
        Site::new(Sessions::builder(signed()), &clock, "Ann"),
        Site::new(Sessions::builder(sealed().max_chunks(2)), &clock, &large),
        Site::new(Sessions::builder(signed().max_chunks(2)), &clock, &large),
    ]
});

impl Site {
    fn new(builder: SessionsBuilder, clock: &ManualClock, name: &str) -> Self {
        let keys = Keyring::new([KEY]).unwrap();
        let sessions = builder.keys(keys).clock(clock.clone()).build().unwrap();
        let handle = sessions.begin([]);
        wait(handle.session::<Visit>()).unwrap().set_name(Some(name.to_owned()));
        let CookieCommand::Set(cookies) = wait(handle.finish(StatusCode::OK)).cookie else {
            panic!("a new session sets a cookie");
        };
        let pair = |cookie: &str| {
            let (name, value) = cookie.split(';').next()?.split_once('=')?;
            // A `Set-Cookie` that removes a cookie has no value.
            (!value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
        };
        let cookies = cookies.iter().filter_map(pair).collect();
        let site = Self { sessions, cookies };
        assert!(site.knows([site.header()]), "the visitor's own cookies");
        site
    }

    /// The visitor's `Cookie` header.
    pub fn header(&self) -> HeaderValue {
        let pairs: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        HeaderValue::from_str(&pairs.join("; ")).unwrap()
    }

    /// Whether a request with these `Cookie` headers has a session.
    pub fn knows(&self, headers: impl IntoIterator<Item = HeaderValue>) -> bool {
        let session = wait(self.sessions.begin(headers).session::<Visit>()).unwrap();
        assert_eq!(session.is_new(), session.name().is_none());
        !session.is_new()
    }

    /// Tries another value for the visitor's cookie, on a site with one cookie.
    ///
    /// The first byte of the input says what the rest is: the value itself, changes of the genuine
    /// value, or changes of the bytes behind its base64.
    pub fn try_value(&self, input: &[u8]) {
        let Some((how, input)) = input.split_first() else { return };
        let (name, genuine) = &self.cookies[0];
        let value = match how % 3 {
            0 => input.to_vec(),
            1 => changed(genuine.as_bytes(), input),
            _ => {
                let parts = genuine.split('.').map(|part| {
                    let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
                    URL_SAFE_NO_PAD.encode(changed(&bytes, input))
                });
                parts.collect::<Vec<_>>().join(".").into_bytes()
            }
        };
        let header = [name.as_bytes(), b"=", &value].concat();
        let Ok(header) = HeaderValue::from_bytes(&header) else { return };
        let known = self.knows([header]);
        assert!(!known || contains(&value, genuine.as_bytes()), "a value that nobody gave out");
        assert!(known || value != genuine.as_bytes(), "the visitor's own value");
    }
}

/// The value with changes: each three bytes of the input are a position and the bits to flip.
fn changed(genuine: &[u8], input: &[u8]) -> Vec<u8> {
    let mut value = genuine.to_vec();
    for &[low, high, bits] in input.as_chunks::<3>().0 {
        let at = usize::from(u16::from_le_bytes([low, high]));
        match value.get_mut(at) {
            Some(byte) => *byte ^= bits,
            // A position after the end changes the length.
            None => value.resize(at % (2 * genuine.len()), bits),
        }
    }
    value
}

/// Whether `whole` contains `part`.
pub fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// A signed cookie with any content, made with the right key.
pub fn sign(content: &[u8]) -> String {
    static SIGNER: LazyLock<Hmac<Sha256>> = LazyLock::new(|| {
        let mut key = [0; 32];
        let info = b"session-runtime v1 signed record\0__Host-id";
        Hkdf::<Sha256>::new(None, &KEY).expand(info, &mut key).unwrap();
        let signer = Hmac::new_from_slice(&key).unwrap();
        // The result must equal the library's own cookies; otherwise no input passes the signature.
        let genuine = &SITES[2].cookies[0].1;
        let (content, _) = genuine.split_once('.').unwrap();
        assert_eq!(sign_with(&signer, &URL_SAFE_NO_PAD.decode(content).unwrap()), *genuine);
        signer
    });
    sign_with(&SIGNER, content)
}

fn sign_with(signer: &Hmac<Sha256>, content: &[u8]) -> String {
    let mac = signer.clone().chain_update(content).finalize().into_bytes();
    format!("{}.{}", URL_SAFE_NO_PAD.encode(content), URL_SAFE_NO_PAD.encode(mac))
}

/// Runs `future` to its end, with timers, which a commit may need.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());
    RUNTIME.block_on(future)
}
