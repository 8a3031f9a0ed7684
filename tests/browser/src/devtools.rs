//! What only Chromium's own protocol tells, and not WebDriver.

use fantoccini::wd::WebDriverCompatibleCommand;
use http::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use crate::Browser;

/// A cookie as the browser keeps it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cookie {
    /// Its name, prefix included.
    pub name: String,
    /// The host, with a leading dot if subdomains get the cookie too.
    pub domain: String,
    /// The path below which it is sent.
    pub path: String,
    /// `Strict`, `Lax` or `None`; empty if the attribute was not set.
    pub same_site: String,
    /// Whether it is sent only to trustworthy origins.
    pub secure: bool,
    /// Whether it is hidden from scripts.
    pub http_only: bool,
    /// The seconds until it expires; `None` if it is kept until the browser is closed.
    pub max_age: Option<u64>,
    /// The site of the top-level page in which it was set, if it is partitioned.
    pub partition: Option<String>,
}

impl Browser {
    /// Every cookie that the browser holds, of all hosts, in order.
    pub async fn cookies(&self) -> Vec<Cookie> {
        let answer = self.devtools("Storage.getCookies", json!({})).await;
        let mut cookies: Vec<_> =
            answer["cookies"].as_array().unwrap().iter().map(Cookie::read).collect();
        cookies.sort();
        cookies
    }

    /// Calls a method of the Chrome DevTools Protocol.
    pub async fn devtools(&self, method: &str, parameters: Value) -> Value {
        let call = Call(json!({ "cmd": method, "params": parameters }));
        self.client.issue_cmd(call).await.unwrap()
    }
}

impl Cookie {
    fn read(cookie: &Value) -> Self {
        let text = |name: &str| cookie[name].as_str().unwrap_or_default().to_owned();
        let is_true = |name: &str| cookie[name] == true;
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
        let expires = cookie["expires"].as_f64().filter(|_| !is_true("session"));
        Self {
            name: text("name"),
            domain: text("domain"),
            path: text("path"),
            same_site: text("sameSite"),
            secure: is_true("secure"),
            http_only: is_true("httpOnly"),
            max_age: expires.map(|expires| (expires - now).round() as u64),
            partition: cookie["partitionKey"]["topLevelSite"].as_str().map(str::to_owned),
        }
    }
}

/// The WebDriver command of ChromeDriver that calls the DevTools.
#[derive(Debug)]
struct Call(Value);

impl WebDriverCompatibleCommand for Call {
    fn endpoint(&self, driver: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        driver.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.0.to_string()))
    }
}
