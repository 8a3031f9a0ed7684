//! What the tests share: clusters, sessions, and questions to the servers themselves.

use std::time::{Duration, Instant, SystemTime};

use redis::{Cmd, FromRedisValue, Value};
use session_runtime::patch::{FieldOp, Patch};
use session_runtime::record::{Fields, Lifetime, Principal, Record};
use session_runtime::store::{Created, RedisClusterStore, Store};
use session_runtime::{StoreKey, Timestamp};
use test_servers::{Kind, Server};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// The cluster that most tests share; `None` if it was left out.
pub(crate) fn url() -> Option<String> {
    test_servers::url(Kind::RedisCluster)
}

/// A cluster for one test alone; `None` if it was left out.
pub(crate) fn cluster(arguments: &[&str]) -> Option<Server> {
    let is_left_out = test_servers::is_left_out(Kind::RedisCluster);
    (!is_left_out).then(|| test_servers::start_redis_cluster(arguments).unwrap())
}

/// A store on the shared cluster whose keys nobody else has, and its prefix.
pub(crate) fn store() -> Option<(RedisClusterStore, String)> {
    let prefix = format!("test-{}:", key());
    let store = RedisClusterStore::builder(url()?).prefix(&*prefix).build().unwrap();
    Some((store, prefix))
}

/// The URLs of a cluster's servers.
pub(crate) fn nodes(url: &str) -> Vec<String> {
    let hosts = url.strip_prefix("redis-cluster://").unwrap();
    hosts.split(',').map(|host| format!("redis://{host}")).collect()
}

/// Asks one server.
pub(crate) fn ask<T: FromRedisValue>(node: &str, command: &Cmd) -> T {
    let mut connection = redis::Client::open(node).unwrap().get_connection().unwrap();
    command.query(&mut connection).unwrap()
}

/// Asks the server that has the key.
pub(crate) fn ask_of<T: FromRedisValue>(url: &str, command: &Cmd) -> T {
    let client = redis::cluster::ClusterClient::new(nodes(url)).unwrap();
    command.query(&mut client.get_connection().unwrap()).unwrap()
}

pub(crate) fn port(node: &str) -> u16 {
    node.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// The port of the primary that has the key, as this server knows it.
pub(crate) fn primary_of(node: &str, key: &str) -> u16 {
    let slot: u16 = ask(node, redis::cmd("CLUSTER").arg("KEYSLOT").arg(key));
    let ranges: Vec<Vec<Value>> = ask(node, redis::cmd("CLUSTER").arg("SLOTS"));
    let number = |value: &Value| u16::from_redis_value_ref(value).unwrap();
    let has_it = |range: &&Vec<Value>| (number(&range[0])..=number(&range[1])).contains(&slot);
    let Value::Array(primary) = &ranges.iter().find(has_it).unwrap()[2] else { panic!() };
    number(&primary[1])
}

pub(crate) async fn wait_until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn create(store: &RedisClusterStore, record: &Record) -> StoreKey {
    let key = key();
    assert_eq!(store.create(&key, record).await.unwrap(), Created::Created);
    key
}

pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

pub(crate) fn key() -> StoreKey {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let random = || RandomState::new().build_hasher().finish().to_le_bytes();
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&random());
    bytes[8..].copy_from_slice(&random());
    StoreKey::from_bytes(bytes)
}

pub(crate) fn record<const N: usize>(fields: [(&str, &str); N]) -> Record {
    let now = now();
    Record {
        fields: Fields::from_iter(fields),
        created_at: now,
        expires_at: now + HOUR,
        deadline: now + HOUR * 24,
        lifetime: Lifetime { idle: HOUR, persistent: false },
        principal: None,
    }
}

pub(crate) fn record_of(principal: &Principal) -> Record {
    Record { principal: Some(principal.clone()), ..record([("a", "1")]) }
}

pub(crate) fn add(delta: i64) -> Patch {
    let op = FieldOp::Add { delta, min: i64::MIN, max: i64::MAX, start: 0 };
    Patch { fields: vec![("n".into(), op)], ..Patch::empty() }
}
