//! Signing in and out.

use reqwest::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::{Framework, Server, Store};

async fn sleep_ms(millis: u64) {
    tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
}

/// A visitor who was a guest and is signed in now, and one who has the guest's cookie.
async fn signed_in(server: &Server) -> (Browser, Browser) {
    let ann = Browser::new(server);
    ann.ops(json!([["push_item", "apple"]])).await;
    let guest = ann.copy();
    ann.ops(json!([["set_user_id", 7]])).await;
    (ann, guest)
}

scenario! {
    /// Signing in renews the id, keeps the data, and makes the old cookie invalid.
    async fn login_renews_the_id(server: &Server) {
        let (ann, guest) = signed_in(server).await;
        assert_ne!(ann.cookie(), guest.cookie());
        assert_eq!(ann.ops(json!([["user_id"], ["items"]])).await, json!([7, ["apple"]]));
        assert_eq!(guest.ops(json!([["user_id"], ["items"], ["is_new"]])).await, json!([null, [], true]));
    }
}

scenario! {
    /// Setting the same principal again changes nothing. Another principal and signing out renew
    /// the id.
    async fn principal_changes_renew(server: &Server) {
        let (ann, _) = signed_in(server).await;
        let first = ann.cookie();
        ann.ops(json!([["set_user_id", 7]])).await;
        assert_eq!(ann.cookie(), first);
        ann.ops(json!([["set_user_id", 8]])).await;
        let second = ann.cookie();
        assert_ne!(second, first);
        ann.ops(json!([["clear_user_id"]])).await;
        assert_ne!(ann.cookie(), second);
        assert_eq!(ann.ops(json!([["user_id"], ["items"]])).await, json!([null, ["apple"]]));
    }
}

scenario! {
    /// `renew` gives a new id and keeps everything.
    async fn renew_keeps_the_data(server: &Server) {
        let (ann, _) = signed_in(server).await;
        let old = ann.copy();
        let id = ann.ops(json!([["id"]])).await;
        let results = ann.ops(json!([["renew"], ["push_item", "pear"], ["commit"], ["push_item", "fig"]])).await;
        assert_eq!(results[3], json!(["apple", "pear", "fig"]));
        assert_ne!(ann.cookie(), old.cookie());
        assert_ne!(ann.ops(json!([["id"]])).await, id);
        assert_eq!(ann.ops(json!([["user_id"], ["items"]])).await, json!([7, ["apple", "pear", "fig"]]));
        old.send(json!([["push_item", "lost"]])).await.assert_conflict();
    }
}

scenario! {
    /// Logging out deletes the session and the cookie. The old cookie is that of a new visitor.
    async fn logout(server: &Server) {
        let (ann, _) = signed_in(server).await;
        let stolen = ann.copy();
        let answer = ann.send(json!([["destroy"], ["user_id"], ["items"], ["is_new"], ["id"]])).await;
        assert_eq!(answer.results(), json!([null, null, [], true, null]));
        assert!(answer.set_cookies()[0].contains("Max-Age=0"), "{answer:?}");
        assert_eq!(ann.cookie(), None);
        assert_eq!(stolen.ops(json!([["user_id"], ["items"]])).await, json!([null, []]));
        assert!(stolen.cookie().is_some(), "a request with a dead cookie does not remove it");
    }
}

scenario! {
    /// A request that was running cannot undo a logout: it is answered with 409.
    async fn logout_is_final(server: &Server) {
        let late = [json!(["set_name", "x"]), json!(["add_counter", 1]), json!(["push_item", "x"])];
        for work in late {
            let (ann, _) = signed_in(server).await;
            let slow = ann.copy();
            let request = slow.send(json!([["user_id"], ["sleep_ms", 300], work]));
            let logout = async {
                sleep_ms(100).await;
                ann.ops(json!([["destroy"]])).await;
            };
            let (answer, ()) = tokio::join!(request, logout);
            answer.assert_conflict();
            slow.send(json!([work])).await.assert_conflict();
            assert_eq!(slow.ops(json!([["user_id"], ["items"]])).await, json!([null, []]));
        }
    }
}

scenario! {
    /// A logout deletes the session even if a renewal overtakes it and the browser keeps the
    /// renewed cookie.
    async fn logout_ends_what_was_renewed_meanwhile(server: &Server) {
        let (ann, _) = signed_in(server).await;
        let logout = ann.copy();
        let request = logout.send(json!([["user_id"], ["sleep_ms", 300], ["destroy"]]));
        let renewal = async {
            sleep_ms(100).await;
            ann.ops(json!([["renew"]])).await;
        };
        let (answer, ()) = tokio::join!(request, renewal);
        assert!(answer.set_cookies()[0].contains("Max-Age=0"), "{answer:?}");
        assert_ne!(ann.cookie(), logout.cookie());
        assert_eq!(ann.ops(json!([["user_id"], ["items"]])).await, json!([null, []]));
    }
}

scenario! {
    /// A request with the cookie from before a login neither removes nor replaces the new cookie.
    async fn late_guest_leaves_the_login_alone(server: &Server) {
        let ann = Browser::new(server);
        ann.ops(json!([["push_item", "apple"]])).await;
        let late = ann.copy();
        let slow = late.send(json!([["items"], ["sleep_ms", 300], ["push_item", "pear"]]));
        let login = async {
            sleep_ms(100).await;
            ann.ops(json!([["set_user_id", 7]])).await;
        };
        let (slow, ()) = tokio::join!(slow, login);
        slow.assert_conflict();
        let answer = late.send(json!([["items"], ["is_new"]])).await;
        assert_eq!(answer.results(), json!([[], true]));
        assert_eq!(answer.set_cookies(), [""; 0]);
        late.send(json!([["destroy"]])).await.assert_conflict();
        assert_eq!(ann.ops(json!([["user_id"], ["items"]])).await, json!([7, ["apple"]]));
    }
}

scenario! {
    /// A visitor who never got the answer to a login can log in again with the old cookie.
    async fn login_again_with_a_dead_cookie(server: &Server) {
        let (_, guest) = signed_in(server).await;
        guest.ops(json!([["push_item", "fig"], ["set_user_id", 7]])).await;
        assert_eq!(guest.ops(json!([["user_id"], ["items"]])).await, json!([7, ["fig"]]));
    }
}

scenario! {
    /// If a handler has handled the error of an early commit, the answer is its own and not another
    /// 409.
    async fn handled_end_is_told_once(server: &Server) {
        let (ann, guest) = signed_in(server).await;
        let answer = guest.send(json!([["push_item", "x"], ["commit"], ["items"]])).await;
        assert_eq!(answer.results(), json!([["x"], { "error": "gone" }, []]));
        assert_eq!(answer.set_cookies(), [""; 0]);
        assert_eq!(ann.ops(json!([["items"]])).await, json!([["apple"]]));
    }
}

scenario! {
    /// A session that is used after `destroy` is a new one, and the answer sets one cookie.
    async fn destroy_then_set(server: &Server) {
        let (ann, _) = signed_in(server).await;
        let old = ann.copy();
        let answer = ann.send(json!([["set_name", "old"], ["renew"], ["destroy"], ["set_name", "new"]])).await;
        assert!(!answer.set_cookies()[0].contains("Max-Age=0"), "{answer:?}");
        assert_ne!(ann.cookie(), old.cookie());
        assert_eq!(ann.ops(json!([["name"], ["user_id"], ["items"]])).await, json!(["new", null, []]));
        assert_eq!(old.ops(json!([["user_id"]])).await, json!([null]));
        let fresh = Browser::new(server);
        let answer = fresh.send(json!([["destroy"]])).await;
        assert!(answer.set_cookies()[0].contains("Max-Age=0"), "{answer:?}");
    }
}

scenario! {
    /// An operator lists and deletes a user's sessions.
    #[store_only("nobody knows which cookies there are")]
    async fn lists_and_ends_a_users_sessions(server: &Server) {
        let (phone, desk, other) = (Browser::new(server), Browser::new(server), Browser::new(server));
        for (browser, id) in [(&phone, 7), (&desk, 7), (&other, 70)] {
            browser.ops(json!([["set_user_id", id]])).await;
        }
        desk.ops(json!([["renew"]])).await;
        let mut ids = [phone.ops(json!([["id"]])).await, desk.ops(json!([["id"]])).await]
            .map(|results| results[0].as_str().unwrap().to_owned());
        ids.sort();
        assert_eq!(listed(&other, 7).await, ids);
        let ended = other.request(Method::DELETE, "/principals/7").await;
        assert_eq!(ended.body, "2");
        assert_eq!(listed(&other, 7).await, [""; 0]);
        phone.send(json!([["add_counter", 1]])).await.assert_conflict();
        assert_eq!(desk.ops(json!([["user_id"]])).await, json!([null]));
        assert_eq!(other.ops(json!([["user_id"]])).await, json!([70]));
        other.ops(json!([["destroy"]])).await;
        assert_eq!(listed(&other, 70).await, [""; 0]);
    }
}

async fn listed(browser: &Browser, user: u64) -> Vec<String> {
    let answer = browser.request(Method::GET, &format!("/principals/{user}")).await;
    let Value::Array(sessions) = answer.results() else { panic!("a list: {answer:?}") };
    let ids = sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned());
    let mut ids: Vec<_> = ids.collect();
    ids.sort();
    ids
}

scenario! {
    /// "Keep me signed in" makes the cookie persistent. It is set when the lifetime changes.
    #[store_only("every change sets the cookie")]
    async fn remember(server: &Server) {
        let ann = Browser::new(server);
        let login = ann.send(json!([["set_user_id", 7], ["remember", true]])).await;
        let max_age = 90 * 24 * 60 * 60;
        assert!(login.set_cookies()[0].contains(&format!("Max-Age={max_age}")), "{login:?}");
        let before = ann.cookie();
        let again = ann.send(json!([["remember", true], ["add_counter", 1]])).await;
        assert_eq!(again.set_cookies(), [""; 0]);
        let forget = ann.send(json!([["remember", false]])).await;
        assert!(!forget.set_cookies()[0].contains("Max-Age"), "{forget:?}");
        assert_eq!(ann.cookie(), before);
        assert_eq!(ann.ops(json!([["user_id"]])).await, json!([7]));
    }
}
