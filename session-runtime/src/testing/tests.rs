//! The deploy check: each verdict, and the shapes that it sees.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::deploy::check;
use crate::SessionSchema;
use crate::schema::shape::explorer::shape_of;

fn shape<T: serde::de::DeserializeOwned>() -> Value {
    serde_json::to_value(shape_of::<T>()).unwrap()
}

#[derive(Clone, Serialize, Deserialize)]
struct Item {
    name: String,
    price: f64,
    #[serde(default)]
    tags: Vec<String>,
    note: Option<char>,
    #[serde(rename = "of")]
    parent: Option<Box<Item>>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Id(NonZeroU32);

#[derive(Clone, Default, Serialize, Deserialize)]
enum Choice {
    #[default]
    Nothing,
    One(Id),
    Two(u8, bool),
    Named {
        all: Vec<Choice>,
    },
}

#[test]
fn shapes_are_seen_without_values() {
    assert_eq!(shape::<u64>(), json!("u64"));
    assert_eq!(shape::<Option<Vec<Id>>>(), json!({"option": {"seq": "u32"}}));
    assert_eq!(shape::<(u8, Item, bool)>()["tuple"][2], json!("bool"));
    assert_eq!(
        shape::<BTreeMap<u32, HashMap<String, Value>>>(),
        json!({"map": {"key": "u32", "value": {"map": {"key": "string", "value": "any"}}}})
    );
    assert_eq!(
        shape::<Item>(),
        json!({"struct": {
            "name": "string",
            "price": "f64",
            "tags?": {"seq": "string"},
            "note?": {"option": "char"},
            "of?": {"option": {"recursive": 1}},
        }})
    );
    assert_eq!(
        shape::<Choice>(),
        json!({"enum": {
            "Nothing": "unit",
            "One": "u32",
            "Two": {"tuple": ["u8", "bool"]},
            "Named": {"struct": {"all": {"seq": {"recursive": 2}}}},
        }})
    );
    // This type accepts no sample value.
    assert_eq!(shape::<std::net::IpAddr>(), json!("string"));
    assert_eq!(shape::<std::time::Duration>(), json!({"struct": {"secs": "u64", "nanos": "u32"}}));
}

mod recorded {
    use super::*;

    #[derive(SessionSchema)]
    #[session(crate = "crate")]
    pub(super) struct Visit {
        #[session(counter)]
        hits: u32,
        theme: Option<String>,
        choice: Choice,
        #[session(alias = "basket")]
        cart: Vec<Item>,
        #[session(flash)]
        notice: Option<String>,
        #[session(principal)]
        user_id: Option<u64>,
    }
}

/// Writes the file for `S` to a path that no other test uses.
fn recorded_file<S: SessionSchema>(name: &str) -> PathBuf {
    let path =
        std::env::temp_dir().join(format!("session-schema-{}-{name}.json", std::process::id()));
    check::<S>(&path, true).unwrap();
    path
}

fn verdict<S: SessionSchema>(name: &str) -> Result<Vec<String>, String> {
    let path = recorded_file::<recorded::Visit>(name);
    let verdict = check::<S>(&path, false);
    std::fs::remove_file(&path).unwrap();
    verdict.map_err(|message| message.replace(&path.display().to_string(), "the file"))
}

macro_rules! visit {
    ($($fields:tt)*) => {
        #[derive(SessionSchema)]
        #[session(crate = "crate")]
        struct Visit { $($fields)* }
    };
}

#[test]
fn what_has_not_changed_is_fine_and_the_file_is_stable() {
    assert_eq!(verdict::<recorded::Visit>("same"), Ok(vec![]));
    let path = recorded_file::<recorded::Visit>("text");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    assert!(
        text.starts_with("{\n  \"schema\": \"Visit\",\n  \"fields\": {\n    \"cart\": {\n"),
        "{text}"
    );
    assert!(text.contains("\"aliases\": [\n        \"basket\"\n      ]"), "{text}");
    assert!(text.ends_with("}\n"), "{text}");
}

#[test]
fn a_missing_file_says_how_to_write_it() {
    let missing = std::env::temp_dir().join("no-such-session-schema.json");
    let message = check::<recorded::Visit>(&missing, false).unwrap_err();
    assert!(message.contains("does not exist"), "{message}");
    assert!(message.contains("SESSION_SCHEMA=overwrite"), "{message}");
    assert!(!missing.exists());
}

#[test]
fn fields_may_come_and_go_and_types_may_take_more() {
    #[derive(Clone, Default, Serialize, Deserialize)]
    enum Choice {
        #[default]
        Nothing,
        One(u64),
        Two(i16, bool),
        Named {
            all: Vec<Choice>,
        },
        Other,
    }

    #[derive(Clone, Serialize, Deserialize)]
    struct Item {
        name: Option<String>,
        price: f64,
        #[serde(default)]
        amount: u32,
        note: Option<String>,
        of: Option<Box<Item>>,
    }

    visit! {
        #[session(counter)]
        hits: u64,
        choice: Option<Choice>,
        #[session(alias = "basket")]
        cart: Vec<Item>,
        #[session(flash)]
        notice: Option<String>,
        #[session(principal)]
        user_id: Option<u64>,
        added: bool,
    }
    let notes = verdict::<Visit>("more").unwrap();
    assert_eq!(notes, ["`theme` is not read any more; live sessions keep it"]);
}

#[test]
fn a_renamed_key_needs_key_or_alias() {
    visit! {
        #[session(counter)]
        seen: u32,
        #[session(key = "theme")]
        colour: Option<String>,
        choice: Choice,
        #[session(alias = "basket")]
        cart: Vec<Item>,
        #[session(flash, alias = "notice")]
        message: Option<String>,
        #[session(principal)]
        user_id: Option<u64>,
    }
    let message = verdict::<Visit>("renamed").unwrap_err();
    assert_eq!(
        message,
        "session schema `Visit` cannot read the sessions that the file describes\n\
         \n\
         key `hits` is gone, and `seen` of the same type is new\n  \
           - hits\n  \
           + seen\n  \
           help: if it was renamed, keep the key with `#[session(key = \"hits\")]`, or move it with \
         `#[session(alias = \"hits\")]` when the older version no longer runs\n\
         \n\
         If that is intended: SESSION_SCHEMA=overwrite cargo test"
    );
}

#[test]
fn an_alias_is_a_note_and_a_dropped_one_is_not() {
    visit! {
        #[session(counter, alias = "hits")]
        seen: u32,
        theme: Option<String>,
        choice: Choice,
        cart: Vec<Item>,
        #[session(flash)]
        notice: Option<String>,
        #[session(principal)]
        user_id: Option<u64>,
    }
    let message = verdict::<Visit>("alias").unwrap_err();
    assert!(message.contains("- alias = \"basket\""), "{message}");
    assert!(!message.contains("seen"), "{message}");

    mod moved {
        use super::*;
        visit! {
            #[session(counter, alias = "hits")]
            seen: u32,
        }
        pub(super) fn notes() -> Vec<String> {
            let path = recorded_file::<Counted>("moved");
            let notes = check::<Visit>(&path, false).unwrap();
            std::fs::remove_file(path).unwrap();
            notes
        }

        #[derive(SessionSchema)]
        #[session(crate = "crate")]
        struct Counted {
            #[session(counter)]
            hits: u32,
        }
    }
    let notes = moved::notes();
    assert!(notes[0].contains("`hits` moves to `seen`"), "{notes:?}");
    assert!(notes[0].contains("#[session(key = \"hits\")]"), "{notes:?}");
}

#[test]
fn a_changed_type_needs_upgrade() {
    visit! {
        hits: u32,
        theme: String,
        choice: Vec<Choice>,
        #[session(alias = "basket", upgrade(from = Vec<Item>, with = |items: Vec<Item>| items.len()))]
        cart: usize,
        #[session(flash)]
        notice: Option<String>,
        user_id: Option<u64>,
    }
    let message = verdict::<Visit>("types").unwrap_err();
    for part in [
        "field `hits`\n  - counter\n  + plain field",
        "field `theme`\n  - {\"option\":\"string\"}\n  + \"string\"\n  help: it was an optional string",
        "field `choice`",
        "field `user_id`\n  - principal\n  + plain field\n  help: sessions are indexed",
    ] {
        assert!(message.contains(part), "{part}\n{message}");
    }
    assert!(!message.contains("cart"), "{message}");

    #[derive(Clone, Serialize, Deserialize)]
    struct Numbered {
        name: u32,
    }

    #[derive(SessionSchema)]
    #[session(crate = "crate")]
    struct Inner {
        #[session(upgrade(from = u32, with = u64::from))]
        hits: u64,
        #[session(alias = "basket", upgrade(from = u32, with = |_| Vec::new()))]
        cart: Vec<Numbered>,
    }
    let message = verdict::<Inner>("inner").unwrap_err();
    assert!(!message.contains("hits"), "{message}");
    assert!(message.contains("`[].name` was string and is u32"), "{message}");
    assert!(message.contains("`upgrade(from = ..)` does not read it"), "{message}");
}
