//! A real browser for tests: headless Chromium, with a profile for each visitor.
//!
//! Everything here panics if the browser does not do what it is told, so the test fails. If a
//! failed test leaves a browser open, the browser ends with its driver.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod devtools;

use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_servers::Kind;

pub use self::devtools::Cookie;

/// What a browser keeps for one person between its runs, such as cookies.
#[derive(Debug)]
pub struct Profile {
    driver: String,
    folder: TempDir,
}

impl Profile {
    /// A new profile; `None` if the person who runs the tests left Chromium out.
    pub fn new() -> Option<Self> {
        let driver = test_servers::url(Kind::Chromium)?;
        Some(Self { driver, folder: tempfile::tempdir().unwrap() })
    }

    /// Opens the browser. One browser at a time can use a profile.
    pub async fn open(&self) -> Browser {
        let profile = format!("--user-data-dir={}", self.folder.path().display());
        let arguments = [
            "--headless",
            // The sandbox does not work as root.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            // The driver holds the other end of the pipe, so the browser ends with the driver.
            "--remote-debugging-pipe",
            &profile,
        ];
        let preferences = json!({
            // Third-party cookies are allowed, so that only their attributes decide.
            "profile.cookie_controls_mode": 0,
            // Starts with an empty page, which is faster than the default one.
            "session.restore_on_startup": 4,
            "session.startup_urls": ["about:blank"],
        });
        let options = json!({ "args": arguments, "prefs": preferences });
        let capabilities = json!({ "goog:chromeOptions": options });
        let Value::Object(capabilities) = capabilities else { unreachable!("it is an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.driver)
            .await
            .unwrap();
        Browser { client }
    }
}

/// A limit that a page never reaches.
const PATIENCE: Duration = Duration::from_secs(30);

/// A window of Chromium.
#[derive(Debug)]
pub struct Browser {
    /// What WebDriver can do beyond the methods here.
    pub client: Client,
}

impl Browser {
    /// Closes the browser as a person does: it writes persistent data to its profile.
    pub async fn close(self) {
        self.client.close().await.unwrap();
    }

    /// Opens a page as if its address was typed, and returns its text.
    pub async fn visit(&self, url: &str) -> String {
        self.client.goto(url).await.unwrap();
        self.text().await
    }

    /// The text of the page.
    pub async fn text(&self) -> String {
        self.client.find(Locator::Css("body")).await.unwrap().text().await.unwrap()
    }

    /// The page that is open, to wait until it is left.
    pub async fn page(&self) -> Page {
        Page(self.client.find(Locator::Css("html")).await.unwrap())
    }

    /// Runs a script in the page, and waits for the promise that it returns.
    pub async fn script(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap()
    }

    /// Follows the link with this text, to another page.
    pub async fn follow(&self, text: &str) {
        self.click("a", text).await;
    }

    /// Presses the button with this text, which leads to another page.
    pub async fn press(&self, text: &str) {
        self.click("button", text).await;
    }

    /// Types into the field with this label.
    pub async fn fill(&self, label: &str, value: &str) {
        let field = self.field(label).await;
        field.clear().await.unwrap();
        field.send_keys(value).await.unwrap();
    }

    /// Ticks the box with this label, or unticks it.
    pub async fn tick(&self, label: &str) {
        self.field(label).await.click().await.unwrap();
    }

    async fn click(&self, element: &str, text: &str) {
        let named = format!("//{element}[normalize-space()={text:?}]");
        let found = self.client.find(Locator::XPath(&named)).await;
        let Ok(element) = found else { panic!("no {text:?} in:\n{}", self.text().await) };
        let page = self.page().await;
        element.click().await.unwrap();
        page.left().await;
    }

    async fn field(&self, label: &str) -> Element {
        let labelled = format!("//*[@id=//label[normalize-space()={label:?}]/@for]");
        let found = self.client.find(Locator::XPath(&labelled)).await;
        let Ok(field) = found else { panic!("no {label:?} in:\n{}", self.text().await) };
        field
    }
}

/// A page that the browser is about to leave.
#[derive(Debug)]
pub struct Page(Element);

impl Page {
    /// Waits until another page is open, because WebDriver does not always wait.
    pub async fn left(self) {
        let is_left = async {
            while self.0.tag_name().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, is_left).await.expect("the way to another page");
    }
}
