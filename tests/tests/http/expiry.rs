//! Timeouts over HTTP. Other tests check their rules with a clock that can be moved.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::server::{Framework, Server, Store};

scenario! {
    /// A session that is not used expires. One that is used stays.
    #[server("--idle-secs", "2")]
    async fn idle(server: &Server) {
        let (idle, busy) = (Browser::new(server), Browser::new(server));
        for browser in [&idle, &busy] {
            browser.ops(json!([["add_counter", 1]])).await;
        }
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(800)).await;
            assert_eq!(busy.ops(json!([["counter"]])).await, json!([1]));
        }
        assert_eq!(idle.ops(json!([["counter"], ["is_new"]])).await, json!([0, true]));
        // An expired session is absent, not gone: the visitor starts again without an error.
        assert_eq!(idle.ops(json!([["add_counter", 1]])).await, json!([1]));
    }
}

scenario! {
    /// Using a session does not keep it beyond its absolute timeout.
    #[server("--idle-secs", "1", "--absolute-secs", "1")]
    #[store_only("nobody knows which cookies there are")]
    async fn absolute(server: &Server) {
        let busy = Browser::new(server);
        busy.ops(json!([["set_user_id", 7], ["add_counter", 1]])).await;
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            busy.ops(json!([["counter"]])).await;
        }
        assert_eq!(busy.ops(json!([["counter"], ["user_id"]])).await, json!([0, null]));
        let listed = busy.request(reqwest::Method::GET, "/principals/7").await;
        assert_eq!(listed.body, "[]");
    }
}
