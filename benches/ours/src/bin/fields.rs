//! The cost of reading a big field, as Markdown: decoding it once, and cloning it in the getter.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bench_worker::Error;
use serde::{Deserialize, Serialize};
use session_runtime::store::MemoryStore;
use session_runtime::{FinishGuard, Keyring, SessionSchema, Sessions};

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

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let item = |index| Item {
        name: format!("an article with a usual name, {index:06}"),
        price: 9.99,
        tags: vec!["one".into(), "two".into()],
    };
    let items: Vec<Item> = (0..1_200).map(item).collect();
    let text = serde_json::to_string(&items)?;
    let keys = Keyring::new([[7; 32]])?;
    let sessions = Sessions::builder(MemoryStore::new()).keys(keys).build()?;
    let handle = sessions.begin(None);
    let session = handle.session::<Shop>().await?;
    session.set_items(items.clone());
    session.set_shared(Arc::new(items));

    let decode = || drop(black_box(serde_json::from_str::<Vec<Item>>(&text)));
    println!("| a list of 1,200 items, {} bytes of JSON | median of {RUNS} |", text.len());
    println!("| --- | ---: |");
    println!("| decoding it, once a request | {:.1?} |", median(decode));
    println!("| getter of `Vec<Item>` | {:.1?} |", median(|| drop(black_box(session.items()))));
    println!(
        "| getter of `Arc<Vec<Item>>` | {:.1?} |",
        median(|| drop(black_box(session.shared())))
    );
    println!();
    drop(FinishGuard::new(handle));
    Ok(())
}

const RUNS: usize = 201;

fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<_> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[RUNS / 2]
}
