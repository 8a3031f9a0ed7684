//! The options in a URL.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

use super::builder::PostgresStoreBuilder;
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

/// The options of the store, for errors.
const STORE: &str = "there are `table`, `schema`, `migrate`, `unlogged`, `max_connections`, \
    `command_timeout_ms` and `tombstone_time_ms`";

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

/// The builder for a URL that has options of the store and of the client.
///
/// `rest` is the URL after `postgres:`. Without `create`, the option `migrate` has no effect.
pub(in crate::store) fn builder(
    rest: &str,
    create: bool,
) -> Result<PostgresStoreBuilder, ConfigError> {
    let (path, mut given) = (split(rest).0, Vec::new());
    let mut ours = Vec::new();
    for (name, value) in checked(rest)? {
        match is_connection(&name) {
            true => given.push(format!("{name}={value}")),
            false => ours.push((name, decode(value, "options")?)),
        }
    }
    let url = format!("postgres:{path}?{}", given.join("&"));
    let mut builder = PostgresStoreBuilder::of_url(url);
    for (name, value) in ours {
        builder = match name.as_str() {
            "table" => builder.table(value),
            "schema" => builder.schema(value),
            "migrate" if flag(&name, &value)? && create => builder.migrate(),
            "migrate" => builder,
            "unlogged" => builder.unlogged(flag(&name, &value)?),
            "max_connections" => builder.max_connections(number(&name, &value)?),
            "command_timeout_ms" => builder.command_timeout(millis(&name, &value)?),
            "tombstone_time_ms" => builder.tombstone_time(millis(&name, &value)?),
            _ => return Err(unknown("postgres", &name, STORE)),
        };
    }
    Ok(builder)
}

/// The options, with decoded names and values that are not decoded. No option may be given twice.
fn checked(rest: &str) -> Result<Vec<(String, &str)>, ConfigError> {
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

fn is_connection(name: &str) -> bool {
    let name = match name.strip_suffix(']') {
        Some(setting) => &name[..setting.find('[').map_or(0, |bracket| bracket + 1)],
        None => name,
    };
    CONNECTION.contains(&name)
}

fn flag(name: &str, value: &str) -> Result<bool, ConfigError> {
    value.parse().map_err(|_| wrong(name, "`true` or `false`"))
}

fn number(name: &str, value: &str) -> Result<u32, ConfigError> {
    value.parse().map_err(|_| wrong(name, "a whole number"))
}

fn millis(name: &str, value: &str) -> Result<Duration, ConfigError> {
    value.parse().map(Duration::from_millis).map_err(|_| wrong(name, "a number of milliseconds"))
}

fn wrong(name: &str, expected: &str) -> ConfigError {
    ConfigError::new(format_args!("the option `{name}` of `postgres:` is {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(rest: &str) -> String {
        builder(rest, true).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn options_of_the_store_and_of_the_client_are_told_apart() {
        let all = "//me:hunter2@host:5433/db?table=a&sslmode=disable&schema=b&migrate=true\
            &unlogged=true&max_connections=3&command_timeout_ms=100&tombstone_time_ms=7\
            &options[work_mem]=1MB&application_name=a%26b";
        let builder = format!("{:?}", builder(all, true).unwrap());
        for shown in ["\"a\"", "Some(\"b\")", "Some(3)", "100ms", "7ms", "migrate: true"] {
            assert!(builder.contains(shown), "{builder}");
        }
        assert!(!builder.contains("hunter2"));
        let url = "postgres://h/db?application_name=a%26b&options[x]=1";
        let (options, prepared) = super::options(url).unwrap();
        assert_eq!(options.get_application_name(), Some("a&b"));
        assert_eq!(options.get_options(), Some("-c x=1"));
        assert!(prepared);
        let (_, prepared) = super::options(&format!("{url}&statement-cache-capacity=0")).unwrap();
        assert!(!prepared);
    }

    #[test]
    fn wrong_options_are_named() {
        for (rest, named) in [
            ("//me:hunter2@h/d?tabel=a", "`tabel`"),
            ("//me:hunter2@h/d?table=a&table=b", "`table`"),
            ("//me:hunter2@h/d?sslmode=a&sslmode=b", "`sslmode`"),
            ("//me:hunter2@h/d?migrate=yes", "`migrate`"),
            ("//me:hunter2@h/d?max_connections=-1", "`max_connections`"),
            ("//me:hunter2@h/d?command_timeout_ms=1s", "`command_timeout_ms`"),
            ("//me:hunter2@h/d?tombstone_time_ms=", "`tombstone_time_ms`"),
            ("//me:hunter2@h/d?work_mem[x]=1", "`work_mem[x]`"),
            ("//me:hun?hunter2@h/d", "`%40`"),
            ("//me:hun?x=1&x=2hunter2@h/d", "`%40`"),
            ("//me:5/hunter2@h/d", "`%40`"),
            ("//h/d?password=5&hunter2", "`name=value`"),
            ("//h/d?password=5&hun#hunter2=", "`name=value`"),
        ] {
            let message = refusal(rest);
            assert!(message.contains(named), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        for url in [
            "mysql://me:hunter2@h",
            "postgres://me:hunter2@h:port/",
            "postgres://me:hun?hunter2@h",
            "postgres://h?table=a",
        ] {
            let error = options(url).unwrap_err();
            let shown = crate::error::Chain(&error).to_string();
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
