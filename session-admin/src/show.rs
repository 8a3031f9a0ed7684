//! The output: text for people, JSON for programs.

use std::io::{ErrorKind, Write};

use serde::Serialize;
use serde_json::value::RawValue;
use session_runtime::Timestamp;
use session_runtime::store::SessionInfo;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::outcome::{Failure, Outcome};

/// Prints to the standard output. It is no error if the reader closes it early, as `head` does.
pub(crate) fn print(text: &str) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(error)),
        _ => Ok(()),
    }
}

/// A time as text: UTC, to the second.
pub(crate) fn time(time: Timestamp) -> String {
    let seconds = i64::try_from(time.as_millis() / 1_000).unwrap_or(i64::MAX);
    let text = OffsetDateTime::from_unix_timestamp(seconds).ok().map(|it| it.format(&Rfc3339));
    // RFC 3339 has no text for times after the year 9999.
    text.and_then(Result::ok).unwrap_or_else(|| "never".to_owned())
}

/// `1 session`, `2 sessions`.
pub(crate) fn sessions(count: u64) -> String {
    format!("{count} session{}", if count == 1 { "" } else { "s" })
}

/// The text with its control characters escaped, because a terminal would obey them.
pub(crate) fn safe(text: &str) -> String {
    let escape = |character: char| match character.is_control() {
        true => character.escape_unicode().to_string(),
        false => character.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Sessions as a table. With `values`, the values of its fields are below each session.
pub(crate) fn table(infos: &[SessionInfo], values: bool) -> String {
    let mut text = format!(
        "{:<22}  {:<20}  {:<20}  {:<20}  {}\n",
        "ID", "CREATED", "LAST SEEN", "EXPIRES", "FIELDS"
    );
    for info in infos {
        let record = &info.record;
        let names: Vec<_> = record.fields.iter().map(|(name, _)| safe(name)).collect();
        text += &format!(
            "{:<22}  {:<20}  {:<20}  {:<20}  {}\n",
            info.id(),
            time(record.created_at),
            time(info.last_seen()),
            time(record.expires_at),
            names.join(", ")
        );
        for (name, value) in record.fields.iter().filter(|_| values) {
            text += &format!("    {} = {}\n", safe(name), safe(value));
        }
    }
    text
}

/// Sessions as a JSON array, with all control characters escaped.
pub(crate) fn json(infos: &[SessionInfo], values: bool) -> serde_json::Result<String> {
    let rows: Vec<_> = infos.iter().map(|info| Row::new(info, values)).collect();
    let text = serde_json::to_string_pretty(&rows)? + "\n";
    // JSON escapes control characters only up to U+001F. All others are within strings.
    let escape = |character: char| match character {
        '\u{7f}'..='\u{9f}' => format!("\\u{:04x}", u32::from(character)),
        _ => character.to_string(),
    };
    Ok(text.chars().map(escape).collect())
}

#[derive(Serialize)]
struct Row<'a> {
    id: String,
    created_at: String,
    last_seen: String,
    expires_at: String,
    /// When the session expires at the latest.
    deadline: String,
    remembered: bool,
    fields: Fields<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Fields<'a> {
    Names(Vec<&'a str>),
    Values(std::collections::BTreeMap<&'a str, Value<'a>>),
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Json(&'a RawValue),
    /// A text that is not JSON, so another program has written it.
    Text(&'a str),
}

impl<'a> Row<'a> {
    fn new(info: &'a SessionInfo, values: bool) -> Self {
        let record = &info.record;
        let value = |text| serde_json::from_str(text).map_or(Value::Text(text), Value::Json);
        let fields = match values {
            true => {
                Fields::Values(record.fields.iter().map(|(name, it)| (name, value(it))).collect())
            }
            false => Fields::Names(record.fields.iter().map(|(name, _)| name).collect()),
        };
        Self {
            id: info.id(),
            created_at: time(record.created_at),
            last_seen: time(info.last_seen()),
            expires_at: time(record.expires_at),
            deadline: time(record.deadline),
            remembered: record.lifetime.persistent,
            fields,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc() {
        assert_eq!(time(Timestamp::from_millis(1_700_000_000_999)), "2023-11-14T22:13:20Z");
        assert_eq!(time(Timestamp::from_millis(u64::MAX)), "never");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(safe("a\x1b[2J\u{9b}ü"), r"a\u{1b}[2J\u{9b}ü");
    }
}
