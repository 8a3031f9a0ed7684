//! A session that no other request disturbs.

use reqwest::{Method, StatusCode, header};
use serde_json::json;

use crate::browser::Browser;
use crate::server::{Framework, Server, Store};

scenario! {
    /// Each visitor has a counter of their own.
    async fn counts_visits(server: &Server) {
        let (ann, bob) = (Browser::new(server), Browser::new(server));
        for visit in 1..=3 {
            assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([visit]));
        }
        assert_eq!(bob.ops(json!([["add_counter", 1], ["counter"]])).await, json!([1, 1]));
        assert_eq!(ann.ops(json!([["counter"]])).await, json!([3]));
    }
}

scenario! {
    /// Fields keep their values, and cleared fields are empty.
    async fn keeps_fields(server: &Server) {
        let ann = Browser::new(server);
        ann.ops(json!([["set_name", "Ann \u{1F40D} \"\\ \u{0}"], ["push_item", "a"]])).await;
        ann.ops(json!([["push_item", "b"], ["set_counter", 7]])).await;
        let read = json!([["name"], ["items"], ["counter"], ["has_name"]]);
        assert_eq!(
            ann.ops(read.clone()).await,
            json!(["Ann \u{1F40D} \"\\ \u{0}", ["a", "b"], 7, true])
        );
        ann.ops(json!([["clear_name"], ["sub_counter", 9]])).await;
        assert_eq!(ann.ops(read).await, json!([null, ["a", "b"], 0, false]));
    }
}

scenario! {
    /// Nothing is stored and no cookie is set for visitors who only read.
    async fn no_cookie_without_data(server: &Server) {
        let ann = Browser::new(server);
        let looks = json!([
            ["counter"], ["name"], ["clear_name"], ["take_notice"], ["take_messages"], ["renew"],
            ["is_new"], ["id"], ["commit"], ["remember", true],
        ]);
        let answer = ann.send(looks).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.set_cookies(), [""; 0]);
        assert_eq!(answer.header(header::VARY), Some("cookie"));
        assert_eq!(answer.header(header::CACHE_CONTROL), None);
        let results = answer.results();
        assert_eq!((&results[6], &results[7]), (&json!(true), &json!(null)));
    }
}

scenario! {
    /// Only the first save sets the cookie, and that answer is not cached.
    #[store_only("every change sets the cookie")]
    async fn sets_the_cookie_once(server: &Server) {
        let ann = Browser::new(server);
        let first = ann.send(json!([["add_counter", 1]])).await;
        let cookie = first.set_cookies()[0];
        assert!(cookie.starts_with("__Host-id="), "{cookie}");
        for attribute in ["; HttpOnly", "; SameSite=Lax", "; Secure", "; Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain") && !cookie.contains("Max-Age"), "{cookie}");
        assert_eq!(first.header(header::CACHE_CONTROL), Some("no-store"));
        assert_eq!(first.header(header::VARY), Some("cookie"));
        let second = ann.send(json!([["add_counter", 1], ["set_name", "Ann"]])).await;
        assert_eq!(second.set_cookies(), [""; 0]);
        assert_eq!(second.header(header::CACHE_CONTROL), None);
    }
}

scenario! {
    /// Over plain HTTP the cookie has neither `Secure` nor the prefix that needs it.
    #[server("--secure", "false")]
    async fn insecure_cookie(server: &Server) {
        let ann = Browser::new(server);
        let answer = ann.send(json!([["add_counter", 1]])).await;
        let cookie = answer.set_cookies()[0];
        assert!(cookie.starts_with("id=") && !cookie.contains("Secure"), "{cookie}");
    }
}

scenario! {
    /// A route without a session leaves no trace of one.
    async fn untouched(server: &Server) {
        let ann = Browser::new(server);
        for _ in 0..2 {
            let answer = ann.request(Method::GET, "/none").await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.header(header::VARY), None);
            assert_eq!(answer.set_cookies(), [""; 0]);
            ann.ops(json!([["add_counter", 1]])).await;
        }
    }
}

scenario! {
    /// An early commit stores the changes so far, and the request continues.
    async fn commits_early(server: &Server) {
        let ann = Browser::new(server);
        let results = ann
            .ops(json!([
                ["add_counter", 1], ["is_new"], ["commit"], ["is_new"],
                ["add_counter", 1], ["push_item", "a"], ["commit"], ["push_item", "b"],
            ]))
            .await;
        assert_eq!(results, json!([1, true, null, false, 2, ["a"], null, ["a", "b"]]));
        let results = ann.ops(json!([["counter"], ["items"], ["is_new"], ["id"]])).await;
        assert_eq!((&results[0], &results[1], &results[2]), (&json!(2), &json!(["a", "b"]), &json!(false)));
        assert_eq!(results[3].as_str().map(str::len), Some(22));
    }
}

scenario! {
    /// Counters stop at their bounds.
    async fn counters_saturate(server: &Server) {
        let ann = Browser::new(server);
        let most = i64::MAX;
        ann.ops(json!([["set_counter", most - 1]])).await;
        assert_eq!(ann.ops(json!([["add_counter", 5]])).await, json!([most]));
        assert_eq!(ann.ops(json!([["counter"], ["sub_counter", 1]])).await, json!([most, most - 1]));
        assert_eq!(ann.ops(json!([["sub_counter", u64::MAX]])).await, json!([0]));
        assert_eq!(ann.ops(json!([["counter"]])).await, json!([0]));
    }
}
