//! Requests that other sites forge.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::server::{Framework, Server, Store};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const OUR_PAGE: (&str, &str) = ("sec-fetch-site", "same-origin");

/// Runs operations on a route that other sites cannot use.
async fn guarded(browser: &Browser, headers: &[(&str, &str)], ops: Value) -> Answer {
    browser.post("/guarded/op", headers, json!({ "ops": ops }).to_string()).await
}

/// Counts with a token in the header.
async fn count(browser: &Browser, token: &str) -> Answer {
    guarded(browser, &[("x-csrf-token", token)], json!([["add_counter", 1]])).await
}

async fn token(browser: &Browser) -> String {
    let answer = browser.request(Method::GET, "/guarded/token").await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.body
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status, &*answer.body), (StatusCode::FORBIDDEN, ""), "{answer:?}");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
}

scenario! {
    /// The headers of a browser decide. No handler sees a request that is refused.
    async fn origins(server: &Server) {
        let ann = Browser::new(server);
        ann.ops(json!([["add_counter", 1]])).await;
        let (ours, shouting) = (server.url.clone(), server.url.replace("127.0.0.1", "LOCALHOST"));
        let right = token(&ann).await;
        let token = ("x-csrf-token", &*right);
        for refused in [
            [("sec-fetch-site", "cross-site"), token],
            [("sec-fetch-site", "same-site"), token],
            [("sec-fetch-site", "cross-site"), ("origin", &ours)],
            [("origin", "https://evil.example"), token],
            [("origin", "null"), token],
            [("origin", &shouting), token],
        ] {
            assert_refused(&guarded(&ann, &refused, json!([["add_counter", 1]])).await);
        }
        for (seen, passed) in [
            [("sec-fetch-site", "same-origin"), ("origin", "null")],
            [("sec-fetch-site", "none"), ("accept", "*/*")],
            [("origin", &ours), ("accept", "*/*")],
            [("sec-fetch-site", "cross-site"), ("origin", "https://friend.example")],
        ].into_iter().enumerate() {
            let answer = guarded(&ann, &passed, json!([["add_counter", 1]])).await;
            assert_eq!((answer.status, answer.results()), (StatusCode::OK, json!([seen + 2])));
        }
    }
}

scenario! {
    /// A logout needs no cookie, so `SameSite` does not stop other sites from causing one.
    async fn forged_logout(server: &Server) {
        let somebody = Browser::new(server);
        let destroy = json!([["destroy"]]);
        let open = somebody.send(destroy.clone()).await;
        assert!(open.set_cookies()[0].contains("Max-Age=0"), "this is what it is about: {open:?}");
        let form = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
        assert_refused(&guarded(&somebody, &form, destroy.clone()).await);
        assert_refused(&guarded(&somebody, &form[1..], destroy.clone()).await);
        assert_refused(&guarded(&somebody, &[], destroy.clone()).await);
        let ours = guarded(&somebody, &[OUR_PAGE], destroy).await;
        assert!(ours.set_cookies()[0].contains("Max-Age=0"), "{ours:?}");
    }
}

scenario! {
    /// A request that does not say where it comes from needs the token, in a header or a form.
    async fn tokens(server: &Server) {
        let ann = Browser::new(server);
        ann.ops(json!([["add_counter", 1]])).await;
        let token = token(&ann).await;
        assert_eq!(token.len(), 64);
        let body = format!("item=Gr%C3%BCner+Tee&csrf_token={token}&n=1");

        let reversed: String = token.chars().rev().collect();
        for made_up in ["", "x", &token[1..], &reversed] {
            assert_refused(&count(&ann, made_up).await);
            let body = format!("csrf_token={made_up}");
            assert_refused(&ann.post("/guarded/form", &[FORM], body).await);
        }
        assert_refused(&ann.post("/guarded/form", &[FORM], "item=Tea").await);
        assert_refused(&ann.post("/guarded/form", &[("content-type", "text/plain")], body.clone()).await);
        assert_refused(&guarded(&ann, &[], json!([["add_counter", 1]])).await);
        assert_refused(&ann.request(Method::DELETE, "/guarded/op").await);

        assert_eq!(count(&ann, &token).await.results(), json!([2]));
        let answer = ann.post("/guarded/form", &[FORM], body.clone()).await;
        assert_eq!((answer.status, answer.body), (StatusCode::OK, body), "the handler gets it all");
        assert_eq!(ann.ops(json!([["counter"]])).await, json!([3]));
    }
}

scenario! {
    /// A token is valid only for its session, until the session gets another id or is deleted.
    async fn rotation(server: &Server) {
        let (ann, bob) = (Browser::new(server), Browser::new(server));
        ann.ops(json!([["add_counter", 1]])).await;
        bob.ops(json!([["add_counter", 1]])).await;
        let guest = token(&ann).await;
        assert_refused(&count(&ann, &token(&bob).await).await);
        for renew in [json!([["set_user_id", 7]]), json!([["renew"]]), json!([["clear_user_id"]])] {
            let old = token(&ann).await;
            ann.ops(renew).await;
            assert_refused(&count(&ann, &old).await);
            assert_eq!(count(&ann, &token(&ann).await).await.status, StatusCode::OK);
        }
        assert_refused(&count(&ann, &guest).await);
        let last = token(&ann).await;
        let stolen = ann.copy();
        ann.ops(json!([["destroy"]])).await;
        assert_refused(&count(&ann, &last).await);
        assert_refused(&count(&stolen, &last).await);
        assert_eq!(ann.cookie(), None);
    }
}

scenario! {
    /// Each page has its own token. The actions of one tab do not invalidate that of another.
    async fn tabs(server: &Server) {
        let ann = Browser::new(server);
        ann.ops(json!([["set_user_id", 7]])).await;
        let (one, other) = (token(&ann).await, token(&ann).await);
        assert_ne!(one, other);
        for (seen, token) in [&one, &other, &one].into_iter().enumerate() {
            assert_eq!(count(&ann, token).await.results(), json!([seen + 1]));
        }
    }
}

scenario! {
    /// Nothing is stored for a token. A visitor who needs one begins a session first.
    async fn no_session(server: &Server) {
        let somebody = Browser::new(server);
        let page = somebody.request(Method::GET, "/guarded/token").await;
        assert_eq!((page.status, &*page.body, page.set_cookies().len()), (StatusCode::OK, "", 0));
        assert_refused(&count(&somebody, "").await);
        let login = json!([["set_user_id", 7]]);
        let answer = guarded(&somebody.copy(), &[OUR_PAGE], login.clone()).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::OK, 1));

        let first = somebody.request(Method::GET, "/guarded/first-token").await.body;
        let answer = guarded(&somebody, &[("x-csrf-token", &first)], login).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(somebody.ops(json!([["user_id"]])).await, json!([7]));
        // A visitor without a session cannot use the token of somebody else.
        assert_refused(&count(&Browser::new(server), &token(&somebody).await).await);
    }
}
