//! Every option, and the error for a bad one.

use std::error::Error;
use std::time::Duration;

use mongodb::bson::doc;
use mongodb::options::{
    Acknowledgment, DatabaseOptions, IndexOptions, ReadPreference, SelectionCriteria, WriteConcern,
};
use mongodb::{Client, IndexModel};
use session_runtime::ConfigError;
use session_runtime::store::{Loaded, MongoStore, MongoStoreBuilder, Store, connect};

use crate::{Place, fresh, key};

/// The error in full, as an operator sees it.
fn text(error: &ConfigError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(" {error} {error:?}");
        source = error.source();
    }
    text
}

async fn refusal(builder: MongoStoreBuilder) -> String {
    text(&builder.open().await.unwrap_err())
}

async fn works(store: &impl Store) {
    let one = fresh(&[("a", "1")]);
    let _ = store.create(&key(9), &one).await.unwrap();
    assert!(matches!(store.load(&key(9)).await.unwrap(), Loaded::Live(_)));
}

#[tokio::test]
async fn a_url_has_options() {
    let Some(place) = Place::new() else { return };
    let url = place.url_with(&format!("collection={}&command_timeout_ms=9000", place.collection));
    works(&connect(&format!("{url}&tombstone_time_ms=0&appName=x")).await.unwrap()).await;
    assert_eq!(place.documents().await.count_documents(doc! {}).await.unwrap(), 1);
    let store = connect(&format!("{url}&tombstone_time_ms=0")).await.unwrap();
    store.delete(&key(9)).await.unwrap();
    assert_eq!(store.load(&key(9)).await.unwrap(), Loaded::Absent);
}

#[tokio::test]
async fn a_bad_url_is_named_without_its_password() {
    for (url, named) in [
        ("mongodb://me:hunter2@host/?tabel=a", "`tabel`"),
        ("mongodb://me:hunter2@host/?collection=a&Collection=b", "`Collection`"),
        ("mongodb://me:hunter2@host/?w=1&w=2", "`w`"),
        ("mongodb://me:hunter2@host/?w=0", "`w: 0`"),
        ("mongodb://me:hunter2@host/?readPreference=secondaryPreferred", "`readPreference`"),
        ("mongodb://me:hunter2@host/?command_timeout_ms=soon", "`command_timeout_ms`"),
        ("mongodb://me:hunter2@host/?command_timeout_ms=0", "`command_timeout`"),
        ("mongodb://me:hunter2@host/?tombstone_time_ms=-1", "`tombstone_time_ms`"),
        ("mongodb://me:hunter2@host/?collection=$a", "`collection`"),
        ("mongodb://me:hunter2@host/?collection=%zz", "collection"),
        ("mongodb://me:hunter2@host/?maxPoolSize=many", "`maxPoolSize`"),
        ("mongodb://me:hunter2@host/?socketTimeoutMS=1", "`socketTimeoutMS`"),
        ("mongodb://me:hunter2@host:port/", "URL"),
        ("mongodb://me:hun/ter2hunter2@host/", "`%2F`"),
        ("mongodb://me:x?hunter2@host/", "`%3F`"),
        ("mongodb://me:hunter2", "URL"),
        ("mongodb:hunter2", "`mongodb://`"),
    ] {
        let message = text(&connect(url).await.unwrap_err());
        assert!(message.contains(named), "{url}: {message}");
        assert!(!message.contains("hunter2"), "{url}: {message}");
    }
}

#[tokio::test]
async fn options_that_do_not_go_together() {
    let url = || MongoStore::builder("mongodb://host");
    assert!(refusal(url().port(1)).await.contains("`port`"));
    assert!(refusal(url().password("hunter2")).await.contains("`password`"));
    assert!(refusal(url().tls(true)).await.contains("`tls`"));
    assert!(refusal(url().database("a.b")).await.contains("`database`"));
    assert!(refusal(url().collection("")).await.contains("`collection`"));
    assert!(refusal(url().command_timeout(Duration::ZERO)).await.contains("`command_timeout`"));
    let host = || MongoStore::at_host("host");
    let message = refusal(host().password("hunter2")).await;
    assert!(message.contains("`username`") && !message.contains("hunter2"), "{message}");
    assert!(refusal(host().auth_database("a")).await.contains("`auth_database`"));
    assert!(refusal(host().tls_ca_file("a.pem")).await.contains("`tls`"));
    assert!(refusal(MongoStore::at_host("mongodb://host")).await.contains("`host`"));
    assert!(!format!("{:?}", url().password("hunter2")).contains("hunter2"));
}

#[tokio::test]
async fn an_existing_client_or_database() {
    let Some(place) = Place::new() else { return };
    let client = place.client().await;
    let database = client.database("session_tests");
    for builder in [
        MongoStore::with_client(client.clone()).database("session_tests"),
        MongoStore::with_database(database.clone()),
    ] {
        let store = builder.collection(&*place.collection).open().await.unwrap();
        works(&store).await;
        // Closing the store leaves the client open.
        let other = store.clone();
        store.close().await;
        assert!(other.load(&key(9)).await.is_err());
        let documents = database.collection::<mongodb::bson::Document>(&place.collection);
        assert_eq!(documents.count_documents(doc! {}).await.unwrap(), 1);
    }
    let both = MongoStore::with_database(database).database("a");
    assert!(refusal(both).await.contains("`database`"));
    // Read and write concerns of a client or database are refused as in a URL.
    let secondary = SelectionCriteria::ReadPreference(ReadPreference::Secondary { options: None });
    let careless = WriteConcern::builder().w(Acknowledgment::Nodes(0)).build();
    for (options, named) in [
        (DatabaseOptions::builder().selection_criteria(secondary).build(), "`readPreference`"),
        (DatabaseOptions::builder().write_concern(careless).build(), "`w: 0`"),
    ] {
        let database = client.database_with_options("session_tests", options);
        assert!(refusal(MongoStore::with_database(database)).await.contains(named));
    }
}

#[tokio::test]
async fn closed_is_closed() {
    let Some(place) = Place::new() else { return };
    let store = place.builder().open().await.unwrap();
    works(&store).await;
    let clone = store.clone();
    tokio::time::timeout(Duration::from_secs(5), store.close()).await.unwrap();
    let error = clone.load(&key(9)).await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "the store was closed");
}

#[tokio::test]
async fn indexes_are_made_once_and_checked() {
    let Some(place) = Place::new() else { return };
    for _ in 0..2 {
        place.builder().open().await.unwrap();
    }
    let documents = place.documents().await;
    let mut names = documents.list_index_names().await.unwrap();
    names.sort();
    assert_eq!(names, ["_id_", "session_expiry", "session_keys", "session_principal"]);
    for (name, keys, options) in [
        (
            "session_expiry",
            doc! { "expires_at": 1 },
            IndexOptions::builder().expire_after(Duration::from_secs(1)).build(),
        ),
        ("session_keys", doc! { "keys": 1 }, IndexOptions::default()),
    ] {
        documents.drop_index(name).await.unwrap();
        let mut options = options;
        options.name = Some("mine".to_owned());
        documents
            .create_index(IndexModel::builder().keys(keys).options(options).build())
            .await
            .unwrap();
        let message = refusal(place.builder()).await;
        assert!(
            message.contains("`mine`") && message.contains(".dropIndex(\"mine\")"),
            "{message}"
        );
        documents.drop_index("mine").await.unwrap();
        place.builder().open().await.unwrap();
    }
}

#[tokio::test]
async fn host_user_and_password() {
    if test_servers::is_left_out(test_servers::Kind::MongoDb) {
        return;
    }
    // A server with authentication: the users are created before it is turned on.
    let mut server = test_servers::start_mongodb(&["--sync-on-commit"]).unwrap();
    let port: u16 = server.url().split([':', '/']).nth(4).unwrap().parse().unwrap();
    let client = Client::with_uri_str(server.url()).await.unwrap();
    let password = "p@ss/wörd?";
    let user = doc! { "createUser": "me", "pwd": password, "roles": ["root"] };
    client.database("admin").run_command(user).await.unwrap();
    client.shutdown().immediate(true).await;
    server.kill();
    server.add_arguments(&["--auth"]);
    server.start_again().unwrap();
    let host = |password: &str| {
        MongoStore::at_host("127.0.0.1")
            .port(port)
            .username("me")
            .password(password)
            .auth_database("admin")
            .direct(true)
            .tls(false)
            .database("shop")
            .collection("visitors")
    };
    works(&host(password).open().await.unwrap()).await;
    let message = refusal(host("hunter2")).await;
    assert!(message.contains("refuses") && !message.contains("hunter2"), "{message}");
    let anonymous = MongoStore::at_host("127.0.0.1").port(port).direct(true);
    assert!(refusal(anonymous).await.contains("cannot be read or created"));
    let encoded = "p%40ss%2Fw%C3%B6rd%3F";
    let url = format!(
        "mongodb://me:{encoded}@127.0.0.1:{port}/shop?authSource=admin&collection=visitors"
    );
    let store = connect(&format!("{url}&directConnection=true")).await.unwrap();
    assert!(matches!(store.load(&key(9)).await.unwrap(), Loaded::Live(_)));
}

#[tokio::test]
async fn tls_with_an_authority_of_our_own() {
    if test_servers::is_left_out(test_servers::Kind::MongoDb) {
        return;
    }
    let folder = std::env::temp_dir().join(format!("session-mongodb-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str| folder.join(name).display().to_string();
    let (certificate, private) = (file("cert.pem"), file("key.pem"));
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &private, "-out", &certificate])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let arguments = ["--tls-cert-file", &certificate, "--tls-key-file", &private];
    let server = test_servers::start_mongodb(&arguments).unwrap();
    let port: u16 = server.url().split([':', '/']).nth(4).unwrap().parse().unwrap();
    let host = || MongoStore::at_host("127.0.0.1").port(port).direct(true);
    let store = host().tls(true).tls_ca_file(&certificate).open().await.unwrap();
    works(&store).await;
    // Without the file the certificate is refused; without TLS the connection is.
    let timeout = Duration::from_secs(1);
    for builder in [host().tls(true), host()] {
        let store = builder.command_timeout(timeout).open().await.unwrap();
        assert!(store.load(&key(9)).await.is_err());
    }
    std::fs::remove_dir_all(folder).unwrap();
}
