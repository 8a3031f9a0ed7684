//! The URL: which options are the store's own, which are the driver's, and which are neither.

use std::time::Duration;

use ::mongodb::options::ClientOptions;

use crate::error::ConfigError;
use crate::store::url::decode;

/// What a URL says.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) client: ClientOptions,
    pub(super) collection: Option<String>,
    pub(super) command_timeout: Option<Duration>,
    pub(super) tombstone_time: Option<Duration>,
}

/// What the driver understands, but for what would be without effect here.
const DRIVER: [&str; 29] = [
    "appname",
    "authmechanism",
    "authmechanismproperties",
    "authsource",
    "compressors",
    "connecttimeoutms",
    "directconnection",
    "enableoverloadretargeting",
    "heartbeatfrequencyms",
    "journal",
    "loadbalanced",
    "localthresholdms",
    "maxadaptiveretries",
    "maxconnecting",
    "maxidletimems",
    "maxpoolsize",
    "minpoolsize",
    "readconcernlevel",
    "readpreference",
    "replicaset",
    "retryreads",
    "retrywrites",
    "servermonitoringmode",
    "serverselectiontimeoutms",
    "srvmaxhosts",
    "srvservicename",
    "w",
    "wtimeoutms",
    "zlibcompressionlevel",
];

const DRIVER_TLS: [&str; 7] = [
    "tls",
    "ssl",
    "tlsinsecure",
    "tlsallowinvalidcertificates",
    "tlscafile",
    "tlscertificatekeyfile",
    "tlscertificatekeyfilepassword",
];

pub(super) async fn parse(url: &str) -> Result<Parsed, ConfigError> {
    let after_scheme = ["mongodb://", "mongodb+srv://"].iter().find_map(|it| url.strip_prefix(it));
    let Some(after_scheme) = after_scheme else {
        return Err(ConfigError::new(
            "the URL of a MongoDB store begins with `mongodb://` or `mongodb+srv://`",
        ));
    };
    // Otherwise what follows may be a piece of the password, and no message may show it.
    let authority_ends = after_scheme.find(['/', '?']).unwrap_or(after_scheme.len());
    if after_scheme[authority_ends..].contains('@') {
        return Err(ConfigError::new(
            "in the URL of a MongoDB store, `/`, `?` and `@` in user name, password, database and \
             options are written `%2F`, `%3F` and `%40`",
        ));
    }
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut parsed = Own::default();
    let mut rest: Vec<&str> = Vec::new();
    let mut seen = Vec::new();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let lower = name.to_ascii_lowercase();
        if seen.contains(&lower) {
            return Err(ConfigError::new(format_args!(
                "the option `{name}` of `mongodb:` is given twice"
            )));
        }
        match lower.as_str() {
            "collection" => parsed.collection = Some(decode(value, name)?),
            "command_timeout_ms" => parsed.command_timeout = Some(millis(name, value)?),
            "tombstone_time_ms" => parsed.tombstone_time = Some(millis(name, value)?),
            driver if DRIVER.contains(&driver) || DRIVER_TLS.contains(&driver) => rest.push(option),
            _ => return Err(unknown(name)),
        }
        seen.push(lower);
    }
    let Ok(client) = ClientOptions::parse(format!("{base}?{}", rest.join("&"))).await else {
        return Err(culprit(&rest).await);
    };
    Ok(Parsed {
        client,
        collection: parsed.collection,
        command_timeout: parsed.command_timeout,
        tombstone_time: parsed.tombstone_time,
    })
}

#[derive(Default)]
struct Own {
    collection: Option<String>,
    command_timeout: Option<Duration>,
    tombstone_time: Option<Duration>,
}

fn millis(name: &str, value: &str) -> Result<Duration, ConfigError> {
    value.parse().map(Duration::from_millis).map_err(|_| {
        ConfigError::new(format_args!(
            "the option `{name}` of `mongodb:` is a number of milliseconds"
        ))
    })
}

fn unknown(name: &str) -> ConfigError {
    let is_name =
        !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_');
    if !is_name {
        return ConfigError::new("an option of `mongodb:` has no name; write `name=value`");
    }
    ConfigError::new(format_args!(
        "the option `{name}` of `mongodb:` is unknown; there are `collection`, \
         `command_timeout_ms`, `tombstone_time_ms` and those of MongoDB's connection strings \
         (`replicaSet`, `tls`, `authSource`, `w`, ..)"
    ))
}

/// What the driver's error was about. Its message may show a value, so it is not shown.
async fn culprit(options: &[&str]) -> ConfigError {
    for option in options {
        let name = option.split('=').next().unwrap_or_default();
        // Those need others beside them.
        let alone = !["authmechanism", "tlscertificatekeyfilepassword", "srv"]
            .iter()
            .any(|prefix| name.to_ascii_lowercase().starts_with(prefix));
        if alone && ClientOptions::parse(format!("mongodb://localhost/?{option}")).await.is_err() {
            return ConfigError::new(format_args!(
                "the option `{name}` of `mongodb:` has a value that it cannot have"
            ));
        }
    }
    ConfigError::new(
        "the URL of a MongoDB store is not valid; \
         it is `mongodb://user:password@host:port,host:port/database?option=value`, \
         with `%` and two hexadecimal digits for special characters, \
         and `mongodb+srv://` needs the feature `dns-resolver` of the crate `mongodb`",
    )
}
