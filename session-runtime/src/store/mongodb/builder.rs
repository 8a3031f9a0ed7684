//! The options of the store.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use ::mongodb::{Client, Database};

use super::client::{HostOptions, check, durable, new_client};
use super::ready::Readiness;
use super::{Inner, MongoStore, url};
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;

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

/// The database, the collection and the time for a command unless something else is said.
const DATABASE: &str = "sessions";
const COLLECTION: &str = "sessions";
const COMMAND_TIMEOUT: Duration = Duration::from_secs(5);

impl MongoStoreBuilder {
    pub(super) fn at_url(url: String) -> Self {
        Self::new(Source::Url(url))
    }

    pub(super) fn at_host(host: String) -> Self {
        Self::new(Source::Host(host))
    }

    pub(super) fn with_client(client: Client) -> Self {
        Self::new(Source::Client(client))
    }

    pub(super) fn with_database(database: Database) -> Self {
        Self::new(Source::Database(database))
    }

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

    /// Who logs in at the host. The default is nobody.
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

    /// Whether to use TLS to the host. The default is not to.
    pub fn tls(mut self, tls: bool) -> Self {
        self.host_options.tls = Some(tls);
        self
    }

    /// A file with the certificates (PEM) that the host's certificate is checked against, instead of
    /// the public authorities. Needs [`tls`](Self::tls).
    pub fn tls_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.host_options.tls_ca_file = Some(path.into());
        self
    }

    /// Whether to use this host alone and not look for the other members of its replica set. For a
    /// host that is reached in another way than the replica set knows; it must be the primary. The
    /// default is not to.
    pub fn direct(mut self, direct: bool) -> Self {
        self.host_options.direct = Some(direct);
        self
    }

    /// The database. The default is the one in the URL, the client's default database, or `sessions`.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// The collection, created if it is not there. The default is `sessions`.
    pub fn collection(mut self, name: impl Into<String>) -> Self {
        self.collection = Some(name.into());
        self
    }

    /// Who tells whether a session has expired. The default is [`SystemClock`]. All processes that
    /// use the collection should agree on the time.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How long a deleted or renamed session answers `Gone` instead of `Absent`. The default is 60
    /// seconds; it should be longer than the longest request.
    pub fn tombstone_time(mut self, time: Duration) -> Self {
        self.tombstone_time = Some(time);
        self
    }

    /// How long an operation may take before it fails, waiting for a server or a connection included.
    /// The default is 5 seconds.
    pub fn command_timeout(mut self, timeout: Duration) -> Self {
        self.command_timeout = Some(timeout);
        self
    }

    /// Whether the indexes that are missing are created, and with them the collection.
    pub(in crate::store) fn create(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Connects, and creates the indexes that are missing. The user needs the role `readWrite`; where
    /// the indexes are there already, no right to create them.
    ///
    /// If no server can be reached, that is reported through `tracing` and the store is opened all the
    /// same: its operations fail until there is one.
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// If an option is not valid or contradicts another, if writes are not to be acknowledged
    /// (`w=0`) or reads are not to go to the primary, if the server refuses the login or is no
    /// primary, or if an index of this store is there with other options. No error shows a password.
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
            tombstone_time: tombstone_time.unwrap_or(crate::store::TOMBSTONE_TIME),
            command_timeout,
        })))
    }
}

/// The first name that is said.
fn checked(
    option: &str,
    said: Option<&str>,
    default: Option<&str>,
    otherwise: &str,
) -> Result<String, ConfigError> {
    let name = said.or(default).unwrap_or(otherwise);
    let wrong = match option {
        "database" => name.contains(['/', '\\', '.', ' ', '"', '$', '\0']) || name.len() > 63,
        _ => name.contains(['$', '\0']) || name.starts_with("system.") || name.len() > 200,
    };
    if name.is_empty() || wrong {
        return Err(ConfigError::new(format_args!(
            "the MongoDB option `{option}` is {name:?}, which is no name that MongoDB takes"
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
