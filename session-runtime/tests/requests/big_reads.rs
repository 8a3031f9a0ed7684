//! What reading a big field costs: the getter clones, decoding comes before it anyway.
//!
//! `cargo test --release -p session-runtime --features testing --test requests big_reads -- --ignored --nocapture`

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use session_runtime::SessionSchema;

use crate::site::{Site, keep};

#[derive(Clone, Default, Serialize, Deserialize)]
struct Item {
    name: String,
    price: f64,
    tags: Vec<String>,
}

#[derive(SessionSchema)]
struct Shop {
    items: Vec<Item>,
    shared: Arc<Vec<Item>>,
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..201)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
#[ignore = "it measures"]
async fn big_reads() {
    let item = |index| Item {
        name: format!("an article with a usual name, {index:06}"),
        price: 9.99,
        tags: vec!["one".into(), "two".into()],
    };
    let items: Vec<Item> = (0..1_200).map(item).collect();
    let text = serde_json::to_string(&items).unwrap();
    let site = Site::new();
    let handle = site.begin(&None);
    let session = handle.session::<Shop>().await.unwrap();
    session.set_items(items.clone());
    session.set_shared(Arc::new(items));
    println!("{} bytes of JSON", text.len());
    println!("decoding     {:?}", median(|| drop(serde_json::from_str::<Vec<Item>>(&text))));
    println!("Vec getter   {:?}", median(|| drop(black_box(session.items()))));
    println!("Arc getter   {:?}", median(|| drop(black_box(session.shared()))));
    handle.abandon();
}

#[tokio::test]
async fn a_shared_field_is_read_without_a_copy_and_rewritten_like_any_other() {
    let (site, mut cookie) = (Site::new(), None);
    for expected in [1, 2] {
        let handle = site.begin(&cookie);
        let session = handle.session::<Shop>().await.unwrap();
        session.update_shared(|items| Arc::make_mut(items).push(Item::default()));
        assert!(Arc::ptr_eq(&session.shared(), &session.shared()));
        assert_eq!(session.shared().len(), expected);
        keep(&mut cookie, &handle.finish(StatusCode::OK).await);
    }
}
