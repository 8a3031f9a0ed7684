//! Messages for the next page.

use serde_json::json;

use crate::browser::Browser;
use crate::server::{Framework, Server, Store};

scenario! {
    /// A message is read once, on a later page.
    async fn read_once(server: &Server) {
        let ann = Browser::new(server);
        ann.ops(json!([["flash_notice", "hi"], ["flash_messages", "a"], ["flash_messages", "b"]])).await;
        assert_eq!(
            ann.ops(json!([["peek_notice"], ["take_notice"], ["take_messages"], ["take_notice"]])).await,
            json!(["hi", "hi", ["a", "b"], null])
        );
        assert_eq!(ann.ops(json!([["take_notice"], ["take_messages"]])).await, json!([null, []]));
    }
}

scenario! {
    /// Looking does not consume.
    async fn peek_keeps(server: &Server) {
        let ann = Browser::new(server);
        ann.ops(json!([["flash_notice", "old"]])).await;
        ann.ops(json!([["peek_notice"], ["flash_notice", "new"]])).await;
        assert_eq!(ann.ops(json!([["peek_notice"]])).await, json!(["new"]));
        assert_eq!(ann.ops(json!([["take_notice"]])).await, json!(["new"]));
    }
}

scenario! {
    /// A message that arrives while others are read is not lost.
    #[store_only("of two requests at once the browser keeps the last answer")]
    async fn flashed_meanwhile_stays(server: &Server) {
        let ann = Browser::new(server);
        ann.ops(json!([["flash_messages", "a"], ["flash_notice", "old"]])).await;
        let slow = ann.send(json!([["take_messages"], ["take_notice"], ["sleep_ms", 1_000]]));
        let quick = async {
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            ann.ops(json!([["flash_messages", "b"], ["flash_notice", "new"]])).await;
        };
        let (slow, ()) = tokio::join!(slow, quick);
        assert_eq!(slow.results(), json!([["a"], "old", null]));
        assert_eq!(ann.ops(json!([["take_messages"], ["take_notice"]])).await, json!([["b"], "new"]));
    }
}
