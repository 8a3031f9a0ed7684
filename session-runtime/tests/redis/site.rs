//! What the tests share: servers, sessions, and questions to the server itself.

use std::time::{Duration, SystemTime};

use redis::{Cmd, FromRedisValue};
use session_runtime::patch::{FieldOp, Patch};
use session_runtime::record::{Fields, Lifetime, Principal, Record};
use session_runtime::store::RedisStore;
use session_runtime::{StoreKey, Timestamp};
use test_servers::{Kind, Server};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);

/// The server that most tests share; `None` if it was left out.
pub(crate) fn url() -> Option<String> {
    test_servers::url(Kind::Redis)
}

/// A server for one test alone; `None` if it was left out.
pub(crate) fn server(arguments: &[&str]) -> Option<Server> {
    (!test_servers::is_left_out(Kind::Redis)).then(|| test_servers::start_redis(arguments).unwrap())
}

/// A store on the shared server whose keys nobody else has.
pub(crate) fn store() -> Option<(RedisStore, Keys)> {
    let url = url()?;
    let prefix = format!("test-{}:", key());
    let store = RedisStore::builder(&*url).prefix(&*prefix).build().unwrap();
    Some((store, Keys { url, prefix }))
}

/// Looks at a store's keys, past the store.
pub(crate) struct Keys {
    pub(crate) url: String,
    pub(crate) prefix: String,
}

impl Keys {
    pub(crate) fn of(&self, key: &StoreKey) -> String {
        format!("{}{key}", self.prefix)
    }

    pub(crate) fn set(&self, principal: &Principal) -> String {
        format!("{}@{}\0{}", self.prefix, principal.key(), principal.value())
    }

    pub(crate) fn ask<T: FromRedisValue>(&self, command: &Cmd) -> T {
        ask(&self.url, command)
    }

    pub(crate) fn ask_of<T: FromRedisValue>(&self, command: &str, key: &str) -> T {
        self.ask(redis::cmd(command).arg(key))
    }
}

pub(crate) fn ask<T: FromRedisValue>(url: &str, command: &Cmd) -> T {
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    command.query(&mut connection).unwrap()
}

/// A number out of `INFO`.
pub(crate) fn info(url: &str, name: &str) -> Option<u64> {
    let info: String = ask(url, redis::cmd("INFO").arg("everything"));
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split([',', '=']).find_map(|word| word.trim().parse().ok())
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
