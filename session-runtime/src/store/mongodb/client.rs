//! The driver's client and collection with the options that the store needs.

use std::path::PathBuf;
use std::time::Duration;

use ::mongodb::bson::Document;
use ::mongodb::options::{
    Acknowledgment, ClientOptions, CollectionOptions, Credential, ReadPreference,
    SelectionCriteria, ServerAddress, Tls, TlsOptions, WriteConcern,
};
use ::mongodb::{Client, Collection, Database};

use crate::error::ConfigError;

/// Options that go only with a host: a URL contains them, and an existing client already has them.
#[derive(Default)]
pub(super) struct HostOptions {
    pub(super) port: Option<u16>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) auth_database: Option<String>,
    pub(super) tls: Option<bool>,
    pub(super) tls_ca_file: Option<PathBuf>,
    pub(super) direct: Option<bool>,
}

impl HostOptions {
    /// The name of the first option that is set.
    pub(super) fn first(&self) -> Option<&'static str> {
        let given = [
            ("port", self.port.is_some()),
            ("username", self.username.is_some()),
            ("password", self.password.is_some()),
            ("auth_database", self.auth_database.is_some()),
            ("tls", self.tls.is_some()),
            ("tls_ca_file", self.tls_ca_file.is_some()),
            ("direct", self.direct.is_some()),
        ];
        given.into_iter().find_map(|(name, given)| given.then_some(name))
    }

    pub(super) fn client_options(self, host: String) -> Result<ClientOptions, ConfigError> {
        if host.is_empty() || host.contains(['/', '@', ',', '?']) {
            return Err(ConfigError::new(
                "the MongoDB option `host` is one name or address; \
                 for several, or a URL, there is `MongoStore::builder`",
            ));
        }
        let mut options = ClientOptions::default();
        options.hosts = vec![ServerAddress::Tcp { host, port: self.port }];
        options.direct_connection = self.direct;
        options.credential = match (self.username, self.password) {
            (None, None) if self.auth_database.is_none() => None,
            (Some(username), password) => {
                let mut credential = Credential::default();
                credential.username = Some(username);
                credential.password = password;
                credential.source = self.auth_database;
                Some(credential)
            }
            (None, password) => {
                let option = if password.is_some() { "password" } else { "auth_database" };
                return Err(ConfigError::new(format_args!(
                    "the MongoDB option `{option}` needs a `username`"
                )));
            }
        };
        options.tls = match (self.tls, self.tls_ca_file) {
            (Some(true), ca_file) => {
                let mut tls = TlsOptions::default();
                tls.ca_file_path = ca_file;
                Some(Tls::Enabled(tls))
            }
            (_, Some(_)) => {
                return Err(ConfigError::new("the MongoDB option `tls_ca_file` needs `tls`"));
            }
            (Some(false), None) => Some(Tls::Disabled),
            (None, None) => None,
        };
        Ok(options)
    }
}

pub(super) fn new_client(
    mut options: ClientOptions,
    timeout: Duration,
) -> Result<Client, ConfigError> {
    // The driver must not wait longer than the store.
    options.server_selection_timeout.get_or_insert(timeout);
    options.connect_timeout.get_or_insert(timeout);
    // See the docs of `MongoStore`.
    options.retry_writes.get_or_insert(false);
    Client::with_options(options)
        .map_err(|error| ConfigError::with_source("the options of MongoDB do not fit", error))
}

/// The collection with acknowledged writes and with reads from the primary.
pub(super) fn durable(
    database: &Database,
    name: &str,
    timeout: Duration,
) -> Result<Collection<Document>, ConfigError> {
    check(database.write_concern(), database.selection_criteria())?;
    let mut concern = database.write_concern().cloned().unwrap_or_default();
    concern.w.get_or_insert(Acknowledgment::Majority);
    // The server must not wait longer than the store.
    concern.w_timeout.get_or_insert(timeout);
    let mut options = CollectionOptions::default();
    options.write_concern = Some(concern);
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    options.read_concern = database.read_concern().cloned();
    Ok(database.collection_with_options(name, options))
}

/// Refuses unacknowledged writes, and reads from a secondary.
pub(super) fn check(
    concern: Option<&WriteConcern>,
    reads: Option<&SelectionCriteria>,
) -> Result<(), ConfigError> {
    if concern.and_then(|concern| concern.w.as_ref()) == Some(&Acknowledgment::Nodes(0)) {
        return Err(ConfigError::new(
            "the MongoDB write concern `w: 0` does not tell whether a session was saved; \
             use `w=majority`, the default, or `w=1`",
        ));
    }
    match reads {
        None | Some(SelectionCriteria::ReadPreference(ReadPreference::Primary)) => Ok(()),
        Some(_) => Err(ConfigError::new(
            "the MongoDB option `readPreference` is not `primary`; \
             a secondary may still show a deleted session",
        )),
    }
}
