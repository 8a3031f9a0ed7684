//! The typed values of one schema in one request, and what the request did to them.

use std::any::Any;
use std::mem;

use smallvec::SmallVec;

use super::SessionSchema;
use super::any_values::AnyValues;
use super::change::{Change, Changes, FieldChange, Step, add_step};
use super::resolve::AnyChanges;
use super::snapshot::Snapshot;
use crate::error::SessionError;

/// The values of one schema as the request sees them, and its changes.
pub(crate) struct Values<S> {
    pub(super) current: S,
    changes: Changes<S>,
    /// Counts how often `current` followed the store or changes were taken out to be saved.
    epoch: u64,
    /// Fields whose stored text no longer decodes, so that `current` does not come from it.
    unread: Vec<usize>,
}

impl<S: SessionSchema> Values<S> {
    /// The values of a session in which nothing is stored.
    pub(crate) fn new() -> Self {
        Self { current: S::defaults(), changes: SmallVec::new(), epoch: 0, unread: Vec::new() }
    }

    /// The stored values. Boxed at once, because moving a large schema costs time.
    pub(crate) fn decode(stored: &Snapshot<'_>) -> Result<Box<Self>, SessionError> {
        let mut values = Box::new(Self::new());
        if !stored.is_empty() {
            for field in S::FIELDS {
                field.decode(stored, &mut values.current)?;
            }
        }
        Ok(values)
    }

    pub(super) fn change(&self, index: usize) -> Option<&Change<S>> {
        self.field_change(index).map(|entry| &entry.change)
    }

    /// Differs from an earlier answer if the field may have changed meanwhile. For closures that
    /// run without the lock.
    pub(super) fn revision(&self, index: usize) -> (u64, Option<u64>) {
        (self.epoch, self.field_change(index).map(|entry| entry.revision))
    }

    fn field_change(&self, index: usize) -> Option<&FieldChange<S>> {
        self.changes.iter().find(|entry| entry.index == index)
    }

    /// The change of a field, to be modified.
    fn change_mut(&mut self, index: usize) -> Option<&mut Change<S>> {
        let entry = self.changes.iter_mut().find(|entry| entry.index == index)?;
        entry.revision += 1;
        Some(&mut entry.change)
    }

    /// Adds the first change of a field.
    fn push_change(&mut self, index: usize, change: Change<S>) {
        self.changes.push(FieldChange { index, change, revision: 0 });
    }

    /// Replaces the change of a field. Answers the old one, to be dropped without the lock.
    fn put_change(&mut self, index: usize, change: Change<S>) -> Option<Change<S>> {
        match self.change_mut(index) {
            Some(old) => Some(mem::replace(old, change)),
            None => {
                self.push_change(index, change);
                None
            }
        }
    }

    /// Notes that the request decided the value of a field. `current` has the value already.
    pub(super) fn decide(&mut self, index: usize, cleared: bool) -> Option<Change<S>> {
        self.put_change(index, Change::Decided { cleared, text: None })
    }

    /// Adds to a counter.
    pub(super) fn add(&mut self, index: usize, delta: i128) {
        let field = S::FIELDS[index];
        let count = field.count(&self.current);
        let sum = match self.change_mut(index) {
            None => {
                self.push_change(index, Change::Sum { base: count, delta });
                i128::from(count) + delta
            }
            Some(Change::Sum { base, delta: sum }) => {
                *sum = sum.saturating_add(delta);
                i128::from(*base).saturating_add(*sum)
            }
            Some(Change::Decided { cleared, .. }) => {
                *cleared = false;
                i128::from(count) + delta
            }
            Some(Change::Log { steps, .. }) => {
                steps.push(add_step(field, delta));
                i128::from(count) + delta
            }
        };
        field.set_count(&mut self.current, sum);
    }

    /// Notes that the request rewrote a field with `step`. `current` has the outcome already.
    pub(super) fn log(&mut self, index: usize, step: Step<S>) {
        let stale = self.unread.contains(&index);
        match self.change_mut(index) {
            None => self.push_change(index, Change::of_steps(vec![step], stale)),
            Some(Change::Decided { cleared, .. }) => *cleared = false,
            Some(Change::Log { steps, .. }) => steps.push(step),
            Some(change @ Change::Sum { .. }) => {
                let Change::Sum { delta, .. } = *change else { return };
                let steps = vec![add_step(S::FIELDS[index], delta), step];
                *change = Change::of_steps(steps, stale);
            }
        }
    }
}

impl<S: SessionSchema> AnyValues for Values<S> {
    fn has_changes(&self) -> bool {
        !self.changes.is_empty()
    }

    fn encode(&mut self) -> Result<(), SessionError> {
        for FieldChange { index, change, .. } in &mut self.changes {
            let field = S::FIELDS[*index];
            match change {
                Change::Decided { cleared: false, text } => *text = field.encode(&self.current)?,
                Change::Log { stale: false, ready, .. } => {
                    *ready = Some(field.encode(&self.current)?);
                }
                Change::Decided { .. } | Change::Log { .. } | Change::Sum { .. } => {}
            }
        }
        Ok(())
    }

    fn changes(&mut self) -> &mut dyn AnyChanges {
        &mut self.changes
    }

    fn take_changes(&mut self) -> Box<dyn AnyChanges> {
        self.epoch += 1;
        Box::new(mem::take(&mut self.changes))
    }

    fn rebase(&mut self, stored: &Snapshot<'_>) -> Box<dyn Any + Send> {
        let mut values = S::defaults();
        self.epoch += 1;
        self.unread.clear();
        for (index, field) in S::FIELDS.iter().enumerate() {
            let mut entries = self.changes.iter_mut();
            let change = entries.find(|entry| entry.index == index).map(|entry| &mut entry.change);
            match change {
                Some(Change::Decided { .. }) => {}
                Some(Change::Log { stale, .. }) => *stale = true,
                // A value that no longer decodes stays as this request saw it. It can be set
                // without reading it; an update reports the mismatch.
                _ if field.decode(stored, &mut values).is_err() => self.unread.push(index),
                None => field.swap(&mut self.current, &mut values),
                Some(Change::Sum { base, delta }) => {
                    field.swap(&mut self.current, &mut values);
                    *base = field.count(&self.current);
                    let sum = i128::from(*base).saturating_add(*delta);
                    field.set_count(&mut self.current, sum);
                }
            }
        }
        Box::new(values)
    }

    fn reset(&mut self) -> Box<dyn Any + Send> {
        let fresh = Self { epoch: self.epoch + 1, ..Self::new() };
        Box::new(mem::replace(self, fresh))
    }
}
