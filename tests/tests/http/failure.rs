//! Requests that fail.

use serde_json::json;

use crate::browser::Browser;
use crate::server::{Framework, Server, Store};

scenario! {
    /// An answer of any status saves the changes of the request.
    async fn error_status_saves(server: &Server) {
        let ann = Browser::new(server);
        for (status, seen) in [(500, 1), (404, 2), (302, 3)] {
            let answer = ann.send(json!([["add_counter", 1], ["status", status]])).await;
            assert_eq!(answer.status, status);
            assert_eq!(ann.ops(json!([["counter"]])).await, json!([seen]));
        }
    }
}

scenario! {
    /// A request that panics saves nothing, and the session stays usable.
    async fn panic_saves_nothing(server: &Server) {
        let ann = Browser::new(server);
        ann.ops(json!([["add_counter", 1], ["flash_notice", "hi"]])).await;
        let panicked = json!([["add_counter", 1], ["take_notice"], ["push_item", "x"], ["panic"]]);
        if let Ok(answer) = ann.try_send(panicked).await {
            assert!(answer.status.is_server_error(), "{answer:?}");
        }
        let read = json!([["counter"], ["items"], ["take_notice"]]);
        assert_eq!(ann.ops(read).await, json!([1, [], "hi"]));
    }
}

scenario! {
    /// Changes that were committed before a panic are kept.
    #[store_only("a cookie needs a response")]
    async fn panic_after_commit(server: &Server) {
        let ann = Browser::new(server);
        ann.ops(json!([["add_counter", 1]])).await;
        let panicked = json!([["add_counter", 1], ["commit"], ["add_counter", 1], ["panic"]]);
        let _ = ann.try_send(panicked).await;
        assert_eq!(ann.ops(json!([["counter"]])).await, json!([2]));
    }
}
