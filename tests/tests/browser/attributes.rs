//! Cookies with other attributes than the defaults are kept and removed where they should be.

use serde_json::json;
use test_browser::{Browser, Cookie, Profile};

use crate::server::{Data, Framework, Server};
use crate::site::{LOOPBACK, Site, on_both};

on_both! {
    /// Without `Secure` there is no prefix either.
    async fn insecure(framework: Framework, profile: &Profile) {
        let server = Server::start_on(framework, &Data::at("memory:"), &["--secure", "false"]);
        let browser = profile.open().await;
        let cookie = kept_and_removed(&server, &browser, "localhost").await;
        assert_eq!((&*cookie.name, cookie.secure, &*cookie.path), ("id", false, "/"));
        browser.close().await;
    }

    /// A path: other pages of the host do not get the cookie.
    async fn path(framework: Framework, profile: &Profile) {
        let arguments = ["--prefix", "secure", "--path", "/op"];
        let server = Server::start_on(framework, &Data::at("memory:"), &arguments);
        let site = Site::new(&server, "localhost");
        let browser = profile.open().await;
        let cookie = kept_and_removed(&server, &browser, "localhost").await;
        assert_eq!((&*cookie.name, &*cookie.path), ("__Secure-id", "/op"));
        for _ in 0..2 {
            assert_eq!(browser.visit(&site.page("/visit")).await, "1");
        }
        browser.close().await;
    }

    /// A domain: its subdomains share the session, and any of them can end it.
    async fn domain(framework: Framework, profile: &Profile) {
        let arguments = ["--prefix", "secure", "--domain", "shop.localhost"];
        let server = Server::start_on(framework, &Data::at("memory:"), &arguments);
        let browser = profile.open().await;
        let cookie = kept_and_removed(&server, &browser, "shop.localhost").await;
        assert_eq!((&*cookie.name, &*cookie.domain), ("__Secure-id", ".shop.localhost"));
        let [shop, till] = ["shop.localhost", "till.shop.localhost"].map(|host| Site::new(&server, host));
        assert_eq!(browser.visit(&shop.page("/visit")).await, "1");
        assert_eq!(browser.visit(&till.page("/visit")).await, "2");
        till.ops(&browser, json!([["destroy"]])).await;
        assert_eq!(browser.cookies().await, []);
        browser.close().await;
    }

    /// `Strict`: even a link from another site comes without the cookie.
    async fn strict(framework: Framework, profile: &Profile) {
        let server = Server::start_on(framework, &Data::at("memory:"), &["--same-site", "strict"]);
        let browser = profile.open().await;
        let cookie = kept_and_removed(&server, &browser, "localhost").await;
        assert_eq!(cookie.same_site, "Strict");
        let [ours, theirs] = LOOPBACK.map(|host| Site::new(&server, host));
        assert_eq!(browser.visit(&ours.page("/visit")).await, "1");
        browser.visit(&theirs.page("/none")).await;
        assert_eq!(ours.link_from(&browser).await, "1");
        browser.close().await;
    }

    /// `None`: a form and a frame of another site have the cookie.
    async fn none(framework: Framework, profile: &Profile) {
        let server = Server::start_on(framework, &Data::at("memory:"), &["--same-site", "none"]);
        let browser = profile.open().await;
        let cookie = kept_and_removed(&server, &browser, "localhost").await;
        assert_eq!(cookie.same_site, "None");
        let [ours, theirs] = LOOPBACK.map(|host| Site::new(&server, host));
        assert_eq!(browser.visit(&ours.page("/visit")).await, "1");
        browser.visit(&theirs.page("/none")).await;
        assert_eq!(ours.post_from(&browser).await, "[1]");
        browser.visit(&theirs.page("/none")).await;
        assert_eq!(ours.framed_in(&browser).await, "2");
        browser.close().await;
    }

    /// `Partitioned`: inside a page of another site, the embedded site has a separate session.
    async fn partitioned(framework: Framework, profile: &Profile) {
        let arguments = ["--same-site", "none", "--partitioned", "true"];
        let server = Server::start_on(framework, &Data::at("memory:"), &arguments);
        let browser = profile.open().await;
        let cookie = kept_and_removed(&server, &browser, "localhost").await;
        assert_eq!(cookie.partition.as_deref(), Some("http://localhost"));
        let [ours, theirs] = LOOPBACK.map(|host| Site::new(&server, host));
        assert_eq!(browser.visit(&ours.page("/visit")).await, "1");
        browser.visit(&theirs.page("/none")).await;
        assert_eq!(ours.framed_in(&browser).await, "1");
        browser.client.enter_parent_frame().await.unwrap();
        assert_eq!(ours.framed_in(&browser).await, "2");
        assert_eq!(browser.visit(&ours.page("/visit")).await, "2");
        let partitions: Vec<_> =
            browser.cookies().await.into_iter().map(|cookie| cookie.partition.unwrap()).collect();
        assert_eq!(partitions, ["http://127.0.0.1", "http://localhost"]);
        browser.close().await;
    }

    /// Persistent for every visitor, without `remember`.
    async fn persistent(framework: Framework, profile: &Profile) {
        let arguments = ["--persistent", "true", "--absolute-secs", "7200"];
        let server = Server::start_on(framework, &Data::at("memory:"), &arguments);
        let browser = profile.open().await;
        let cookie = kept_and_removed(&server, &browser, "localhost").await;
        assert!((7_140..=7_200).contains(&cookie.max_age.unwrap()), "{cookie:?}");
        let site = Site::new(&server, "localhost");
        assert_eq!(browser.visit(&site.page("/visit")).await, "1");
        browser.close().await;
        let browser = profile.open().await;
        assert_eq!(browser.visit(&site.page("/visit")).await, "2");
        browser.close().await;
    }
}

/// Begins, uses and deletes a session, which leaves no cookie. Returns the cookie that it had.
async fn kept_and_removed(server: &Server, browser: &Browser, host: &str) -> Cookie {
    let site = Site::new(server, host);
    assert_eq!(site.ops(browser, json!([["add_counter", 1]])).await, json!([1]));
    assert_eq!(site.ops(browser, json!([["add_counter", 1]])).await, json!([2]));
    let cookies = browser.cookies().await;
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    site.ops(browser, json!([["destroy"]])).await;
    assert_eq!(browser.cookies().await, []);
    cookies.into_iter().next().unwrap()
}
