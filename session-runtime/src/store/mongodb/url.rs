//! The options in a URL: those of the store and those of the driver.

use std::time::Duration;

use ::mongodb::options::ClientOptions;

use crate::error::ConfigError;
use crate::store::url::{check_user, decode, pairs, split, twice, unknown};

/// A parsed URL.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) client: ClientOptions,
    pub(super) collection: Option<String>,
    pub(super) command_timeout: Option<Duration>,
    pub(super) tombstone_time: Option<Duration>,
}

/// The driver's options, except those that would have no effect here.
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

/// The driver's options for TLS.
const DRIVER_TLS: [&str; 7] = [
    "tls",
    "ssl",
    "tlsinsecure",
    "tlsallowinvalidcertificates",
    "tlscafile",
    "tlscertificatekeyfile",
    "tlscertificatekeyfilepassword",
];

const THERE_ARE: &str = "there are `collection`, `command_timeout_ms`, `tombstone_time_ms` and the \
    options of MongoDB's connection strings (`replicaSet`, `tls`, `authSource`, `w`, ..)";

pub(super) async fn parse(url: &str) -> Result<Parsed, ConfigError> {
    let after_scheme = ["mongodb://", "mongodb+srv://"].iter().find_map(|it| url.strip_prefix(it));
    check_user(after_scheme.ok_or_else(|| {
        ConfigError::new("the URL of a MongoDB store begins with `mongodb://` or `mongodb+srv://`")
    })?)?;
    let (base, options) = split(url);
    let mut parsed = Own::default();
    let mut rest = Vec::new();
    let mut seen = Vec::new();
    for (name, value) in pairs("mongodb", options)? {
        let lower = name.to_ascii_lowercase();
        if seen.contains(&lower) {
            return Err(twice("mongodb", name));
        }
        match lower.as_str() {
            "collection" => parsed.collection = Some(decode(value, name)?),
            "command_timeout_ms" => parsed.command_timeout = Some(millis(name, value)?),
            "tombstone_time_ms" => parsed.tombstone_time = Some(millis(name, value)?),
            driver if DRIVER.contains(&driver) || DRIVER_TLS.contains(&driver) => {
                rest.push(format!("{name}={value}"));
            }
            _ => return Err(unknown("mongodb", name, THERE_ARE)),
        }
        seen.push(lower);
    }
    let Ok(client) = ClientOptions::parse(format!("{base}?{}", rest.join("&"))).await else {
        return Err(invalid_option(&rest).await);
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

/// An error that names the refused option. The driver's own message may show a value.
async fn invalid_option(options: &[String]) -> ConfigError {
    for option in options {
        let name = option.split('=').next().unwrap_or_default();
        // The driver refuses these without other options, so they cannot be tested one by one.
        let is_independent = !["authmechanism", "tlscertificatekeyfilepassword", "srv"]
            .iter()
            .any(|prefix| name.to_ascii_lowercase().starts_with(prefix));
        if is_independent
            && ClientOptions::parse(format!("mongodb://localhost/?{option}")).await.is_err()
        {
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
