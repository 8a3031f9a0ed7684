//! The default cookie over plain HTTP on loopback, as during development.

use serde_json::{Value, json};
use test_browser::{Cookie, Profile};

use crate::server::{Data, Framework, Server};
use crate::site::{LOOPBACK, Site, on_both};

on_both! {
    /// The cookie of a session in a store is kept, sent back, hidden from scripts, and removed with
    /// the session.
    async fn session_in_a_store(framework: Framework, profile: &Profile) {
        let server = Server::start_on(framework, &Data::at("memory:"), &[]);
        keeps_and_removes(profile, &server, 10, &["__Host-id"]).await;
    }

    /// The same for a session in the cookie.
    async fn sealed_cookie(framework: Framework, profile: &Profile) {
        let server = Server::start_on(framework, &Data::in_cookie("sealed", "none"), &[]);
        keeps_and_removes(profile, &server, 1_000, &["__Host-id"]).await;
    }

    /// The same for a session in several cookies.
    async fn sealed_cookie_in_chunks(framework: Framework, profile: &Profile) {
        let data = Data::in_cookie("sealed", "none");
        let server = Server::start_on(framework, &data, &["--chunks", "3"]);
        let names = ["__Host-id.0", "__Host-id.1", "__Host-id.2"];
        keeps_and_removes(profile, &server, 6_000, &names).await;
    }

    /// A form of another site comes without the cookie, a link with it.
    async fn cross_site_requests(framework: Framework, profile: &Profile) {
        let server = Server::start_on(framework, &Data::at("memory:"), &[]);
        let [ours, theirs] = LOOPBACK.map(|host| Site::new(&server, host));
        let browser = profile.open().await;
        assert_eq!(browser.visit(&ours.page("/visit")).await, "1");

        browser.visit(&theirs.page("/none")).await;
        assert_eq!(ours.post_from(&browser).await, "[0]");
        browser.visit(&theirs.page("/none")).await;
        assert_eq!(ours.framed_in(&browser).await, "1", "a frame is a new visitor each time");
        browser.client.enter_parent_frame().await.unwrap();
        assert_eq!(ours.framed_in(&browser).await, "1");
        browser.visit(&theirs.page("/none")).await;
        assert_eq!(ours.link_from(&browser).await, "2");

        browser.visit(&ours.page("/none")).await;
        assert_eq!(ours.post_from(&browser).await, "[2]", "our own form has the cookie");
        browser.close().await;
    }

    /// The browser drops the cookie when it is closed, unless the visitor asked to be remembered.
    async fn closing_the_browser(framework: Framework, profile: &Profile) {
        let server = Server::start_on(framework, &Data::at("memory:"), &[]);
        let [forgotten, remembered] = LOOPBACK.map(|host| Site::new(&server, host));
        let browser = profile.open().await;
        forgotten.ops(&browser, json!([["set_name", "Ann"]])).await;
        remembered.ops(&browser, json!([["set_name", "Ann"], ["remember", true]])).await;
        let kept: Vec<_> = browser.cookies().await.iter().map(|cookie| cookie.max_age).collect();
        assert_eq!(kept.len(), 2);
        let ninety_days = 90 * 24 * 60 * 60;
        assert!((ninety_days - 60..=ninety_days).contains(&kept[0].unwrap()), "{kept:?}");
        assert_eq!(kept[1], None);
        browser.close().await;

        let browser = profile.open().await;
        assert_eq!(forgotten.ops(&browser, json!([["name"]])).await, json!([null]));
        assert_eq!(remembered.ops(&browser, json!([["name"]])).await, json!(["Ann"]));
        remembered.ops(&browser, json!([["destroy"]])).await;
        assert_eq!(browser.cookies().await, []);
        browser.close().await;
    }
}

/// Uses a session of about `size` bytes under every name of the host.
async fn keeps_and_removes(profile: &Profile, server: &Server, size: usize, names: &[&str]) {
    let browser = profile.open().await;
    for host in LOOPBACK {
        let site = Site::new(server, host);
        let item = "x".repeat(size);
        site.ops(&browser, json!([["add_counter", 1], ["push_item", item]])).await;
        let expected: Vec<_> = names.iter().map(|name| default_cookie(name, host)).collect();
        assert_eq!(browser.cookies().await, expected);
        assert_eq!(browser.script("return document.cookie", vec![]).await, json!(""));
        assert_eq!(site.ops(&browser, json!([["items"]])).await, json!([[item]]));
        assert_eq!(browser.visit(&site.page("/visit")).await, "2");
        assert_eq!(site.ops(&browser, json!([["destroy"]])).await, json!([Value::Null]));
        assert_eq!(browser.cookies().await, []);
    }
    browser.close().await;
}

fn default_cookie(name: &str, host: &str) -> Cookie {
    Cookie {
        name: name.to_owned(),
        domain: host.to_owned(),
        path: "/".to_owned(),
        same_site: "Lax".to_owned(),
        secure: true,
        http_only: true,
        max_age: None,
        partition: None,
    }
}
