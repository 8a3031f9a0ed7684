//! Many requests of one visitor at once: nothing is lost.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::server::{Framework, Server, Store};

/// Sends `count` requests, 50 at a time; all must answer 200.
async fn send_many(browser: &Arc<Browser>, count: usize, ops: impl Fn(usize) -> Value) {
    let requests = (0..count).map(|number| {
        let (browser, ops) = (browser.clone(), ops(number));
        async move { browser.ops(ops).await }
    });
    stream::iter(requests).buffer_unordered(50).for_each(|_| async {}).await;
}

async fn visitor(server: &Server) -> Arc<Browser> {
    let browser = Browser::new(server);
    browser.ops(json!([["set_name", "Ann"]])).await;
    Arc::new(browser)
}

scenario! {
    /// A thousand increments add to a thousand.
    #[store_only("of two requests at once the browser keeps the last answer")]
    async fn increments_add_up(server: &Server) {
        let ann = visitor(server).await;
        send_many(&ann, 1_000, |_| json!([["add_counter", 1]])).await;
        assert_eq!(ann.ops(json!([["counter"]])).await, json!([1_000]));
    }
}

scenario! {
    /// A thousand items pushed to one list leave a thousand items.
    #[store_only("of two requests at once the browser keeps the last answer")]
    async fn pushes_are_all_kept(server: &Server) {
        let ann = visitor(server).await;
        send_many(&ann, 1_000, |number| json!([["push_item", number.to_string()]])).await;
        let results = ann.ops(json!([["items"]])).await;
        let mut items: Vec<usize> =
            serde_json::from_value::<Vec<String>>(results[0].clone()).unwrap()
                .iter().map(|item| item.parse().unwrap()).collect();
        items.sort_unstable();
        assert_eq!(items, (0..1_000).collect::<Vec<_>>());
    }
}

scenario! {
    /// Requests that set different fields keep all of them, though they overlap.
    #[store_only("of two requests at once the browser keeps the last answer")]
    async fn different_fields_are_merged(server: &Server) {
        let ann = visitor(server).await;
        for round in 0..5 {
            let name = format!("Ann {round}");
            let item = format!("item {round}");
            tokio::join!(
                ann.ops(json!([["counter"], ["sleep_ms", 50], ["set_name", name]])),
                ann.ops(json!([["counter"], ["sleep_ms", 50], ["push_item", item]])),
                ann.ops(json!([["counter"], ["sleep_ms", 50], ["add_counter", 1]])),
                ann.ops(json!([["counter"], ["sleep_ms", 50], ["flash_notice", name]])),
            );
            let results = ann.ops(json!([["name"], ["items"], ["counter"], ["take_notice"]])).await;
            assert_eq!(results[0], json!(name));
            assert_eq!(results[1][round], json!(item));
            assert_eq!(results[2], json!(round + 1));
            assert_eq!(results[3], json!(name));
        }
    }
}

scenario! {
    /// Sessions that are used at the same time do not mix.
    async fn visitors_do_not_mix(server: &Server) {
        let visits = (0..20).map(|number| async move {
            let browser = Arc::new(Browser::new(server));
            browser.ops(json!([["set_name", number.to_string()]])).await;
            for _ in 0..5 {
                browser.ops(json!([["add_counter", number]])).await;
            }
            let results = browser.ops(json!([["name"], ["counter"]])).await;
            assert_eq!(results, json!([number.to_string(), 5 * number]));
        });
        stream::iter(visits).buffer_unordered(20).for_each(|()| async {}).await;
    }
}
