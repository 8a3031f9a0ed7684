//! The deploy check: can the schema of this version read the sessions that live now?

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

/// The content of the file: what each field of a schema is stored as.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Recorded {
    schema: String,
    /// The fields by their keys.
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

/// Fails a test if the schema `S` cannot read the sessions that live now.
///
/// The file `path` describes the live sessions, in JSON. Commit it with the code. A relative path
/// begins at the directory of the package.
///
/// Run the test once with `SESSION_SCHEMA=overwrite` to write the file. Do that again after each
/// change that the test allows, or that you have decided on.
///
/// | change | verdict |
/// | --- | --- |
/// | a field is added | allowed |
/// | a field is removed | allowed, with a note |
/// | the new type reads all that was stored: `u64` for `u32`, `Option<T>` for `T`, one more variant of an enum | allowed |
/// | a key is renamed with `alias` | allowed, with a note |
/// | a key is renamed without `key` or `alias` | fails |
/// | an alias is removed | fails |
/// | a type is changed without `upgrade` | fails |
/// | a counter or a flash becomes another kind of field without `upgrade` | fails |
/// | a field becomes the principal, or is no longer the principal | fails |
///
/// The message of a failure says what to do instead.
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
/// # What it sees of a type
///
/// It sees what the type asks of serde: the fields of structs, the variants of enums, options,
/// sequences, maps and numbers. It does not see what else the type checks, nor how it reads
/// [self-describing](https://serde.rs/lifetimes.html) data, as an untagged enum does.
///
/// # Rolling deploys
///
/// With an `alias`, a value moves to the new key when it is next written. An older version of the
/// application does not find it there. While both versions run, rename the field only in the code,
/// and keep its key: `#[session(key = "old")]`.
///
/// # Panics
///
/// If the schema cannot read some live session, or if the file is missing or cannot be read.
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

/// Notes, or the message of the failure.
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
        .map_err(|error| format!("{shown} is not a recorded session schema: {error}"))?;
    let report = compare::<S>(&recorded);
    if report.problems.is_empty() {
        return Ok(report.notes);
    }
    let mut message =
        format!("session schema `{}` cannot read the sessions that {shown} describes\n", S::NAME);
    for problem in report.problems {
        let _ = write!(message, "\n{problem}\n");
    }
    let _ = write!(message, "\nIf that is intended: {VARIABLE}=overwrite cargo test");
    Err(message)
}

/// The text of the file for the schema `S`.
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
                        "`{key}` moves to `{0}` when it is next written; an older version of the \
                         application does not find it there; while both run, use \
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
                "field `{key}`\n  - alias = \"{alias}\"\n  help: sessions that were not written \
                 since the alias was added still hold `{alias}`; keep it until the absolute \
                 timeout has passed",
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
            true => "sessions are indexed by the principal when it is set: use another key",
            false => {
                "versions that run at the same time would write it in different ways: use another \
                 key, or convert the stored value with `upgrade(from = .., with = ..)`"
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

/// No field claims `key` any more. It may have been renamed.
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
            "key `{key}` is gone, and `{new}` of the same type is new\n  - {key}\n  + {new}\n  \
             help: if it was renamed, keep the key with `#[session(key = \"{key}\")]`, or move it \
             with `#[session(alias = \"{key}\")]` when the older version no longer runs",
            new = field.key(),
        )),
    }
}

fn json(shape: &Shape) -> String {
    serde_json::to_string(shape).unwrap_or_default()
}
