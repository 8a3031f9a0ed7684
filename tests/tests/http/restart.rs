//! A server is restarted; the sessions in a store with files stay.

use serde_json::json;

use crate::browser::Browser;
use crate::server::{Framework, Server, Store};

#[tokio::test]
async fn survives_a_killed_server_and_a_change_of_framework() {
    use Framework::{Actix, Axum, Poem};
    let mut data = Store::Sqlite.empty();
    let mut visitor: Option<Browser> = None;
    for (visits, framework) in (1..).zip([Axum, Actix, Actix, Poem, Axum, Poem, Actix]) {
        let server = Server::start_on(framework, &data, &[]);
        let ann = visitor.map_or_else(|| Browser::new(&server), |ann| ann.at(&server));
        assert_eq!(ann.ops(json!([["add_counter", 1]])).await, json!([visits]));
        data = server.kill();
        visitor = Some(ann);
    }
}

#[tokio::test]
async fn two_servers_share_one_store() {
    let data = Store::Sqlite.empty();
    let axum = Server::start_on(Framework::Axum, &data, &[]);
    let actix = Server::start_on(Framework::Actix, &data, &[]);
    let ann = Browser::new(&axum);
    ann.ops(json!([["set_name", "Ann"]])).await;
    let rewrites = async |server: &Server| {
        for _ in 0..100 {
            ann.at(server).ops(json!([["push_item", "x"], ["add_counter", 1]])).await;
        }
    };
    tokio::join!(rewrites(&axum), rewrites(&actix), rewrites(&axum), rewrites(&actix));
    let results = ann.ops(json!([["items"], ["counter"]])).await;
    assert_eq!((results[0].as_array().map(Vec::len), &results[1]), (Some(400), &json!(400)));
}
