//! A builder with the options of a URL.

use std::time::Duration;

use super::builder::PostgresStoreBuilder;
use super::url::{checked, is_connection};
use crate::error::ConfigError;
use crate::store::url::{decode, split, unknown};

/// The options of the store, for errors.
const STORE: &str = "there are `table`, `schema`, `migrate`, `unlogged`, `max_connections`, \
    `command_timeout_ms` and `tombstone_time_ms`";

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
    use super::super::url::options;
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
        let (client, prepared) = options(url).unwrap();
        assert_eq!(client.get_application_name(), Some("a&b"));
        assert_eq!(client.get_options(), Some("-c x=1"));
        assert!(prepared);
        let (_, prepared) = options(&format!("{url}&statement-cache-capacity=0")).unwrap();
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
