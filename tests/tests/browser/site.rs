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
    /// The server under this name of its host.
    pub(crate) fn new(server: &Server, host: &str) -> Self {
        Self(server.url.replace("127.0.0.1", host))
    }

    /// The address of a page: `/none` does not look at the session, `/visit` counts.
    pub(crate) fn page(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Runs operations from a script in a page of the site.
    pub(crate) async fn ops(&self, browser: &Browser, ops: Value) -> Value {
        browser.visit(&self.page("/none")).await;
        let script =
            "return fetch('/op', { method: 'POST', body: JSON.stringify({ ops: arguments[0] }) })
            .then(response => response.json())";
        browser.script(script, vec![ops]).await
    }

    /// Submits a form that reads the counter, from the open page, which may be of another site.
    pub(crate) async fn post_from(&self, browser: &Browser) -> String {
        // A form with the encoding `text/plain` sends `name=value`.
        let script = r#"document.body.innerHTML =
            `<form method="post" enctype="text/plain" action="${arguments[0]}">
                <input type="hidden" name='{"ops": [["counter"]], "rest": "' value='"}'>
                <button>go</button>
            </form>`"#;
        let target = self.page("/op");
        browser.script(script, vec![target.as_str().into()]).await;
        browser.press("go").await;
        browser.text().await
    }

    /// Follows a link that counts a visit, from the open page, which may be of another site.
    pub(crate) async fn link_from(&self, browser: &Browser) -> String {
        let script = "document.body.innerHTML = `<a href='${arguments[0]}'>go</a>`";
        let target = self.page("/visit");
        browser.script(script, vec![target.as_str().into()]).await;
        browser.follow("go").await;
        browser.text().await
    }

    /// The page in a frame of the open page.
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
}
