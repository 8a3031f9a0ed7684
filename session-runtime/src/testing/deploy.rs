//! The deploy check: would a change of the schema strand the sessions that live now?

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::Path;
use std::{env, fs};

use serde::{Deserialize, Serialize};

use crate::schema::SessionSchema;
use crate::schema::shape::Shape;
use crate::schema::shape::description::{Description, Kind};

const VARIABLE: &str = "SESSION_SCHEMA";

/// What each field of a schema is stored as.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Recorded {
    schema: String,
    /// By their keys.
    fields: BTreeMap<String, RecordedField>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct RecordedField {
    kind: Kind,
    #[serde(rename = "type")]
    shape: Shape,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

/// Fails if the schema `S` could not read sessions that were stored with the schema in the file `path`.
///
/// Commit the file, and call this in a test. A change that would strand live sessions then fails that
/// test with what to do instead: a key that was renamed without `key` or `alias`, an alias that was
/// dropped, a type that was changed without `upgrade`, a counter that became a plain field. Adding
/// and removing fields is fine, and so are types that read all that was stored, such as `u64` for `u32`,
/// `Option<T>` for `T`, or an enum with one variant more.
///
/// Run the test once with `SESSION_SCHEMA=overwrite` to write the file: at first, and after each change
/// that it allows or that you have decided on. A relative path begins at the directory of the package.
///
/// ```
/// # use session_runtime::{SessionSchema, testing::assert_compatible};
/// #[derive(SessionSchema)]
/// struct Visit {
///     #[session(counter)]
///     counter: u64,
///     theme: Option<String>,
/// }
///
/// // In a `#[test]`:
/// fn live_sessions_survive_the_deploy() {
///     assert_compatible::<Visit>("session-schema.json");
/// }
/// ```
///
/// The shape of a type is what it asks of serde: the fields of structs, the variants of enums, options,
/// sequences, maps and numbers. What a type checks beyond that, and how it reads what is
/// [self-describing](https://serde.rs/lifetimes.html), such as an untagged enum, cannot be seen.
///
/// An `alias` moves a value to its new key when it is next written, where the older version of the
/// application does not find it. This is a note and no failure; while both versions run, in a rolling
/// deploy, rename the field in the code alone: `#[session(key = "old")]`.
///
/// # Panics
///
/// If a live session would be stranded, or the file is missing or not readable.
#[allow(clippy::test_attr_in_doctest, reason = "it shows where the call belongs")]
#[track_caller]
pub fn assert_compatible<S: SessionSchema>(path: impl AsRef<Path>) {
    let path = path.as_ref();
    let overwrite = env::var(VARIABLE).is_ok_and(|value| value == "overwrite");
    match check::<S>(path, overwrite) {
        Ok(notes) => notes.iter().for_each(|note| eprintln!("note: {note}")),
        Err(message) => panic!("{message}"),
    }
}

/// What is worth knowing, or why the file does not do.
pub(super) fn check<S: SessionSchema>(path: &Path, overwrite: bool) -> Result<Vec<String>, String> {
    let shown = path.display();
    if overwrite {
        return match fs::write(path, text::<S>()) {
            Ok(()) => Ok(vec![format!("the stored shape of `{}` was written to {shown}", S::NAME)]),
            Err(error) => Err(format!("cannot write {shown}: {error}")),
        };
    }
    let recorded = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let help = format!("run this test once with {VARIABLE}=overwrite and commit the file");
            return Err(format!("{shown} does not exist\nhelp: {help}"));
        }
        Err(error) => return Err(format!("cannot read {shown}: {error}")),
    };
    let recorded: Recorded = serde_json::from_str(&recorded)
        .map_err(|error| format!("{shown} is no recorded session schema: {error}"))?;
    let report = compare::<S>(&recorded);
    if report.problems.is_empty() {
        return Ok(report.notes);
    }
    let mut message =
        format!("session schema `{}` would strand sessions stored as {shown} says\n", S::NAME);
    for problem in report.problems {
        let _ = write!(message, "\n{problem}\n");
    }
    let _ = write!(message, "\nIf that is meant: {VARIABLE}=overwrite cargo test");
    Err(message)
}

/// The file for the schema `S`.
fn text<S: SessionSchema>() -> String {
    let fields = S::FIELDS.iter().map(|field| {
        let Description { kind, shape, .. } = field.describe();
        let aliases = field.aliases().iter().map(|alias| (*alias).to_owned()).collect();
        (field.key().to_owned(), RecordedField { kind, shape, aliases })
    });
    let recorded = Recorded { schema: S::NAME.to_owned(), fields: fields.collect() };
    // Strings, maps with string keys and enums always become JSON.
    serde_json::to_string_pretty(&recorded).expect("a description is JSON") + "\n"
}

#[derive(Default)]
struct Report {
    problems: Vec<String>,
    notes: Vec<String>,
}

fn compare<S: SessionSchema>(recorded: &Recorded) -> Report {
    let mut report = Report::default();
    let claims = |key: &str| {
        S::FIELDS.iter().find(|field| field.key() == key || field.aliases().contains(&key))
    };
    for (key, old) in &recorded.fields {
        match claims(key) {
            Some(field) => {
                if field.key() != key {
                    report.notes.push(format!(
                        "`{key}` moves to `{0}` when it is next written, where an older version of \
                         the application does not find it; while both run, use \
                         `#[session(key = \"{key}\")]` instead of the alias",
                        field.key(),
                    ));
                }
                compare_field(key, old, &field.describe(), &mut report);
            }
            None => compare_missing::<S>(key, old, recorded, &mut report),
        }
        for alias in old.aliases.iter().filter(|alias| claims(alias).is_none()) {
            report.problems.push(format!(
                "field `{key}`\n  - alias = \"{alias}\"\n  help: sessions that were not written since \
                 the alias came still hold `{alias}`; drop it when the absolute timeout has passed",
            ));
        }
    }
    report
}

fn compare_field(key: &str, old: &RecordedField, new: &Description, report: &mut Report) {
    let upgraded = new.upgraded.as_ref().map(|shape| shape.reads(&old.shape));
    let is_upgraded = matches!(upgraded, Some(Ok(())));
    let is_principal = [old.kind, new.kind].contains(&Kind::Principal);
    let mut problem = |old: &str, new: &str, help: &str| {
        report.problems.push(format!("field `{key}`\n  - {old}\n  + {new}\n  help: {help}"));
    };
    if old.kind != new.kind && (is_principal || !is_upgraded) {
        let help = match is_principal {
            true => "sessions are indexed by the principal when it is set: take another key",
            false => {
                "versions that run at once would write it in different ways: take another key, or \
                 say with `upgrade(from = .., with = ..)` what becomes of the stored value"
            }
        };
        problem(old.kind.name(), new.kind.name(), help);
    }
    if let Err(difference) = new.shape.reads(&old.shape)
        && !is_upgraded
    {
        let help = match upgraded {
            Some(Err(unread)) => {
                format!(
                    "{difference}; and the type in `upgrade(from = ..)` does not read it: {unread}"
                )
            }
            _ => format!("{difference}; convert it with `upgrade(from = .., with = ..)`"),
        };
        problem(&json(&old.shape), &json(&new.shape), &help);
    }
}

/// No field claims `key` any more: was it renamed?
fn compare_missing<S: SessionSchema>(
    key: &str,
    old: &RecordedField,
    recorded: &Recorded,
    report: &mut Report,
) {
    let is_new = |key: &str| {
        recorded
            .fields
            .iter()
            .all(|(known, it)| known != key && !it.aliases.iter().any(|a| a == key))
    };
    let renamed = S::FIELDS.iter().filter(|field| is_new(field.key())).find(|field| {
        let new = field.describe();
        new.kind == old.kind && new.shape.reads(&old.shape).is_ok()
    });
    match renamed {
        None => report.notes.push(format!("`{key}` is not read any more; live sessions keep it")),
        Some(field) => report.problems.push(format!(
            "key `{key}` is gone, and `{new}` of the same type is new\n  - {key}\n  + {new}\n  help: \
             if it was renamed, keep the key with `#[session(key = \"{key}\")]`, or move it with \
             `#[session(alias = \"{key}\")]` when the older version no longer runs",
            new = field.key(),
        )),
    }
}

fn json(shape: &Shape) -> String {
    serde_json::to_string(shape).unwrap_or_default()
}
