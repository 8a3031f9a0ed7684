//! `rediss://`.

use std::path::Path;
use std::process::{Command, Stdio};

use session_runtime::store::{Created, Loaded, RedisStore, Store};

use crate::site::{key, record};

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

#[tokio::test]
async fn certificates_are_checked() {
    if test_servers::is_left_out(test_servers::Kind::Redis) {
        return;
    }
    let folder = std::env::temp_dir().join(format!("session-redis-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    make_certificate(&folder);
    let path = |name: &str| folder.join(name).display().to_string();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (port, cert, private) = (port.to_string(), path("cert.pem"), path("key.pem"));
    let arguments = ["--tls-port", &*port, "--tls-cert-file", &*cert, "--tls-key-file", &*private];
    let auth = ["--tls-auth-clients", "no"];
    let _server = match test_servers::start_redis(&[&arguments[..], &auth].concat()) {
        Err(error) if error.to_string().contains("Failed finding TLS support") => {
            eprintln!("left out: this server was built without TLS");
            return;
        }
        started => started.unwrap(),
    };
    let url = format!("rediss://127.0.0.1:{port}");

    let root_cert = std::fs::read(&cert).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let unknown = RedisStore::open(&*url).unwrap();
    let error = unknown.load(&key()).await.unwrap_err();
    assert!(format!("{error:?}").contains("ertificate"), "{error:?}");

    let tls = redis::TlsCertificates { client_tls: None, root_cert: Some(root_cert) };
    let client = redis::Client::build_with_tls(url, tls).unwrap();
    let store = RedisStore::builder_with_client(client).build().unwrap();
    let (key, record) = (key(), record([("a", "1")]));
    assert_eq!(store.create(&key, &record).await.unwrap(), Created::Created);
    assert_eq!(store.load(&key).await.unwrap(), Loaded::Live(record));
}
