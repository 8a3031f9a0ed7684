//! Tests of the site in a real browser. With `SCREENSHOTS=1` they write `docs/screenshots`.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::json;
use session_runtime::store::SqliteStore;
use session_runtime::testing::ManualClock;
use session_runtime::{Keyring, Sessions, schemas};
use tempfile::TempDir;
use test_browser::{Browser, Profile};

use super::{Site, Users, Visit};

/// Defines the tests of one framework. They need a function `serve` that returns the port.
macro_rules! walks {
    ($($name:ident)+) => {$(
        #[tokio::test]
        async fn $name() {
            let fixture = crate::shop::walk::Fixture::new();
            let port = serve(fixture.site()).await;
            crate::shop::walk::$name(&fixture, port).await;
        }
    )+};
    () => {
        crate::shop::walk::walks! {
            a_guest_becomes_a_member
            nothing_private_after_signing_out
            two_devices
            two_tabs_lose_nothing
            a_confirmation_lasts_ten_minutes
            other_sites_change_nothing
            every_form_has_the_token
            a_keyboard_is_enough
        }
    };
}
pub(crate) use walks;

const PASSWORD: &str = "correct horse";

/// The site without a server, and the clock of its sessions.
pub(crate) struct Fixture {
    site: Site,
    clock: ManualClock,
    _folder: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        // The current time, because the browser's clock decides when a cookie expires.
        let clock = ManualClock::new(SystemTime::now().into());
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::builder(folder.path().join("sessions.db")).clock(clock.clone());
        let sessions = Sessions::builder(store.open().unwrap())
            .keys(Keyring::from_base64(&Keyring::generate_base64().unwrap()).unwrap())
            .schemas(schemas![Visit])
            .clock(clock.clone())
            .build()
            .unwrap();
        let site = Site { sessions, users: Users::in_memory().unwrap() };
        Self { site, clock, _folder: folder }
    }

    pub(crate) fn site(&self) -> Site {
        self.site.clone()
    }
}

pub(crate) async fn a_guest_becomes_a_member(_: &Fixture, port: u16) {
    let Some(profile) = Profile::new() else { return };
    let browser = profile.open().await;
    let home = home(port);
    says(&browser.visit(&home).await, &["visited this page 1 time.", "nothing in it yet"]);
    says(&browser.visit(&home).await, &["visited this page 2 times."]);
    browser.press("Add Tea").await;
    says(&browser.text().await, &["Tea is in the cart.", "× 1"]);
    browser.press("Add Tea").await;
    browser.press("Add Honey").await;
    let text = browser.visit(&home).await;
    says(&text, &["× 2", "× 1"]);
    says_not(&text, "is in the cart");
    screenshots(&browser, "home").await;

    sign_up(&browser, port, "Ann").await;
    says(&browser.text().await, &["Welcome, Ann!", "Signed in as Ann", "× 2", "times."]);
    says_not(&browser.visit(&home).await, "Welcome, Ann!");
    browser.press("Sign out").await;
    says(
        &browser.text().await,
        &["You are signed out.", "visited this page 1 time.", "nothing in it yet"],
    );

    browser.press("Add Cups").await;
    for failures in 1..=2 {
        sign_in(&browser, port, "Ann", "wrong password", false).await;
        says(&browser.text().await, &[&format!("do not match. Failed attempts: {failures}.")]);
    }
    screenshots(&browser, "sign-in").await;
    says_not(&browser.visit(&format!("{home}sign-in")).await, "do not match");
    sign_in(&browser, port, "Nobody", PASSWORD, false).await;
    says(&browser.text().await, &["do not match. Failed attempts: 3."]);
    assert_eq!(browser.cookies().await[0].max_age, None);
    sign_in(&browser, port, "ann", PASSWORD, true).await;
    says(&browser.text().await, &["You are signed in.", "Signed in as Ann", "Cups"]);
    assert!(browser.cookies().await[0].max_age.is_some(), "it is kept");
    browser.close().await;

    let browser = profile.open().await;
    says(&browser.visit(&home).await, &["Signed in as Ann", "Cups"]);
    browser.press("Empty the cart").await;
    says(&browser.text().await, &["The cart is empty.", "nothing in it yet"]);
    browser.close().await;
}

pub(crate) async fn nothing_private_after_signing_out(_: &Fixture, port: u16) {
    let Some(profile) = Profile::new() else { return };
    let browser = profile.open().await;
    sign_up(&browser, port, "Ann").await;
    browser.follow("Devices").await;
    says(&browser.text().await, &["Your devices", "Signed in as Ann"]);
    browser.press("Sign out").await;
    says(&browser.text().await, &["You are signed out."]);
    // Back to the devices, and to the home page before.
    for _ in 0..2 {
        browser.client.back().await.unwrap();
        let text = browser.text().await;
        says_not(&text, "Ann");
        says_not(&text, "Your devices");
    }
    says(&browser.visit(&format!("{}devices", home(port))).await, &["Please sign in first."]);
    browser.close().await;
}

pub(crate) async fn two_devices(_: &Fixture, port: u16) {
    let (Some(desk), Some(phone)) = (Profile::new(), Profile::new()) else { return };
    let (desk, phone) = (desk.open().await, phone.open().await);
    let devices = format!("{}devices", home(port));
    sign_up(&desk, port, "Ann").await;
    sign_up(&phone, port, "Bob").await;
    says_not(&desk.visit(&devices).await, "Sign this one out");
    sign_in(&phone, port, "Ann", PASSWORD, false).await;
    let text = desk.visit(&devices).await;
    says(&text, &["Chrome on Linux", "This device", "Created", "Last seen", "Sign this one out"]);
    assert_eq!(text.matches("Chrome on Linux").count(), 2);
    assert_eq!(text.matches("This device").count(), 1);
    screenshots(&desk, "devices").await;

    desk.press("Sign this one out").await;
    says(&desk.text().await, &["That device is signed out.", "This device"]);
    says_not(&desk.text().await, "Sign this one out");
    says(&phone.visit(&devices).await, &["You are signed out", "on another device"]);
    phone.follow("Sign in again").await;

    sign_in(&phone, port, "Ann", PASSWORD, false).await;
    desk.visit(&devices).await;
    desk.press("Sign out everywhere else").await;
    says(&desk.text().await, &["All other devices are signed out."]);
    says(&phone.visit(&devices).await, &["You are signed out", "on another device"]);
    says(&desk.visit(&devices).await, &["Signed in as Ann"]);
    desk.close().await;
    phone.close().await;
}

pub(crate) async fn two_tabs_lose_nothing(_: &Fixture, port: u16) {
    let Some(profile) = Profile::new() else { return };
    let browser = profile.open().await;
    browser.visit(&home(port)).await;
    browser.press("Add Tea").await;
    let first = browser.client.window().await.unwrap();
    let second = browser.client.new_window(true).await.unwrap().handle;
    // Each tab keeps adding while the other one does.
    let script = "const item = arguments[0];
        window.done = Promise.all(Array.from({ length: 10 }, () => fetch('/cart', {
            method: 'POST', redirect: 'manual', body: new URLSearchParams({ item }),
        })))";
    for (tab, item) in [(&first, "Tea"), (&second, "Honey")] {
        browser.client.switch_to_window(tab.clone()).await.unwrap();
        // The policy of the pages lets no script connect to anything.
        browser.devtools("Page.setBypassCSP", json!({ "enabled": true })).await;
        browser.visit(&format!("{}sign-in", home(port))).await;
        browser.script(script, vec![json!(item)]).await;
    }
    for tab in [first, second] {
        browser.client.switch_to_window(tab).await.unwrap();
        browser.script("return window.done.then(() => true)", vec![]).await;
    }
    says(&browser.visit(&home(port)).await, &["× 11", "× 10"]);
    browser.close().await;
}

pub(crate) async fn a_confirmation_lasts_ten_minutes(fixture: &Fixture, port: u16) {
    let Some(profile) = Profile::new() else { return };
    let browser = profile.open().await;
    sign_up(&browser, port, "Ann").await;
    browser.follow("Password").await;
    says(&browser.text().await, &["Is it you?"]);
    browser.fill("Password", "wrong password").await;
    browser.press("Confirm").await;
    says(&browser.text().await, &["not your password. Failed attempts: 1.", "Is it you?"]);
    screenshots(&browser, "confirm").await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Confirm").await;
    says(&browser.text().await, &["Change your password"]);

    let password = format!("{}password", home(port));
    fixture.clock.advance(Duration::from_secs(599));
    says(&browser.visit(&password).await, &["Change your password"]);
    fixture.clock.advance(Duration::from_secs(1));
    says(&browser.visit(&password).await, &["Is it you?"]);

    browser.fill("Password", PASSWORD).await;
    browser.press("Confirm").await;
    browser.fill("New password", "battery staple").await;
    browser.press("Change the password").await;
    says(&browser.text().await, &["The password is changed.", "Your devices"]);
    says(&browser.visit(&password).await, &["Is it you?"]);
    browser.press("Sign out").await;
    sign_in(&browser, port, "Ann", PASSWORD, false).await;
    says(&browser.text().await, &["do not match"]);
    sign_in(&browser, port, "Ann", "battery staple", false).await;
    says(&browser.text().await, &["Signed in as Ann"]);
    browser.close().await;
}

pub(crate) async fn other_sites_change_nothing(_: &Fixture, port: u16) {
    let Some(profile) = Profile::new() else { return };
    let browser = profile.open().await;
    sign_up(&browser, port, "Ann").await;
    // The same port on another host is another site.
    browser.visit(&format!("http://127.0.0.1:{port}/style.css")).await;
    let script = "document.body.innerHTML = `<form method='post' action='${arguments[0]}'>
        <button>win a prize</button></form>`";
    browser.script(script, vec![json!(format!("{}sign-out", home(port)))]).await;
    browser.press("win a prize").await;
    says(&browser.text().await, &["This form was sent by another site"]);
    says(&browser.visit(&home(port)).await, &["Signed in as Ann"]);
    browser.close().await;
}

pub(crate) async fn every_form_has_the_token(_: &Fixture, port: u16) {
    let (Some(desk), Some(phone)) = (Profile::new(), Profile::new()) else { return };
    let (desk, phone) = (desk.open().await, phone.open().await);
    for browser in [&desk, &phone] {
        browser.visit(&home(port)).await;
    }
    let forms = async |path, count| {
        desk.visit(&format!("{}{path}", home(port))).await;
        let script = "return Array.from(document.querySelectorAll('form[method=post]'),
            form => form.csrf_token.value.length)";
        assert_eq!(desk.script(script, vec![]).await, json!(vec![64; count]), "/{path}");
    };
    forms("sign-up", 1).await;
    forms("sign-in", 1).await;
    sign_up(&desk, port, "Ann").await;
    sign_in(&phone, port, "Ann", PASSWORD, false).await;
    desk.press("Add Tea").await;
    // Three goods, the cart, and the sign-out button in the header.
    forms("", 5).await;
    forms("devices", 3).await;
    forms("confirm", 2).await;
    desk.fill("Password", PASSWORD).await;
    desk.press("Confirm").await;
    forms("password", 2).await;
    desk.close().await;
    phone.close().await;
}

pub(crate) async fn a_keyboard_is_enough(_: &Fixture, port: u16) {
    let Some(profile) = Profile::new() else { return };
    let browser = profile.open().await;
    browser.visit(&format!("{}sign-up", home(port))).await;
    let focused = async || browser.client.active_element().await.unwrap();
    let (tab, enter) = ("\u{e004}", "\u{e007}");
    focused().await.send_keys(tab).await.unwrap();
    let skip = focused().await;
    assert_eq!(skip.text().await.unwrap(), "Skip to the content");
    assert_eq!(skip.css_value("outline-style").await.unwrap(), "solid", "the focus is visible");
    skip.send_keys(enter).await.unwrap();
    // The link has skipped the header.
    for (label, text) in [("Name", "Ann"), ("Password", PASSWORD)] {
        focused().await.send_keys(tab).await.unwrap();
        let field = focused().await;
        let labelled =
            browser.script("return arguments[0].labels[0].innerText", vec![json!(&field)]);
        assert_eq!(labelled.await, json!(label));
        field.send_keys(text).await.unwrap();
    }
    let page = browser.page().await;
    focused().await.send_keys(enter).await.unwrap();
    page.left().await;
    says(&browser.text().await, &["Welcome, Ann!"]);
    browser.close().await;
}

fn home(port: u16) -> String {
    format!("http://localhost:{port}/")
}

async fn sign_up(browser: &Browser, port: u16, name: &str) {
    browser.visit(&format!("{}sign-up", home(port))).await;
    browser.fill("Name", name).await;
    browser.fill("Password", PASSWORD).await;
    browser.press("Sign up").await;
}

async fn sign_in(browser: &Browser, port: u16, name: &str, password: &str, keep: bool) {
    browser.visit(&format!("{}sign-in", home(port))).await;
    browser.fill("Name", name).await;
    browser.fill("Password", password).await;
    if keep {
        browser.tick("Keep me signed in").await;
    }
    browser.press("Sign in").await;
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[track_caller]
fn says_not(text: &str, part: &str) {
    assert!(!text.contains(part), "{part:?} in:\n{text}");
}

/// Writes pictures of the page on a phone and on a desktop, if `SCREENSHOTS` is set.
async fn screenshots(browser: &Browser, page: &str) {
    if std::env::var_os("SCREENSHOTS").is_none() {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    for (device, width, height) in [("phone", 390, 700), ("desktop", 1000, 640)] {
        let screen =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        browser.devtools("Emulation.setDeviceMetricsOverride", screen).await;
        let image = browser.client.screenshot().await.unwrap();
        std::fs::write(folder.join(format!("{page}-{device}.png")), image).unwrap();
    }
    browser.devtools("Emulation.clearDeviceMetricsOverride", json!({})).await;
}
