//! Parses the paths and options of store URLs.

#[cfg(feature = "redis")]
use std::time::Duration;

use crate::error::ConfigError;

/// An option with its decoded value.
pub(super) struct Named<'a> {
    scheme: &'a str,
    pub(super) name: &'a str,
    #[cfg_attr(not(any(feature = "sqlite", feature = "redis")), expect(dead_code))]
    pub(super) value: String,
}

/// The options after the path, decoded. No option may be given twice.
pub(super) fn named<'a>(scheme: &'a str, rest: &'a str) -> Result<Vec<Named<'a>>, ConfigError> {
    let mut options: Vec<Named<'a>> = Vec::new();
    for (name, value) in pairs(scheme, split(rest).1)? {
        if options.iter().any(|option| option.name == name) {
            return Err(twice(scheme, name));
        }
        options.push(Named { scheme, name, value: decode(value, name)? });
    }
    Ok(options)
}

impl Named<'_> {
    #[cfg(feature = "redis")]
    pub(super) fn number(&self) -> Result<u32, ConfigError> {
        let Self { scheme, name, value } = self;
        value.parse().map_err(|_| {
            ConfigError::new(format_args!("the option `{name}` of `{scheme}:` is a number"))
        })
    }

    #[cfg(feature = "redis")]
    pub(super) fn millis(&self) -> Result<Duration, ConfigError> {
        Ok(Duration::from_millis(self.number()?.into()))
    }

    pub(super) fn unknown(&self, there_are: &str) -> ConfigError {
        unknown(self.scheme, self.name, there_are)
    }
}

pub(super) fn unknown(scheme: &str, name: &str, there_are: &str) -> ConfigError {
    ConfigError::new(format_args!("the option `{name}` of `{scheme}:` is unknown; {there_are}"))
}

pub(super) fn twice(scheme: &str, name: &str) -> ConfigError {
    ConfigError::new(format_args!("the option `{name}` of `{scheme}:` is given twice"))
}

/// The path, and the options after the `?`.
pub(super) fn split(rest: &str) -> (&str, &str) {
    rest.split_once('?').unwrap_or((rest, ""))
}

/// The names and values of the options, not decoded.
///
/// The error does not show a text that is not `name=value`, because it may be part of a password.
pub(super) fn pairs<'a>(
    scheme: &str,
    options: &'a str,
) -> Result<Vec<(&'a str, &'a str)>, ConfigError> {
    let is_name = |name: &str| {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.[]%".contains(&byte);
        !name.is_empty() && name.bytes().all(is_valid)
    };
    let pair = |option: &'a str| {
        option.split_once('=').filter(|(name, _)| is_name(name)).ok_or_else(|| {
            ConfigError::new(format_args!(
                "an option of `{scheme}:` has no name; write `name=value`, with `%26` for `&`"
            ))
        })
    };
    options.split('&').filter(|option| !option.is_empty()).map(pair).collect()
}

/// Refuses an `@` after the servers. There it can only mean that the user or password contains a
/// character that must be encoded. `rest` is the URL after the scheme and its colon.
#[cfg(any(feature = "redis", feature = "mongodb", feature = "postgres"))]
pub(super) fn check_user(rest: &str) -> Result<(), ConfigError> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest[end..].contains('@') {
        false => Ok(()),
        true => Err(ConfigError::new(
            "in the store's URL, `/`, `?` and `@` in user name, password, database and options are \
             written `%2F`, `%3F` and `%40`",
        )),
    }
}

/// Decodes `%` and two hexadecimal digits to a byte; `what` names the text in errors.
pub(super) fn decode(text: &str, what: &str) -> Result<String, ConfigError> {
    let wrong = || {
        ConfigError::new(format_args!(
            "in the {what} of the store's URL, `%` stands before two hexadecimal digits \
             and the result is UTF-8; write `%25` for `%`"
        ))
    };
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or_else(wrong)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_signs_stand_for_bytes() {
        assert_eq!(decode("a%20b%C3%BC%25", "path").unwrap(), "a bü%");
        for wrong in ["%", "%2", "%zz", "%+1", "%ff", "%ü1"] {
            assert!(decode(wrong, "path").is_err(), "{wrong}");
        }
    }
}
