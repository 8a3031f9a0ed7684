//! Sessions in cookies: how they differ from sessions in a store.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::{Data, Framework, Server};

/// Makes one test for each framework.
macro_rules! on_each {
    ($($(#[doc = $doc:literal])* async fn $name:ident($framework:ident: Framework) $body:block)+) => {$(
        $(#[doc = $doc])*
        mod $name {
            use super::*;

            async fn run($framework: Framework) $body

            #[tokio::test]
            async fn axum() {
                run(Framework::Axum).await;
            }

            #[tokio::test]
            async fn actix() {
                run(Framework::Actix).await;
            }

            #[tokio::test]
            async fn poem() {
                run(Framework::Poem).await;
            }
        }
    )+};
}

/// The content of a cookie that is only signed, as a script reads it.
fn content(cookie: &str) -> Value {
    use base64::Engine;
    let (content, _) = cookie.split_once('.').unwrap();
    let content = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(content).unwrap();
    serde_json::from_slice(&content).unwrap()
}

on_each! {
    /// The server remembers nothing. So a session survives a restart, and a cookie of one framework
    /// is valid in the others.
    async fn needs_no_server(framework: Framework) {
        let data = Data::in_cookie("sealed", "none");
        let mut ann = Browser::new(&Server::start_on(framework, &data, &[]));
        let all = [framework, Framework::Axum, Framework::Actix, Framework::Poem];
        for (visit, framework) in (1..).zip(all) {
            let server = Server::start_on(framework, &data, &[]);
            ann = ann.at(&server);
            assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([visit]));
        }
    }

    /// Reading sets no cookie, and neither does writing the same value.
    async fn sets_a_cookie_when_something_changed(framework: Framework) {
        let server = Server::start_on(framework, &Data::in_cookie("sealed", "none"), &[]);
        let ann = Browser::new(&server);
        ann.ops(json!([["set_name", "Ann"], ["set_user_id", 7], ["flash_notice", "hi"]])).await;
        for same in [json!(["name"]), json!(["peek_notice"]), json!(["set_name", "Ann"]), json!(["set_user_id", 7])] {
            let answer = ann.send(json!([same])).await;
            assert_eq!((answer.status, answer.set_cookies()), (StatusCode::OK, vec![]), "{same}");
        }
        let before = ann.cookie();
        assert_eq!(ann.ops(json!([["take_notice"]])).await, json!(["hi"]));
        assert_ne!(ann.cookie(), before);
        assert_eq!(ann.ops(json!([["take_notice"], ["name"], ["user_id"]])).await, json!([null, "Ann", 7]));
    }

    /// The id is stable until it is renewed.
    async fn keeps_the_id(framework: Framework) {
        let server = Server::start_on(framework, &Data::in_cookie("sealed", "none"), &[]);
        let ann = Browser::new(&server);
        ann.ops(json!([["add_counter", 1]])).await;
        let first = ann.ops(json!([["id"], ["add_counter", 1]])).await[0].clone();
        assert_eq!(ann.ops(json!([["id"]])).await, json!([first]));
        ann.ops(json!([["set_user_id", 7]])).await;
        assert_ne!(ann.ops(json!([["id"]])).await, json!([first]));
        ann.ops(json!([["destroy"]])).await;
        assert_eq!(ann.cookie(), None);
    }

    /// Everybody can read a cookie that is only signed, and nobody can change it.
    async fn signed_is_readable(framework: Framework) {
        let server = Server::start_on(framework, &Data::in_cookie("signed", "none"), &[]);
        let ann = Browser::new(&server);
        ann.ops(json!([["set_name", "Ann"], ["add_counter", 2]])).await;
        let cookie = ann.cookie().unwrap();
        let content = content(&cookie);
        assert_eq!(content["data"], json!({ "counter": 2, "name": "Ann" }));
        assert!(content["exp"].as_u64() > content["iat"].as_u64(), "{content}");
        assert_eq!(ann.ops(json!([["name"]])).await, json!(["Ann"]));
        let name = ann.cookie_name();
        for at in 0..cookie.len() {
            let mut changed = cookie.clone().into_bytes();
            changed[at] ^= 1;
            let header = [name.as_bytes(), b"=", &changed].concat();
            let answer = ann.send_with(json!([["name"]]), [header].iter()).await.unwrap();
            assert_eq!(answer.results(), json!([null]), "byte {at}");
        }
    }

    /// A sealed cookie is not accepted as a signed one, nor a signed one as a sealed one.
    async fn kinds_do_not_mix(framework: Framework) {
        let sealed = Server::start_on(framework, &Data::in_cookie("sealed", "none"), &[]);
        let signed = Server::start_on(framework, &Data::in_cookie("signed", "none"), &[]);
        let stored = Server::start_on(framework, &Data::at("memory:"), &[]);
        let servers = [&sealed, &signed, &stored];
        for from in servers {
            let ann = Browser::new(from);
            ann.ops(json!([["add_counter", 1]])).await;
            for to in servers {
                let seen = ann.copy().at(to).ops(json!([["counter"]])).await;
                assert_eq!(seen, json!([i32::from(std::ptr::eq(from, to))]));
            }
        }
    }

    /// A session that does not fit is an error, and the previous session stays.
    async fn too_large(framework: Framework) {
        let server = Server::start_on(framework, &Data::in_cookie("sealed", "none"), &[]);
        let ann = Browser::new(&server);
        ann.ops(json!([["set_name", "Ann"]])).await;
        let before = ann.cookie();
        let answer = ann.send(json!([["add_counter", 1], ["push_item", "x".repeat(3_000)]])).await;
        assert_eq!((answer.status, &*answer.body), (StatusCode::INTERNAL_SERVER_ERROR, ""));
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
        assert_eq!(ann.cookie(), before);
        assert_eq!(ann.ops(json!([["name"], ["items"], ["counter"]])).await, json!(["Ann", [], 0]));
    }

    /// A session can use several cookies. None is left when it shrinks or is deleted.
    async fn chunks(framework: Framework) {
        let data = Data::in_cookie("sealed", "none");
        let server = Server::start_on(framework, &data, &["--chunks", "3"]);
        let ann = Browser::new(&server);
        ann.ops(json!([["set_name", "Ann"]])).await;
        assert_eq!(ann.cookie_names(), ["__Host-id"]);
        let big = "x".repeat(6_000);
        ann.ops(json!([["push_item", big]])).await;
        assert_eq!(ann.cookie_names(), ["__Host-id.0", "__Host-id.1", "__Host-id.2"]);
        assert_eq!(ann.ops(json!([["name"], ["items"]])).await, json!(["Ann", [big]]));

        let full = ann.copy();
        let answer = ann.send(json!([["push_item", big]])).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(ann.ops(json!([["items"]])).await, json!([[big]]));

        for broken in ["__Host-id.0", "__Host-id.1", "__Host-id.2"] {
            let partial = full.copy();
            partial.forget(broken);
            assert_eq!(partial.ops(json!([["name"], ["is_new"]])).await, json!([null, true]));
        }
        let mixed = full.copy();
        let other = Browser::new(&server);
        other.ops(json!([["set_name", "Bob"], ["push_item", big]])).await;
        mixed.take("__Host-id.1", &other);
        assert_eq!(mixed.ops(json!([["name"]])).await, json!([null]));

        ann.ops(json!([["clear_items"]])).await;
        assert_eq!(ann.cookie_names(), ["__Host-id"]);
        assert_eq!(ann.ops(json!([["name"], ["items"]])).await, json!(["Ann", []]));
        full.ops(json!([["destroy"]])).await;
        assert_eq!(full.cookie_names(), [""; 0]);
    }

    /// An operator deletes all sessions of a user who lost a phone. A user who signs in again stays
    /// signed in.
    async fn ends_all_of_a_principal(framework: Framework) {
        let server = Server::start_on(framework, &Data::in_cookie("sealed", "memory:"), &[]);
        let (phone, desk, other) = (Browser::new(&server), Browser::new(&server), Browser::new(&server));
        for (browser, id) in [(&phone, 7), (&desk, 7), (&other, 70)] {
            browser.ops(json!([["set_user_id", id]])).await;
        }
        let ended = other.request(Method::DELETE, "/principals/7").await;
        assert_eq!((ended.status, &*ended.body), (StatusCode::OK, "0"));
        phone.send(json!([["add_counter", 1]])).await.assert_conflict();
        assert_eq!(desk.ops(json!([["user_id"]])).await, json!([null]));
        assert_eq!(other.ops(json!([["user_id"]])).await, json!([70]));
        desk.ops(json!([["set_user_id", 7]])).await;
        assert_eq!(desk.ops(json!([["user_id"]])).await, json!([7]));
        let listed = other.request(Method::GET, "/principals/7").await;
        assert_eq!(listed.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
