//! `explain`.

use std::process::Command;
use std::time::Duration;

use session_runtime::{
    Clock, CookieOptions, CookieStore, Keyring, SessionSchema, Sessions, SystemClock, Timestamp,
};

use crate::site::{Places, Ran, command, open, run_with};

#[derive(SessionSchema)]
struct Visit {
    name: Option<String>,
}

struct Site {
    url: String,
    keys: String,
    sessions: Sessions,
    _places: Places,
}

impl Site {
    async fn new() -> Self {
        let places = Places::new();
        let url = places.sqlite();
        let keys = Keyring::generate_base64().unwrap();
        let ring = Keyring::from_base64(&keys).unwrap();
        let sessions = Sessions::builder(open(&url).await).keys(ring).build().unwrap();
        Self { url, keys, sessions, _places: places }
    }

    /// The id and the `Cookie` header of a new session.
    async fn issue(&self) -> (String, String) {
        issue(&self.sessions).await
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&self.url, &[&["explain"], args].concat());
        command.env("SESSION_KEYS", &self.keys);
        command
    }

    fn explain(&self, header: &str) -> Ran {
        let ran = run_with(&mut self.command(&[]), header);
        let value = header.split('=').next_back().unwrap();
        assert!(!(ran.out.clone() + &ran.err).contains(value), "it shows the cookie: {ran:?}");
        ran
    }
}

async fn issue(sessions: &Sessions) -> (String, String) {
    let issued = sessions.issue::<Visit>(|visit| visit.set_name(Some("hunter2".to_owned())));
    let issued = issued.await.unwrap();
    (issued.id().to_string(), issued.cookie_header())
}

#[tokio::test]
async fn a_live_session_is_told() {
    let site = Site::new().await;
    let (id, header) = site.issue().await;
    let value = header.strip_prefix("__Host-id=").unwrap();
    let told = site.explain(&header);
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{told:?}");
    assert!(told.out.starts_with("valid: it leads to a live session\n"), "{told:?}");
    assert!(told.out.contains(&id) && told.out.contains("number 1 of the ring\n"), "{told:?}");
    assert!(!told.out.contains("hunter2"), "{told:?}");
    for spelling in [value.to_owned(), format!("Cookie: a=b; {header}\r\n"), format!("{header}\n")]
    {
        assert_eq!(site.explain(&spelling).out, told.out, "{spelling:?}");
    }
    for argument in [value, &header] {
        assert_eq!(run_with(&mut site.command(&[argument]), "").out, told.out);
    }
    // After a rotation the old key still vouches.
    let ring = format!("{},{}", Keyring::generate_base64().unwrap(), site.keys);
    let old = run_with(site.command(&[]).env("SESSION_KEYS", ring), &header);
    assert!(old.out.contains("number 2 of the ring, not the first"), "{old:?}");
}

#[tokio::test]
async fn a_cookie_that_leads_nowhere_is_told_why() {
    let site = Site::new().await;
    let (id, header) = site.issue().await;
    let last = if header.ends_with("AA") { 'Q' } else { 'A' };
    let changed = format!("{}{last}A", &header[..header.len() - 2]);
    for (header, why) in [
        ("__Host-id=abc", "not valid: it does not have the form"),
        (&changed, "not valid: no key of the ring verifies it"),
        ("theme=dark", "not valid: there is no cookie `__Host-id`"),
        ("", "not valid"),
    ] {
        let told = run_with(&mut site.command(&[]), header);
        assert!(told.code == 1 && told.out.starts_with(why), "{header} {told:?}");
    }
    let keys = Keyring::generate_base64().unwrap();
    let other = run_with(site.command(&[]).env("SESSION_KEYS", keys), &header);
    assert!(other.code == 1 && other.out.contains("SESSION_KEYS any more"), "{other:?}");
    let named = run_with(&mut site.command(&["--name", "sid", &header]), "");
    assert!(named.code == 1 && named.out.contains("no cookie `sid`"), "{named:?}");

    site.sessions.delete(&id.parse().unwrap()).await.unwrap();
    let ended = site.explain(&header);
    assert!(ended.code == 1 && ended.out.contains("deleted or renewed a short while ago"));
    assert!(ended.out.contains(&id), "{ended:?}");
}

#[tokio::test]
async fn other_names_and_sessions_in_cookies() {
    let site = Site::new().await;
    let ring = || Keyring::from_base64(&site.keys).unwrap();
    let options = || CookieOptions::new().name("sid").secure(false);
    let plain = Sessions::builder(open(&site.url).await).keys(ring()).cookie(options());
    let (_, header) = issue(&plain.build().unwrap()).await;
    let told = run_with(&mut site.command(&["--name", "sid"]), &header);
    assert_eq!(told.code, 0, "{told:?}");
    for (how, store) in [("sealed", CookieStore::sealed()), ("signed", CookieStore::signed())] {
        let held = Sessions::builder(store).keys(ring()).build().unwrap();
        let (id, header) = issue(&held).await;
        let mut command = site.command(&["--held", how]);
        let told = run_with(command.env_remove("SESSION_STORE"), &header);
        assert!(told.code == 0 && told.out.contains(&id), "{how} {told:?}");
        assert_eq!(run_with(&mut site.command(&[]), &header).code, 1, "the store has it not");
    }
}

struct LastYear;

impl Clock for LastYear {
    fn now(&self) -> Timestamp {
        SystemClock.now() - Duration::from_secs(365 * 24 * 60 * 60)
    }
}

#[tokio::test]
async fn the_times_in_a_cookie_count() {
    let site = Site::new().await;
    let years = Duration::from_secs(2 * 365 * 24 * 60 * 60);
    let held = Sessions::builder(CookieStore::sealed())
        .keys(Keyring::from_base64(&site.keys).unwrap())
        .clock(LastYear)
        .idle_timeout(years)
        .absolute_timeout(years);
    let (_, header) = issue(&held.build().unwrap()).await;
    let told = run_with(&mut site.command(&["--held", "sealed"]), &header);
    assert_eq!(told.code, 0, "{told:?}");
}

#[tokio::test]
async fn keys_are_asked_for_and_not_shown() {
    let site = Site::new().await;
    let without = run_with(site.command(&["x"]).env_remove("SESSION_KEYS"), "");
    assert!(without.code == 2 && without.err.contains("SESSION_KEYS"), "{without:?}");
    let short = run_with(site.command(&["x"]).env("SESSION_KEYS", "aHVudGVyMg=="), "");
    assert!(short.code == 2 && short.err.contains("7 bytes"), "{short:?}");
}
