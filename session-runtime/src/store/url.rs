//! Paths and options in the URLs of stores.

#[cfg(feature = "redis")]
use std::time::Duration;

use crate::error::ConfigError;

/// One option, decoded.
pub(super) struct Named<'a> {
    scheme: &'a str,
    pub(super) name: &'a str,
    #[cfg_attr(not(any(feature = "sqlite", feature = "redis")), expect(dead_code))]
    pub(super) value: String,
}

/// The options behind the path, none of them twice.
pub(super) fn named<'a>(scheme: &'a str, rest: &'a str) -> Result<Vec<Named<'a>>, ConfigError> {
    let mut options: Vec<Named<'a>> = Vec::new();
    for (name, value) in split(rest).1 {
        if options.iter().any(|option| option.name == name) {
            return Err(ConfigError::new(format_args!(
                "the option `{name}` of `{scheme}:` is given twice"
            )));
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

/// The path and the options, names before values, none decoded.
pub(super) fn split(rest: &str) -> (&str, Vec<(&str, &str)>) {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let options = query.split('&').filter(|option| !option.is_empty());
    (path, options.map(|option| option.split_once('=').unwrap_or((option, ""))).collect())
}

/// Takes `%` and two hexadecimal digits for a byte; `what` names the text in errors.
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
