//! Options, and what is refused.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use redis::cluster::{ClusterClientBuilder, NodeAddress};
use redis::{TlsCertificates, cmd};
use session_runtime::store::{Loaded, RedisClusterStore, Store};

use crate::site::{ask, ask_of, cluster, create, key, nodes, port, record, store, url};

#[tokio::test]
async fn prefixes_keep_stores_apart() {
    let (Some((one, prefix)), Some((other, _))) = (store(), store()) else { return };
    let key = create(&one, &record([])).await;
    assert_eq!(other.load(&key).await.unwrap(), Loaded::Absent);
    let url = url().unwrap();
    assert!(ask_of::<bool>(&url, cmd("EXISTS").arg(format!("{prefix}{key}"))));
    let usual = RedisClusterStore::open(&*url).unwrap();
    let key = create(&usual, &record([])).await;
    assert!(ask_of::<bool>(&url, cmd("EXISTS").arg(format!("session:{key}"))));
}

#[tokio::test]
async fn one_server_of_the_url_is_enough() {
    let Some(url) = url() else { return };
    let url = url.replace("redis-cluster://", "redis-cluster://127.0.0.1:1,");
    let store = RedisClusterStore::open(url.split(',').take(2).collect::<Vec<_>>().join(","));
    create(&store.unwrap(), &record([])).await;
    let nobody = RedisClusterStore::open("redis-cluster://127.0.0.1:1").unwrap();
    assert!(nobody.load(&key()).await.is_err());
}

#[tokio::test]
async fn a_password_and_a_user_with_the_documented_rights() {
    let Some(cluster) = cluster(&[]) else { return };
    let rights = "on >secret ~session:* +hello +ping +cluster|slots +asking +eval +evalsha +wait \
        +time +exists +del +pexpire +pexpireat +@hash +@sortedset +scan +info +cluster|nodes";
    for node in nodes(cluster.url()) {
        let mut user = cmd("ACL");
        user.arg("SETUSER").arg("app").arg(rights.split_whitespace().collect::<Vec<_>>());
        ask::<()>(&node, &user);
        let mut command = cmd("CONFIG");
        ask::<()>(&node, command.arg("SET").arg("masterauth").arg("hunter2"));
        let mut command = cmd("CONFIG");
        ask::<()>(&node, command.arg("SET").arg("requirepass").arg("hunter2"));
    }
    let with = |login: &str| cluster.url().replace("://", &format!("://{login}"));
    for login in [":hunter2@", "default:hunter2@"] {
        create(&RedisClusterStore::open(with(login)).unwrap(), &record([])).await;
    }
    for login in ["", ":hunter3@", "me:hunter2@"] {
        let error = RedisClusterStore::open(with(login)).unwrap().load(&key()).await.unwrap_err();
        assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    }
    let store = RedisClusterStore::open(with("app:secret@")).unwrap();
    session_runtime::conformance::run(|| async { store.clone() }).await.unwrap();
}

#[tokio::test]
async fn certificates_are_checked() {
    let folder = std::env::temp_dir().join(format!("session-cluster-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    make_certificate(&folder);
    let path = |name: &str| folder.join(name).display().to_string();
    let files = ["--tls-cert-file", &path("cert.pem"), "--tls-key-file", &path("key.pem")];
    if test_servers::is_left_out(test_servers::Kind::RedisCluster) || has_no_tls(&files) {
        return;
    }
    let Some(cluster) = cluster(&[&files[..], &["--tls-auth-clients", "no"]].concat()) else {
        return;
    };
    // Each server listens with TLS besides; the client is told where.
    let mut addresses = HashMap::new();
    let mut tls_nodes = Vec::new();
    for node in nodes(cluster.url()) {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let tls_port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = cmd("CONFIG");
        ask::<()>(&node, command.arg("SET").arg("tls-port").arg(tls_port));
        let plain = NodeAddress::new("127.0.0.1", port(&node));
        addresses.insert(plain, NodeAddress::new("127.0.0.1", tls_port));
        tls_nodes.push(format!("rediss://127.0.0.1:{tls_port}"));
    }
    let root_cert = std::fs::read(path("cert.pem")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();

    let hosts = tls_nodes.join(",").replace("rediss://", "");
    let unknown = RedisClusterStore::open(format!("rediss-cluster://{hosts}")).unwrap();
    let error = unknown.load(&key()).await.unwrap_err();
    assert!(format!("{error:?}").contains("ertificate"), "{error:?}");

    let tls = TlsCertificates { client_tls: None, root_cert: Some(root_cert) };
    let client = ClusterClientBuilder::new(tls_nodes).certs(tls).node_address_map(addresses);
    let store = RedisClusterStore::builder_with_client(client).build().unwrap();
    for _ in 0..10 {
        let (key, record) = (key(), record([("a", "1")]));
        let _ = store.create(&key, &record).await.unwrap();
        assert_eq!(store.load(&key).await.unwrap(), Loaded::Live(record));
    }
}

/// Whether the server was built without TLS; said on the terminal.
fn has_no_tls(files: &[&str]) -> bool {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    let started = test_servers::start_redis(&[&["--tls-port", &port], files].concat());
    let is_without = started.is_err_and(|it| it.to_string().contains("Failed finding TLS support"));
    if is_without {
        eprintln!("left out: this server was built without TLS");
    }
    is_without
}

/// Makes a key and a certificate that vouches for itself.
fn make_certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(' '))
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

#[test]
fn what_cannot_work_is_refused() {
    let builder = || RedisClusterStore::builder("redis-cluster://me:hunter2@127.0.0.1:1");
    let second = Duration::from_secs(1);
    for (refused, named) in [
        (builder().command_timeout(Duration::ZERO).build(), "`command_timeout`"),
        (builder().wait_replicas(0, second).build(), "`wait_replicas`"),
        (builder().wait_replicas(1, Duration::ZERO).build(), "`wait_replicas`"),
        (builder().prefix("{all}:").build(), "`{`"),
        (RedisClusterStore::open("redis-cluster://me:hunter2@127.0.0.1:1/1"), "URL"),
        (RedisClusterStore::open("redis://me:hunter2@127.0.0.1"), "URL"),
        (RedisClusterStore::open("hunter2"), "URL"),
    ] {
        let error = refused.unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    for shown in [format!("{:?}", builder()), format!("{:?}", builder().build().unwrap())] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
