//! Every text goes to Redis and back unchanged.

use session_runtime::patch::{FieldOp, Patch};
use session_runtime::record::Principal;
use session_runtime::store::{Created, Loaded, Store, Updated, WebdisStore};
use test_servers::Kind;

use crate::site::{key, record};

#[tokio::test]
async fn any_text_in_any_place() {
    let Some(url) = test_servers::url(Kind::Webdis) else { return };
    let store = WebdisStore::builder(url).prefix("odd/../pre.fix%2e+?:").build().unwrap();
    let long = "\0\"/.%ü\u{10ffff} +".repeat(80_000);
    let texts = [
        "",
        ".",
        "..",
        "/",
        "//",
        "hello.txt",
        "a.raw",
        ".json",
        "%00",
        "%",
        "+",
        " ",
        "\0",
        "\r\n",
        "\"quoted\"",
        "\\",
        "?type=text",
        "#",
        "ünï",
        "\u{10ffff}",
        "\u{7f}",
        "0",
        &long,
    ];
    assert!(long.len() > 1_000_000);
    for text in texts {
        let key = key();
        let mut fresh = record([]);
        let who = Principal::new("who/.%", serde_json::to_string(text).unwrap());
        fresh.principal = Some(who.clone());
        fresh.fields =
            [(format!("k{text:.40}"), text), ("last".to_owned(), text)].into_iter().collect();
        assert_eq!(store.create(&key, &fresh).await.unwrap(), Created::Created);
        assert_eq!(store.load(&key).await.unwrap(), Loaded::Live(fresh.clone()));
        // As the last argument, as the old text of a replace, and in the record of a conflict.
        let set = FieldOp::Set(text.into());
        let replace = |old: &str| FieldOp::Replace { old: Some(old.into()), new: Some("x".into()) };
        let patch = |op| Patch { fields: vec![("last".into(), op)], ..Patch::empty() };
        assert_eq!(store.update(&key, &patch(set)).await.unwrap(), Updated::Applied);
        let other = store.update(&key, &patch(replace("other"))).await.unwrap();
        assert_eq!(other, Updated::Conflict(fresh.clone()));
        assert_eq!(store.update(&key, &patch(replace(text))).await.unwrap(), Updated::Applied);
        let listed = store.list(&who).await.unwrap();
        assert_eq!(listed.len(), 1, "{text:.40}");
        store.delete(&key).await.unwrap();
    }
}
