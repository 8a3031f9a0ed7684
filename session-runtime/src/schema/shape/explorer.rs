//! Finds out the shape of a type. Each run looks at one place in it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::Shape;
use super::probe::{Names, Probe, Seen, Step};

/// After so many runs, the rest of a type is [`Shape::Unknown`].
const MAX_RUNS: usize = 10_000;

/// The shape of `T`.
pub(crate) fn shape_of<T: DeserializeOwned>() -> Shape {
    let run = |path: &[Step]| {
        let seen = RefCell::new(None);
        let _ = T::deserialize(Probe { path, seen: &seen });
        seen.into_inner()
    };
    Explorer { run: &run, runs: 0, path: Vec::new(), around: Vec::new() }.shape()
}

struct Explorer<'a> {
    run: &'a dyn Fn(&[Step]) -> Option<Seen>,
    runs: usize,
    path: Vec<Step>,
    /// The structs and enums on the path, to notice when a type contains itself.
    around: Vec<Names>,
}

impl Explorer<'_> {
    /// The shape of what is one step deeper.
    fn at(&mut self, step: Step) -> Shape {
        self.path.push(step);
        let shape = self.shape();
        self.path.pop();
        shape
    }

    /// The shape of what is at the end of the path.
    fn shape(&mut self) -> Shape {
        match self.see() {
            None | Some(Seen::NotRequired) => Shape::Unknown,
            Some(Seen::Leaf(shape)) => shape,
            Some(Seen::Option) => Shape::Option(Box::new(self.at(Step::Some))),
            Some(Seen::Seq) => Shape::Seq(Box::new(self.at(Step::Element))),
            Some(Seen::Tuple(len)) => {
                Shape::Tuple((0..len).map(|index| self.at(Step::Index(index))).collect())
            }
            Some(Seen::Map) => Shape::Map {
                key: Box::new(self.at(Step::Key)),
                value: Box::new(self.at(Step::Value)),
            },
            Some(Seen::Struct(names)) => self
                .parts(names, |explorer, field| {
                    let shape = explorer.at(Step::Field(field));
                    let mark = if explorer.is_required(field) { "" } else { "?" };
                    (format!("{field}{mark}"), shape)
                })
                .map_or_else(Shape::Recursive, Shape::Struct),
            Some(Seen::Enum(names)) => self
                .parts(names, |explorer, variant| {
                    (variant.to_owned(), explorer.at(Step::Variant(variant)))
                })
                .map_or_else(Shape::Recursive, Shape::Enum),
        }
    }

    /// The parts of a struct or enum. The error says how many levels up it is already on the path.
    fn parts(
        &mut self,
        names: Names,
        mut part: impl FnMut(&mut Self, &'static str) -> (String, Shape),
    ) -> Result<BTreeMap<String, Shape>, usize> {
        if let Some(levels) = self.around.iter().rev().position(|around| *around == names) {
            return Err(levels + 1);
        }
        self.around.push(names);
        let parts = names.1.iter().map(|name| part(self, name)).collect();
        self.around.pop();
        Ok(parts)
    }

    fn is_required(&mut self, field: &'static str) -> bool {
        self.path.push(Step::Without(field));
        let seen = self.see();
        self.path.pop();
        !matches!(seen, Some(Seen::NotRequired))
    }

    /// What the type asks for at the end of the path.
    fn see(&mut self) -> Option<Seen> {
        self.runs += 1;
        if self.runs > MAX_RUNS { None } else { (self.run)(&self.path) }
    }
}
