//! `RedisStore` on a real server.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use session_runtime::conformance;
use session_runtime::store::RedisStore;
use test_servers::Kind;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_the_rules() {
    let Some(url) = test_servers::url(Kind::Redis) else { return };
    let report = conformance::run(|| async { RedisStore::open(&*url).unwrap() }).await.unwrap();
    println!("{report}");
    assert_eq!(
        report.skipped().len(),
        3,
        "the server ends sessions, so there is no sweep: {report}"
    );
}
