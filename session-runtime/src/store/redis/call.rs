//! What is sent: each operation as the call of a script, whatever carries it to the server.

use std::borrow::Cow;
use std::time::Duration;

use super::layout::{self, Names};
use super::script::{self, Script};
use crate::clock::whole_millis;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::record::Record;

/// A script with its keys and arguments.
pub(crate) struct Call<'a> {
    pub(crate) script: &'static Script,
    pub(crate) keys: Vec<Vec<u8>>,
    pub(crate) arguments: Vec<Cow<'a, [u8]>>,
}

/// Makes the calls of one store.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    pub(crate) names: Names,
    tombstone_millis: u64,
}

/// How many sessions one call ends, so that other commands get their turn in between.
const BATCH: usize = 100;

impl Calls {
    pub(crate) fn new(names: Names, tombstone_time: Duration) -> Self {
        // Far beyond every use, and small enough for the server to add it to the present.
        let tombstone_millis = whole_millis(tombstone_time).min(1 << 47);
        Self { names, tombstone_millis }
    }

    pub(crate) fn create<'a>(&self, key: &StoreKey, record: &'a Record) -> Call<'a> {
        let mut arguments = vec![self.names.index().into(), layout::meta(record).into()];
        for (field, text) in &record.fields {
            arguments.extend([field.as_bytes().into(), text.as_bytes().into()]);
        }
        Call { script: &script::CREATE, keys: vec![self.names.session(key)], arguments }
    }

    pub(crate) fn update<'a>(&self, key: &StoreKey, patch: &'a Patch) -> Call<'a> {
        let mut arguments = self.changes(patch);
        operations(patch, &mut arguments);
        Call { script: &script::UPDATE, keys: vec![self.names.session(key)], arguments }
    }

    pub(crate) fn rename<'a>(&self, from: &StoreKey, to: &StoreKey, patch: &'a Patch) -> Call<'a> {
        let mut arguments = self.changes(patch);
        arguments.push(self.tombstone());
        operations(patch, &mut arguments);
        let keys = vec![self.names.session(from), self.names.session(to)];
        Call { script: &script::RENAME, keys, arguments }
    }

    pub(crate) fn delete(&self, key: &StoreKey) -> Call<'static> {
        let arguments = vec![self.names.index().into(), self.tombstone()];
        Call { script: &script::DELETE, keys: vec![self.names.session(key)], arguments }
    }

    pub(crate) fn delete_all(&self, principal: &[u8], except: Option<&StoreKey>) -> Call<'static> {
        let spared = except.map(StoreKey::to_string).unwrap_or_default();
        let arguments = vec![
            self.names.prefix().to_owned().into_bytes().into(),
            principal.to_vec().into(),
            spared.into_bytes().into(),
            self.tombstone(),
            number(BATCH),
        ];
        Call { script: &script::DELETE_ALL, keys: vec![self.names.set(principal)], arguments }
    }

    pub(crate) fn ids(&self, principal: &[u8]) -> Call<'static> {
        let keys = vec![self.names.set(principal)];
        Call { script: &script::IDS, keys, arguments: Vec::new() }
    }

    /// The first half of a rename between servers; the second is `create`. The mark lasts for `mark`
    /// at least.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn take<'a>(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &'a Patch,
        mark: Duration,
    ) -> Call<'a> {
        let mut arguments = self.changes(patch);
        arguments.remove(0);
        arguments.push(number(self.tombstone_millis.max(whole_millis(mark))));
        arguments.push(id(to));
        operations(patch, &mut arguments);
        Call { script: &script::TAKE, keys: vec![self.names.session(from)], arguments }
    }

    /// Ends a session of a principal; `moved` if another key said that it has moved here.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn end(&self, key: &StoreKey, principal: &[u8], moved: bool) -> Call<'static> {
        let principal = principal.to_vec().into();
        let arguments = vec![principal, self.tombstone(), number(u8::from(moved))];
        Call { script: &script::END, keys: vec![self.names.session(key)], arguments }
    }

    /// Writes an entry of an index: until `deadline`, or ahead of its session. It may replace another.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn enter(
        &self,
        principal: &[u8],
        key: &StoreKey,
        deadline: Option<crate::clock::Timestamp>,
        instead_of: Option<&StoreKey>,
    ) -> Call<'static> {
        let until = deadline.map_or(Cow::Borrowed(&b""[..]), |at| number(layout::time(at)));
        let mut arguments = vec![id(key), until];
        arguments.extend(instead_of.map(id));
        Call { script: &script::ENTER, keys: vec![self.names.set(principal)], arguments }
    }

    /// Removes entries of an index; `settled` spares those that may be ahead of their sessions.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn forget(
        &self,
        principal: &[u8],
        keys: &[StoreKey],
        settled: bool,
    ) -> Call<'static> {
        let mut arguments = vec![number(u8::from(settled))];
        arguments.extend(keys.iter().map(id));
        Call { script: &script::FORGET, keys: vec![self.names.set(principal)], arguments }
    }

    fn tombstone(&self) -> Cow<'static, [u8]> {
        number(self.tombstone_millis)
    }

    /// What the scripts that take a patch begin with: index, expiry and principal.
    fn changes<'a>(&self, patch: &'a Patch) -> Vec<Cow<'a, [u8]>> {
        let expiry = match patch.expiry {
            ExpiryOp::Keep => Cow::Borrowed(&b"K"[..]),
            ExpiryOp::Extend(until) => format!("E{}", layout::time(until)).into_bytes().into(),
            ExpiryOp::SetLifetime { lifetime, expires_at, deadline } => {
                [b"L", &layout::lifetime(lifetime, expires_at, deadline)[..]].concat().into()
            }
        };
        let principal = match &patch.principal {
            PrincipalOp::Keep => Cow::Borrowed(&b"K"[..]),
            PrincipalOp::Set(principal) => {
                [b"S", &layout::principal(principal)[..]].concat().into()
            }
            PrincipalOp::Clear => Cow::Borrowed(&b"S"[..]),
        };
        vec![self.names.index().into(), expiry, principal]
    }
}

/// The operations on fields, as `patch.lua` reads them.
fn operations<'a>(patch: &'a Patch, arguments: &mut Vec<Cow<'a, [u8]>>) {
    let letter = |letter: &'static [u8; 1]| Cow::Borrowed(&letter[..]);
    for (field, op) in &patch.fields {
        let field = || Cow::Borrowed(field.as_bytes());
        let put = |new: Option<&'a str>, arguments: &mut Vec<_>| match new {
            Some(text) => arguments.extend([letter(b"S"), field(), text.as_bytes().into()]),
            None => arguments.extend([letter(b"D"), field()]),
        };
        match op {
            FieldOp::Set(text) => put(Some(text), arguments),
            FieldOp::Remove => put(None, arguments),
            FieldOp::Add { delta, min, max, start } => {
                arguments.extend([letter(b"A"), field()]);
                arguments.extend([*delta, *min, *max, *start].map(number));
            }
            FieldOp::Replace { old, new } => {
                match old {
                    Some(text) => {
                        arguments.extend([letter(b"C"), field(), text.as_bytes().into()]);
                    }
                    None => arguments.extend([letter(b"N"), field()]),
                }
                put(new.as_deref(), arguments);
            }
        }
    }
}

fn number(number: impl std::fmt::Display) -> Cow<'static, [u8]> {
    number.to_string().into_bytes().into()
}

#[cfg(feature = "redis-cluster")]
fn id(key: &StoreKey) -> Cow<'static, [u8]> {
    key.to_string().into_bytes().into()
}
