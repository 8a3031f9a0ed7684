//! A builder with the options of a URL.

use super::builder::WebdisStoreBuilder;
use crate::error::ConfigError;
use crate::store::url::{check_user, named, split};

/// The builder for `webdis:`. `rest` follows the scheme and its colon.
pub(in crate::store) fn of_url(rest: &str) -> Result<WebdisStoreBuilder, ConfigError> {
    check_user(rest)?;
    let mut builder = WebdisStoreBuilder::new(format!("webdis:{}", split(rest).0));
    for option in named("webdis", rest)? {
        if option.name == "max_connections" {
            builder = builder.max_connections(option.number()? as usize);
        } else if !builder.options.set(&option)? {
            return Err(option.unknown(
                "there are `prefix`, `command_timeout_ms`, `max_connections` and \
                 `tombstone_time_ms`",
            ));
        }
    }
    Ok(builder)
}
