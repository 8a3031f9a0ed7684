//! `sslmode` and `sslrootcert`.

use std::path::Path;
use std::process::{Command, Stdio};

use session_runtime::store::{AnyStore, Created, Loaded, Store, connect};
use test_servers::{Kind, Server};

use crate::site::{key, record};

/// Makes a key and a self-signed certificate.
fn make_certificate(folder: &Path, name: &str) {
    let made = Command::new("openssl")
        .args("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost".split(' '))
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.crt")])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

/// A server with TLS. Its data folder has its certificate `server.crt` and another one,
/// `other.crt`.
async fn server() -> Option<(Server, sqlx::PgPool)> {
    if test_servers::is_left_out(Kind::Postgres) {
        return None;
    }
    let server = Kind::Postgres.start().unwrap();
    let data = server.folder().join("data");
    make_certificate(&data, "server");
    make_certificate(&data, "other");
    // The server's user must own its key.
    let owned = Command::new("chown")
        .arg(format!("--reference={}", data.display()))
        .args(["server.key", "server.crt"].map(|file| data.join(file)))
        .status();
    assert!(owned.unwrap().success());
    let pool = sqlx::PgPool::connect(server.url()).await.unwrap();
    for sql in ["ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"] {
        sqlx::raw_sql(sql).execute(&pool).await.unwrap();
    }
    let is_on =
        async || -> String { sqlx::query_scalar("SHOW ssl").fetch_one(&pool).await.unwrap() };
    while is_on().await != "on" {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    Some((server, pool))
}

async fn fails(store: Result<AnyStore, session_runtime::ConfigError>) -> String {
    match store {
        Err(error) => format!("{error:?}"),
        Ok(store) => format!("{:?}", store.load(&key()).await.unwrap_err()),
    }
}

#[tokio::test]
async fn certificates_are_checked() {
    let Some((server, pool)) = server().await else { return };
    let certificate = |name: &str| server.folder().join("data").join(name).display().to_string();
    let url = |mode: &str, certificate: &str| {
        format!("{}?migrate=true&sslmode={mode}&sslrootcert={certificate}", server.url())
    };
    for mode in ["verify-ca", "verify-full"] {
        let store = connect(&url(mode, &certificate("server.crt"))).await.unwrap();
        let (key, record) = (key(), record(&[("a", "1")]));
        assert_eq!(store.create(&key, &record).await.unwrap(), Created::Created);
        assert_eq!(store.load(&key).await.unwrap(), Loaded::Live(record));
        let encrypted = "SELECT count(*) FROM pg_stat_ssl WHERE ssl AND pid <> pg_backend_pid()";
        let encrypted: i64 = sqlx::query_scalar(encrypted).fetch_one(&pool).await.unwrap();
        assert!(encrypted > 0);

        let error = fails(connect(&url(mode, &certificate("other.crt"))).await).await;
        assert!(error.contains("InvalidCertificate"), "{error}");
        let error = fails(connect(&url(mode, &certificate("nowhere.crt"))).await).await;
        assert!(error.contains("nowhere.crt"), "{error}");
    }
    // The server's name is not in the certificate.
    let elsewhere =
        url("verify-full", &certificate("server.crt")).replace("127.0.0.1", "localhost");
    let error = fails(connect(&elsewhere).await).await;
    assert!(error.contains("localhost"), "{error}");
}
