//! Finds out what a type asks of a deserializer at one place in it.
//!
//! A run follows a path into the type, notes what the type asks for at its end, and stops with an
//! error. So it needs no value of the type. Only the items before the path in a tuple need samples.

use std::cell::RefCell;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::Shape;
use super::sample::{Sample, SampleFields};
use super::stop::Stop;

/// One step into a type.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Some,
    Element,
    Index(usize),
    Key,
    Value,
    Field(&'static str),
    /// All fields except this one, to find out whether it is required.
    Without(&'static str),
    Variant(&'static str),
}

/// What a type asked for at the end of a path.
pub(super) enum Seen {
    Leaf(Shape),
    Option,
    Seq,
    Tuple(usize),
    Map,
    Struct(Names),
    Enum(Names),
    NotRequired,
}

/// The name of a struct or enum, and the names of its parts.
pub(super) type Names = (&'static str, &'static [&'static str]);

/// A deserializer that follows `path`, and notes in `seen` what the type asks for at its end.
#[derive(Clone, Copy)]
pub(super) struct Probe<'a> {
    pub(super) path: &'a [Step],
    pub(super) seen: &'a RefCell<Option<Seen>>,
}

impl<'a> Probe<'a> {
    /// Stops the run, and notes `seen` if this is the end of the path.
    fn end<T>(self, seen: Seen) -> Result<T, Stop> {
        if self.path.is_empty() {
            *self.seen.borrow_mut() = Some(seen);
        }
        Err(Stop)
    }

    /// The next step of the path, and the probe for the rest.
    fn step(self) -> Option<(Step, Self)> {
        let (step, path) = self.path.split_first()?;
        Some((*step, Self { path, seen: self.seen }))
    }

    /// Goes on into a struct, or notes its names.
    fn parts<'de, V: Visitor<'de>>(self, names: Names, visitor: V) -> Result<V::Value, Stop> {
        match self.step() {
            Some((Step::Field(name), rest)) => {
                visitor.visit_map(OneEntry { key: Some(Key::Name(name)), value: Some(rest) })
            }
            Some((Step::Without(name), rest)) => {
                let all_others = SampleFields::new(Sample::default(), names.1, Some(name));
                visitor.visit_map(all_others)?;
                rest.end(Seen::NotRequired)
            }
            _ => self.end(Seen::Struct(names)),
        }
    }
}

macro_rules! leaves {
    ($($method:ident => $shape:ident;)+) => {$(
        fn $method<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
            self.end(Seen::Leaf(Shape::$shape))
        }
    )+};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Stop;

    leaves! {
        deserialize_any => Any;
        deserialize_ignored_any => Any;
        deserialize_bool => Bool;
        deserialize_u8 => U8;
        deserialize_u16 => U16;
        deserialize_u32 => U32;
        deserialize_u64 => U64;
        deserialize_u128 => U128;
        deserialize_i8 => I8;
        deserialize_i16 => I16;
        deserialize_i32 => I32;
        deserialize_i64 => I64;
        deserialize_i128 => I128;
        deserialize_f32 => F32;
        deserialize_f64 => F64;
        deserialize_char => Char;
        deserialize_str => String;
        deserialize_string => String;
        deserialize_identifier => String;
        deserialize_bytes => Bytes;
        deserialize_byte_buf => Bytes;
        deserialize_unit => Unit;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.step() {
            Some((Step::Some, rest)) => visitor.visit_some(rest),
            _ => self.end(Seen::Option),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.step() {
            Some((Step::Element, rest)) => visitor.visit_seq(Items { before: 0, probe: rest }),
            _ => self.end(Seen::Seq),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        match self.step() {
            Some((Step::Index(before), rest)) => visitor.visit_seq(Items { before, probe: rest }),
            _ => self.end(Seen::Tuple(len)),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        match self.step() {
            Some((Step::Key, rest)) => {
                visitor.visit_map(OneEntry { key: Some(Key::Probe(rest)), value: None })
            }
            Some((Step::Value, rest)) => {
                visitor.visit_map(OneEntry { key: Some(Key::Sample), value: Some(rest) })
            }
            _ => self.end(Seen::Map),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.parts((name, fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        match self.step() {
            Some((Step::Variant(name), rest)) => {
                visitor.visit_enum(OneVariant { name, probe: rest })
            }
            _ => self.end(Seen::Enum((name, variants))),
        }
    }
}

/// A list with some samples, and then the next place on the path.
struct Items<'a> {
    before: usize,
    probe: Probe<'a>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        if self.before == 0 {
            return seed.deserialize(self.probe).map(Some);
        }
        self.before -= 1;
        seed.deserialize(Sample::default()).map(Some)
    }
}

/// A map with one entry.
struct OneEntry<'a> {
    key: Option<Key<'a>>,
    value: Option<Probe<'a>>,
}

enum Key<'a> {
    Name(&'static str),
    Probe(Probe<'a>),
    Sample,
}

impl<'de> MapAccess<'de> for OneEntry<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        match self.key.take() {
            None => Ok(None),
            Some(Key::Name(name)) => seed.deserialize(StrDeserializer::new(name)).map(Some),
            Some(Key::Probe(probe)) => seed.deserialize(probe).map(Some),
            Some(Key::Sample) => seed.deserialize(Sample::default()).map(Some),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Stop> {
        seed.deserialize(self.value.ok_or(Stop)?)
    }
}

/// An enum with one variant.
struct OneVariant<'a> {
    name: &'static str,
    probe: Probe<'a>,
}

impl<'de, 'a> EnumAccess<'de> for OneVariant<'a> {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Stop> {
        Ok((seed.deserialize(StrDeserializer::new(self.name))?, self))
    }
}

impl<'de> VariantAccess<'de> for OneVariant<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        self.probe.end(Seen::Leaf(Shape::Unit))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Stop> {
        seed.deserialize(self.probe)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.probe.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.probe.parts((self.name, fields), visitor)
    }
}
