//! The options in a URL.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::error::ConfigError;
use crate::store::url::{check_user, decode, pairs, split, twice, unknown};

/// The options of the client.
const CONNECTION: [&str; 19] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    // With the name of a setting in brackets.
    "options[",
];

/// The options of the client that name files.
const FILES: [&str; 7] =
    ["sslrootcert", "ssl-root-cert", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key"];

/// The client's options, and whether the server keeps prepared statements for it.
pub(super) fn options(url: &str) -> Result<(PgConnectOptions, bool), ConfigError> {
    let options = |rest| {
        let mut prepared = true;
        for (name, value) in checked(rest)? {
            if !is_connection(&name) {
                return Err(unknown("postgres", &name, "a connection takes those of PostgreSQL"));
            }
            check_file(&name, value)?;
            prepared &=
                name != "statement-cache-capacity" || decode(value, &name)?.parse() != Ok(0);
        }
        let options = PgConnectOptions::from_str(url).map_err(|error| {
            ConfigError::with_source("the URL of PostgreSQL is not valid", error)
        })?;
        Ok((options, prepared))
    };
    match url.split_once(':') {
        Some(("postgres" | "postgresql", rest)) => options(rest),
        _ => Err(ConfigError::new("the URL of PostgreSQL begins with `postgres://`")),
    }
}

/// The options, with decoded names and values that are not decoded. No option may be given twice.
pub(super) fn checked(rest: &str) -> Result<Vec<(String, &str)>, ConfigError> {
    check_user(rest)?;
    let mut options: Vec<(String, &str)> = Vec::new();
    for (name, value) in pairs("postgres", split(rest).1)? {
        let name = decode(name, "options")?;
        if options.iter().any(|(seen, _)| *seen == name) {
            return Err(twice("postgres", &name));
        }
        options.push((name, value));
    }
    Ok(options)
}

/// Checks that the file of an option can be read.
///
/// The client reads the file only when it connects, and its error does not name the file. The text
/// of the file may be given in place of its name.
fn check_file(name: &str, value: &str) -> Result<(), ConfigError> {
    if !FILES.contains(&name) {
        return Ok(());
    }
    let file = decode(value, name)?;
    match file.trim_start().starts_with("-----BEGIN") {
        true => Ok(()),
        false => std::fs::File::open(&file).map(drop).map_err(|error| {
            let message = format!("the file of the option `{name}` of `postgres:`, {file}");
            ConfigError::with_source(format!("{message}, cannot be read"), error)
        }),
    }
}

pub(super) fn is_connection(name: &str) -> bool {
    let name = match name.strip_suffix(']') {
        Some(setting) => &name[..setting.find('[').map_or(0, |bracket| bracket + 1)],
        None => name,
    };
    CONNECTION.contains(&name)
}
