//! The shape of a type, as serde shows it, and which stored shapes it can read.

pub(crate) mod description;
pub(crate) mod explorer;
mod probe;
mod sample;
mod stop;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The form of the JSON text that a type is stored as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shape {
    /// Any form: the type decides by what it finds.
    Any,
    Bool,
    U8,
    U16,
    U32,
    U64,
    U128,
    I8,
    I16,
    I32,
    I64,
    I128,
    F32,
    F64,
    Char,
    String,
    Bytes,
    Unit,
    Option(Box<Shape>),
    Seq(Box<Shape>),
    Tuple(Vec<Shape>),
    Map {
        key: Box<Shape>,
        value: Box<Shape>,
    },
    /// By the names of the fields. A field that may be missing has a question mark at the end.
    Struct(BTreeMap<String, Shape>),
    /// By the names of the variants.
    Enum(BTreeMap<String, Shape>),
    /// The struct or enum this many levels up.
    Recursive(usize),
    /// The type did not tell its shape.
    Unknown,
}

impl Shape {
    /// Whether this shape can read what was stored as `stored`. The error says where and why not.
    pub(crate) fn reads(&self, stored: &Self) -> Result<(), String> {
        self.reads_at("", stored)
    }

    fn reads_at(&self, place: &str, stored: &Self) -> Result<(), String> {
        let differ = || Err(difference(place, &stored.name(), &self.name()));
        match (self, stored) {
            _ if self == stored => Ok(()),
            (Self::Any, _) => Ok(()),
            (Self::Option(new), Self::Option(old)) => new.reads_at(place, old),
            // `null` is `None`. Most types do not read it.
            (Self::Option(_), Self::Unit) => Ok(()),
            (_, Self::Option(_)) => differ(),
            (Self::Option(new), old) => new.reads_at(place, old),
            (Self::Seq(new), Self::Seq(old)) => new.reads_at(&format!("{place}[]"), old),
            (Self::Tuple(new), Self::Tuple(old)) if new.len() == old.len() => {
                let mut pairs = new.iter().zip(old).enumerate();
                pairs.try_for_each(|(at, (new, old))| new.reads_at(&format!("{place}.{at}"), old))
            }
            (Self::Seq(new), Self::Tuple(old)) => {
                old.iter().try_for_each(|old| new.reads_at(&format!("{place}[]"), old))
            }
            (Self::Map { key, value }, Self::Map { key: old_key, value: old_value }) => {
                // Every key is a string in JSON, so `String` reads all keys.
                if **key != Self::String {
                    key.reads_at(&format!("{place}{{key}}"), old_key)?;
                }
                value.reads_at(&format!("{place}{{}}"), old_value)
            }
            (Self::Struct(new), Self::Struct(old)) => reads_fields(place, new, old),
            (Self::Enum(new), Self::Enum(old)) => old.iter().try_for_each(|(name, old)| {
                let place = format!("{place}::{name}");
                match new.get(name) {
                    Some(new) => new.reads_at(&place, old),
                    None => Err(difference(&place, "a variant", "gone")),
                }
            }),
            (Self::F32 | Self::F64, old) if old.integer().is_some() || *old == Self::F32 => Ok(()),
            (Self::String, Self::Char) => Ok(()),
            (new, old) => match (new.integer(), old.integer()) {
                (Some(new), Some(old)) if new.holds(old) => Ok(()),
                _ => differ(),
            },
        }
    }

    fn integer(&self) -> Option<Integer> {
        let (signed, bits) = match self {
            Self::U8 => (false, 8),
            Self::U16 => (false, 16),
            Self::U32 => (false, 32),
            Self::U64 => (false, 64),
            Self::U128 => (false, 128),
            Self::I8 => (true, 8),
            Self::I16 => (true, 16),
            Self::I32 => (true, 32),
            Self::I64 => (true, 64),
            Self::I128 => (true, 128),
            _ => return None,
        };
        Some(Integer { signed, bits })
    }

    /// The name for messages.
    fn name(&self) -> String {
        match self {
            Self::Option(inner) => format!("an optional {}", inner.name()),
            Self::Seq(_) => "a sequence".to_owned(),
            Self::Tuple(items) => format!("a tuple of {}", items.len()),
            Self::Map { .. } => "a map".to_owned(),
            Self::Struct(_) => "a struct".to_owned(),
            Self::Enum(_) => "an enum".to_owned(),
            leaf => format!("{leaf:?}").to_lowercase(),
        }
    }
}

#[derive(Clone, Copy)]
struct Integer {
    signed: bool,
    bits: u32,
}

impl Integer {
    /// Whether it holds every number that `other` holds.
    fn holds(self, other: Self) -> bool {
        match (self.signed, other.signed) {
            (true, false) => self.bits > other.bits,
            (false, true) => false,
            _ => self.bits >= other.bits,
        }
    }
}

fn reads_fields(
    place: &str,
    new: &BTreeMap<String, Shape>,
    old: &BTreeMap<String, Shape>,
) -> Result<(), String> {
    for (name, new) in new {
        let (bare, is_optional) = match name.strip_suffix('?') {
            Some(bare) => (bare, true),
            None => (&**name, false),
        };
        let place = format!("{place}.{bare}");
        match (old.get(bare), old.get(&format!("{bare}?"))) {
            (Some(old), _) | (None, Some(old)) => new.reads_at(&place, old)?,
            (None, None) if is_optional => {}
            (None, None) => return Err(difference(&place, "not there", "required")),
        }
    }
    Ok(())
}

fn difference(place: &str, old: &str, new: &str) -> String {
    match place.trim_start_matches('.') {
        "" => format!("it was {old} and is {new}"),
        place => format!("`{place}` was {old} and is {new}"),
    }
}
