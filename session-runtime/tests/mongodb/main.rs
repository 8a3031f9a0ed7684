//! The MongoDB store: the rules of every store, and what is special about this one.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod failure;
mod options;
mod sessions;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mongodb::bson::Document;
use mongodb::{Client, Collection};
use session_runtime::patch::{FieldOp, Patch};
use session_runtime::record::{Fields, Lifetime, Record};
use session_runtime::store::{MongoStore, MongoStoreBuilder};
use session_runtime::{Clock, StoreKey, SystemClock, conformance};
use test_servers::Kind;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_the_rules_of_a_store() {
    let Some(place) = Place::new() else { return };
    let store = place.builder().open().await.unwrap();
    let report = conformance::run(|| async { store.clone() }).await.unwrap();
    assert!(report.skipped().is_empty(), "{report}");
}

/// A collection that no other test uses.
struct Place {
    url: String,
    collection: String,
}

impl Place {
    /// `None` if the person who runs the tests left the server out.
    fn new() -> Option<Self> {
        test_servers::url(Kind::MongoDb).map(Self::at)
    }

    fn at(url: String) -> Self {
        static USED: AtomicUsize = AtomicUsize::new(0);
        let millis = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let used = USED.fetch_add(1, Ordering::Relaxed);
        Self { url, collection: format!("test_{}_{millis}_{used}", std::process::id()) }
    }

    fn builder(&self) -> MongoStoreBuilder {
        MongoStore::builder(&*self.url).collection(&*self.collection)
    }

    /// The URL with one more option.
    fn url_with(&self, option: &str) -> String {
        let joint = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{joint}{option}", self.url)
    }

    async fn client(&self) -> Client {
        Client::with_uri_str(&self.url).await.unwrap()
    }

    /// Where the store keeps its documents unless the URL has a database.
    async fn documents(&self) -> Collection<Document> {
        let client = self.client().await;
        let database =
            client.default_database().map_or("sessions".to_owned(), |it| it.name().into());
        client.database(&database).collection(&self.collection)
    }
}

fn key(number: u8) -> StoreKey {
    StoreKey::from_bytes([number; 16])
}

fn record(clock: &impl Clock, fields: &[(&str, &str)]) -> Record {
    let now = clock.now();
    let hour = Duration::from_secs(3_600);
    Record {
        fields: Fields::from_iter(fields.iter().copied()),
        created_at: now,
        expires_at: now + hour,
        deadline: now + hour * 24,
        lifetime: Lifetime { idle: hour, persistent: false },
        principal: None,
    }
}

fn fresh(fields: &[(&str, &str)]) -> Record {
    record(&SystemClock, fields)
}

fn patch(name: &str, op: FieldOp) -> Patch {
    Patch { fields: vec![(name.into(), op)], ..Patch::empty() }
}

fn add(delta: i64) -> FieldOp {
    FieldOp::Add { delta, min: 0, max: i64::MAX, start: 0 }
}
