//! The scenario server as a browser sees it.

use serde_json::Value;
use test_browser::Browser;

use crate::server::Server;

/// The addresses of the loopback interface that every browser resolves.
pub(crate) const LOOPBACK: [&str; 2] = ["localhost", "127.0.0.1"];

/// Makes one test for each framework.
macro_rules! on_both {
    ($($(#[doc = $doc:literal])* async fn $name:ident($framework:ident: Framework, $profile:ident: &Profile) $body:block)+) => {$(
        $(#[doc = $doc])*
        mod $name {
            use super::*;

            async fn run($framework: Framework, $profile: &Profile) $body

            async fn on(framework: Framework) {
                if let Some(profile) = Profile::new() {
                    run(framework, &profile).await;
                }
            }

            #[tokio::test]
            async fn axum() {
                on(Framework::Axum).await;
            }

            #[tokio::test]
            async fn actix() {
                on(Framework::Actix).await;
            }
        }
    )+};
}
pub(crate) use on_both;

/// One origin of a server.
pub(crate) struct Site(String);

impl Site {
    /// The server by this name of its host.
    pub(crate) fn new(server: &Server, host: &str) -> Self {
        Self(server.url.replace("127.0.0.1", host))
    }

    /// The address of a page: `/none` does not look at the session, `/visit` counts.
    pub(crate) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Runs operations by a script in a page of the site.
    pub(crate) async fn ops(&self, browser: &Browser, ops: Value) -> Value {
        browser.visit(&self.page("/none")).await;
        let script =
            "return fetch('/op', { method: 'POST', body: JSON.stringify({ ops: arguments[0] }) })
            .then(response => response.json())";
        browser.script(script, vec![ops]).await
    }

    /// Submits a form that reads the counter, from the page that is open; it may be of another site.
    pub(crate) async fn post_from(&self, browser: &Browser) -> String {
        // What a form sends as plain text is `name=value`.
        let script = r#"document.body.innerHTML =
            `<form method="post" enctype="text/plain" action="${arguments[0]}">
                <input type="hidden" name='{"ops": [["counter"]], "rest": "' value='"}'>
                <button>go</button>
            </form>`"#;
        self.go(browser, script, "/op").await
    }

    /// Follows a link that counts a visit, from the page that is open; it may be of another site.
    pub(crate) async fn link_from(&self, browser: &Browser) -> String {
        let script = "document.body.innerHTML = `<a href='${arguments[0]}'>go</a>`";
        self.go(browser, script, "/visit").await
    }

    /// The page within a frame of the page that is open.
    pub(crate) async fn framed_in(&self, browser: &Browser) -> String {
        let script = "const frame = document.createElement('iframe');
            frame.src = arguments[0];
            const loaded = new Promise(done => frame.onload = done);
            document.body.replaceChildren(frame);
            return loaded.then(() => true)";
        browser.script(script, vec![self.page("/visit").into()]).await;
        browser.client.enter_frame(0).await.unwrap();
        browser.text().await
    }

    async fn go(&self, browser: &Browser, script: &str, path: &str) -> String {
        let target = self.page(path);
        browser.script(script, vec![target.as_str().into()]).await;
        browser.press("go").await;
        browser.client.wait().for_url(&target.parse().unwrap()).await.unwrap();
        browser.text().await
    }
}
