//! How a store is opened, and its options.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ::mongodb::{Client, Database};

use super::client::{HostOptions, check, durable, new_client};
use super::ready::Readiness;
use super::store::{Inner, MongoStore};
use super::url;
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;
use crate::store::contract::TOMBSTONE_TIME;

impl MongoStore {
    /// Connects to the server or replica set that a URL names, with default options otherwise.
    ///
    /// # Errors
    ///
    /// As [`MongoStoreBuilder::open`].
    pub async fn connect(url: &str) -> Result<Self, ConfigError> {
        Self::builder(url).open().await
    }

    /// A store on the server or replica set that a URL names, with options to choose.
    ///
    /// The URL takes the options of MongoDB's connection strings, and `collection`,
    /// `command_timeout_ms` and `tombstone_time_ms`. A URL that begins with `mongodb+srv:` needs
    /// the feature `dns-resolver` of the crate `mongodb`.
    pub fn builder(url: impl Into<String>) -> MongoStoreBuilder {
        MongoStoreBuilder::new(Source::Url(url.into()))
    }

    /// A store on the server at `host`, with options to choose.
    pub fn at_host(host: impl Into<String>) -> MongoStoreBuilder {
        MongoStoreBuilder::new(Source::Host(host.into()))
    }

    /// A store with an existing client of the crate `mongodb`, 3.9 or later.
    ///
    /// Set the client's own timeouts as well if they should be shorter than those of the store.
    ///
    /// ```no_run
    /// use session_runtime::store::MongoStore;
    ///
    /// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = mongodb::Client::with_uri_str("mongodb://localhost").await?;
    /// let store = MongoStore::with_client(client).database("shop").open().await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_client(client: Client) -> MongoStoreBuilder {
        MongoStoreBuilder::new(Source::Client(client))
    }

    /// A store in an existing database of the crate `mongodb`, 3.9 or later.
    pub fn with_database(database: Database) -> MongoStoreBuilder {
        MongoStoreBuilder::new(Source::Database(database))
    }
}

/// The options of a [`MongoStore`].
///
/// ```no_run
/// use session_runtime::store::MongoStore;
/// use std::time::Duration;
///
/// # async fn open() -> Result<(), session_runtime::ConfigError> {
/// let store = MongoStore::at_host("db.internal")
///     .port(27018)
///     .username("shop")
///     .password(std::env::var("MONGODB_PASSWORD").unwrap_or_default())
///     .tls(true)
///     .database("shop")
///     .collection("visitors")
///     .command_timeout(Duration::from_secs(2))
///     .open()
///     .await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct MongoStoreBuilder {
    source: Source,
    host_options: HostOptions,
    database: Option<String>,
    collection: Option<String>,
    clock: Arc<dyn Clock>,
    tombstone_time: Option<Duration>,
    command_timeout: Option<Duration>,
    create: bool,
}

enum Source {
    Url(String),
    Host(String),
    Client(Client),
    Database(Database),
}

// The defaults.
const DATABASE: &str = "sessions";
const COLLECTION: &str = "sessions";
const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);

impl MongoStoreBuilder {
    fn new(source: Source) -> Self {
        Self {
            source,
            host_options: HostOptions::default(),
            database: None,
            collection: None,
            clock: Arc::new(SystemClock),
            tombstone_time: None,
            command_timeout: None,
            create: true,
        }
    }

    /// The port of the host. The default is 27017.
    pub fn port(mut self, port: u16) -> Self {
        self.host_options.port = Some(port);
        self
    }

    /// The user that logs in at the host. By default nobody logs in.
    pub fn username(mut self, name: impl Into<String>) -> Self {
        self.host_options.username = Some(name.into());
        self
    }

    /// The password of the [`username`](Self::username).
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.host_options.password = Some(password.into());
        self
    }

    /// The database that knows the [`username`](Self::username). The default is `admin`.
    pub fn auth_database(mut self, name: impl Into<String>) -> Self {
        self.host_options.auth_database = Some(name.into());
        self
    }

    /// Whether to use TLS to the host. The default is `false`.
    pub fn tls(mut self, tls: bool) -> Self {
        self.host_options.tls = Some(tls);
        self
    }

    /// A PEM file with the authorities that may sign the host's certificate.
    ///
    /// The default is the public authorities. Needs [`tls`](Self::tls).
    pub fn tls_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.host_options.tls_ca_file = Some(path.into());
        self
    }

    /// Whether to use only this host, not the other members of its replica set.
    ///
    /// The default is `false`. Use `true` if the replica set knows the host under an address that
    /// cannot be reached from here. The host must be the primary.
    pub fn direct(mut self, direct: bool) -> Self {
        self.host_options.direct = Some(direct);
        self
    }

    /// The database. The default is that of the URL or of the client, or else `sessions`.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// The collection, created if it is missing. The default is `sessions`.
    pub fn collection(mut self, name: impl Into<String>) -> Self {
        self.collection = Some(name.into());
        self
    }

    /// The clock that decides whether a session has expired. The default is [`SystemClock`].
    ///
    /// All processes that use the collection should agree on the time.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How long a deleted or renamed session is `Gone` instead of `Absent`.
    ///
    /// The default is 60 seconds. It should be longer than the longest request.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.tombstone_time = Some(time);
        self
    }

    /// How long an operation may take, including the wait for a server or connection.
    ///
    /// The default is 5 seconds.
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = Some(timeout);
        self
    }

    /// Whether missing indexes, and with them the collection, are created.
    pub(in crate::store) fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Connects and creates missing indexes.
    ///
    /// The user needs the role `readWrite`. If the indexes exist, the right to create them is not
    /// needed.
    ///
    /// A server that cannot be reached is not an error but a warning through `tracing`. Operations
    /// fail until a server can be reached.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// - An option is not valid or contradicts another.
    /// - Writes would not be acknowledged (`w=0`), or reads would not go to the primary.
    /// - The server refuses the login or is not a primary.
    /// - An index of the store exists with other options.
    ///
    /// No error shows a password.
    pub async fn open(self) -> Result<MongoStore, ConfigError> {
        let Self { source, host_options, database, mut collection, clock, create, .. } = self;
        let (mut command_timeout, mut tombstone_time) = (self.command_timeout, self.tombstone_time);
        if !matches!(source, Source::Host(_))
            && let Some(option) = host_options.first()
        {
            return Err(ConfigError::new(format_args!(
                "the MongoDB option `{option}` goes with `MongoStore::at_host`; \
                 a URL or a client has it already"
            )));
        }
        let mut options = None;
        let mut existing = None;
        match source {
            Source::Url(url) => {
                let parsed = url::parse(&url).await?;
                collection = collection.or(parsed.collection);
                command_timeout = command_timeout.or(parsed.command_timeout);
                tombstone_time = tombstone_time.or(parsed.tombstone_time);
                options = Some(parsed.client);
            }
            Source::Host(host) => options = Some(host_options.client_options(host)?),
            Source::Client(client) => {
                let default = client.default_database().map(|it| it.name().to_owned());
                let name = checked("database", database.as_deref(), default.as_deref(), DATABASE)?;
                existing = Some(client.database(&name));
            }
            Source::Database(_) if database.is_some() => {
                return Err(ConfigError::new(
                    "the MongoDB option `database` goes without an existing database",
                ));
            }
            Source::Database(database) => existing = Some(database),
        }
        let command_timeout = command_timeout.unwrap_or(COMMAND_TIMEOUT);
        if command_timeout.is_zero() {
            return Err(ConfigError::new("the MongoDB option `command_timeout` is zero"));
        }
        let collection = checked("collection", collection.as_deref(), None, COLLECTION)?;
        let (database, own_client) = match (existing, options) {
            (Some(database), _) => (database, None),
            (None, options) => {
                let mut options = options.unwrap_or_default();
                let default = options.default_database.take();
                let name = checked("database", database.as_deref(), default.as_deref(), DATABASE)?;
                check(options.write_concern.as_ref(), options.selection_criteria.as_ref())?;
                let client = new_client(options, command_timeout)?;
                (client.database(&name), Some(client))
            }
        };
        let collection = durable(&database, &collection, command_timeout)?;
        let ready = Readiness::new(database, create);
        ready.at_start(&collection, command_timeout).await?;
        Ok(MongoStore(Arc::new(Inner {
            collection,
            ready,
            own_client,
            closed: AtomicBool::new(false),
            clock,
            tombstone_time: tombstone_time.unwrap_or(TOMBSTONE_TIME),
            command_timeout,
        })))
    }
}

/// The first name that is given, checked.
fn checked(
    option: &str,
    given: Option<&str>,
    default: Option<&str>,
    fallback: &str,
) -> Result<String, ConfigError> {
    let name = given.or(default).unwrap_or(fallback);
    let is_invalid = match option {
        "database" => name.contains(['/', '\\', '.', ' ', '"', '$', '\0']) || name.len() > 63,
        _ => name.contains(['$', '\0']) || name.starts_with("system.") || name.len() > 200,
    };
    if name.is_empty() || is_invalid {
        return Err(ConfigError::new(format_args!(
            "the MongoDB option `{option}` is {name:?}, which MongoDB does not allow as a name"
        )));
    }
    Ok(name.to_owned())
}

impl fmt::Debug for MongoStoreBuilder {
    /// Shows neither URL nor user.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStoreBuilder")
            .field("database", &self.database)
            .field("collection", &self.collection)
            .field("tombstone_time", &self.tombstone_time)
            .field("command_timeout", &self.command_timeout)
            .finish_non_exhaustive()
    }
}
