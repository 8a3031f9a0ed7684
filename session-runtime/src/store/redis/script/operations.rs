//! What is sent: each operation as the call of a script, whatever carries it to the server.

use std::time::Duration;

use redis::{Arg, Cmd, ToRedisArgs};
use smol_str::SmolStr;

use super::layout::{self, Names};
use super::script::{self, Script};
use crate::clock::whole_millis;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::record::Record;

/// A script with its keys and arguments, as the command of servers that know it.
#[derive(Clone)]
pub(crate) struct Call {
    script: &'static Script,
    command: Cmd,
}

/// Room for the arguments of most calls.
const ARGUMENTS: usize = 16;
const BYTES: usize = 256;

/// Where a command names the first of its keys.
const FIRST_KEY: usize = 3;

impl Call {
    fn new(script: &'static Script, keys: &[&[u8]]) -> Self {
        let room = keys.len().max(1);
        let mut command = Cmd::with_capacity(ARGUMENTS * room, BYTES * room);
        command.arg("EVALSHA").arg(script.sha1()).arg(keys.len()).arg(keys);
        Self { script, command }
    }

    fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn command(&self) -> &Cmd {
        &self.command
    }

    pub(crate) fn into_command(self) -> Cmd {
        self.command
    }

    /// The same for a server that does not know the script.
    pub(crate) fn command_with_code(&self) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.script.code());
        for argument in self.arguments().skip(2) {
            command.arg(argument);
        }
        command
    }

    /// The key that says which server the call is for.
    pub(crate) fn key(&self) -> &[u8] {
        self.arguments().nth(FIRST_KEY).unwrap_or_default()
    }

    fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        self.command.args_iter().filter_map(|argument| match argument {
            Arg::Simple(argument) => Some(argument),
            _ => None,
        })
    }
}

/// Makes the calls of one store.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    pub(crate) names: Names,
    tombstone_millis: u64,
    /// The same for a session that is moving, or that was ended while it did.
    #[cfg(feature = "redis-cluster")]
    moving_millis: u64,
}

/// How many sessions one call ends, so that other commands get their turn in between.
const BATCH: usize = 100;

impl Calls {
    pub(crate) fn new(names: Names, tombstone_time: Duration) -> Self {
        // Far beyond every use, and small enough for the server to add it to the present.
        let tombstone_millis = whole_millis(tombstone_time).min(1 << 47);
        Self {
            names,
            tombstone_millis,
            #[cfg(feature = "redis-cluster")]
            moving_millis: tombstone_millis,
        }
    }

    /// The same for sessions that need up to `time` to move.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn moving(mut self, time: Duration) -> Self {
        self.moving_millis = self.moving_millis.max(whole_millis(time));
        self
    }

    pub(crate) fn create(&self, key: &StoreKey, record: &Record) -> Call {
        let mut call = self.of_session(&script::CREATE, key).arg(layout::meta(record));
        for (field, text) in &record.fields {
            call = call.arg(field).arg(text);
        }
        call
    }

    pub(crate) fn update(&self, name: &[u8], patch: &Patch) -> Call {
        let call = Call::new(&script::UPDATE, &[name]).arg(self.names.index());
        operations(patch, outcome(patch, call))
    }

    /// Updates of many sessions, each of one field.
    pub(crate) fn update_many<'a>(
        &self,
        names: &[&[u8]],
        changes: impl Iterator<Item = &'a Change>,
    ) -> Call {
        changes.fold(Call::new(&script::UPDATE_MANY, names), |call, change| match change {
            Change::Add { field, delta, min, max } => {
                call.arg("A").arg(&**field).arg(*delta).arg(*min).arg(*max)
            }
            Change::Set { field, text } => call.arg("S").arg(&**field).arg(&**text),
            Change::Replace { field, old, new } => {
                call.arg("C").arg(&**field).arg(&**old).arg(&**new)
            }
        })
    }

    pub(crate) fn rename(&self, from: &StoreKey, to: &StoreKey, patch: &Patch) -> Call {
        let keys = [&*self.names.session(from), &*self.names.session(to)];
        let call = Call::new(&script::RENAME, &keys).arg(self.names.index());
        operations(patch, outcome(patch, call).arg(self.tombstone_millis))
    }

    pub(crate) fn delete(&self, key: &StoreKey) -> Call {
        self.of_session(&script::DELETE, key).arg(self.tombstone_millis)
    }

    /// The same where the session may not have arrived yet.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn delete_moved(&self, key: &StoreKey) -> Call {
        self.of_session(&script::DELETE, key).arg(self.moving_millis)
    }

    pub(crate) fn delete_all(&self, principal: &[u8], except: Option<&StoreKey>) -> Call {
        Call::new(&script::DELETE_ALL, &[&self.names.set(principal)])
            .arg(self.names.prefix())
            .arg(principal)
            .arg(except.map(StoreKey::to_string).unwrap_or_default())
            .arg(self.tombstone_millis)
            .arg(BATCH)
    }

    pub(crate) fn ids(&self, principal: &[u8]) -> Call {
        Call::new(&script::IDS, &[&self.names.set(principal)])
    }

    /// The first half of a rename between servers; the second is `create`.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn take(&self, from: &StoreKey, to: &StoreKey, patch: &Patch) -> Call {
        let call = Call::new(&script::TAKE, &[&self.names.session(from)]);
        let call = outcome(patch, call).arg(self.moving_millis).arg(to.to_string());
        operations(patch, call)
    }

    /// Ends a session of a principal; `moved` if another key said that it has moved here.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn end(&self, key: &StoreKey, principal: &[u8], moved: bool) -> Call {
        Call::new(&script::END, &[&self.names.session(key)])
            .arg(principal)
            .arg(if moved { self.moving_millis } else { self.tombstone_millis })
            .arg(u8::from(moved))
    }

    /// Writes an entry of an index, maybe ahead of its session. It may replace another.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn enter(
        &self,
        principal: &[u8],
        key: &StoreKey,
        deadline: crate::clock::Timestamp,
        ahead: bool,
        instead_of: Option<&StoreKey>,
    ) -> Call {
        Call::new(&script::ENTER, &[&self.names.set(principal)])
            .arg(key.to_string())
            .arg(layout::time(deadline))
            .arg(u8::from(ahead))
            .arg(instead_of.map(StoreKey::to_string))
    }

    /// Removes entries of an index; `settled` spares those that may be ahead of their sessions.
    #[cfg(feature = "redis-cluster")]
    pub(crate) fn forget(&self, principal: &[u8], keys: &[StoreKey], settled: bool) -> Call {
        let ids: Vec<_> = keys.iter().map(StoreKey::to_string).collect();
        let call = Call::new(&script::FORGET, &[&self.names.set(principal)]);
        call.arg(u8::from(settled)).arg(ids)
    }

    /// What the scripts begin with that are about one session and its index.
    fn of_session(&self, script: &'static Script, key: &StoreKey) -> Call {
        Call::new(script, &[&self.names.session(key)]).arg(self.names.index())
    }
}

/// An update of one field, as nearly all are: what `update_many.lua` can do.
pub(crate) enum Change {
    Add { field: SmolStr, delta: i64, min: i64, max: i64 },
    Set { field: SmolStr, text: SmolStr },
    Replace { field: SmolStr, old: SmolStr, new: SmolStr },
}

/// So far below 2^53 Lua's numbers are exact.
const MAX_DELTA: u64 = 1 << 52;
/// Longer texts, in bytes, gain nothing from company, and would make others wait.
const LONGEST: usize = 4_096;

impl Change {
    /// What the patch does, if it is no more than this.
    pub(crate) fn of(patch: &Patch) -> Option<Self> {
        let (ExpiryOp::Keep, PrincipalOp::Keep, [(field, op)]) =
            (&patch.expiry, &patch.principal, &*patch.fields)
        else {
            return None;
        };
        let field = field.clone();
        match op {
            FieldOp::Set(text) if text.len() <= LONGEST => {
                Some(Self::Set { field, text: text.clone() })
            }
            FieldOp::Replace { old: Some(old), new: Some(new) }
                if old.len() + new.len() <= LONGEST =>
            {
                Some(Self::Replace { field, old: old.clone(), new: new.clone() })
            }
            FieldOp::Add { delta, min, max, start: 0 }
                if (min..=max).contains(&delta) && delta.unsigned_abs() < MAX_DELTA =>
            {
                Some(Self::Add { field, delta: *delta, min: *min, max: *max })
            }
            _ => None,
        }
    }
}

/// What a patch does to the expiry and the principal.
fn outcome(patch: &Patch, call: Call) -> Call {
    let call = match patch.expiry {
        ExpiryOp::Keep => call.arg("K"),
        ExpiryOp::Extend(until) => call.arg(format!("E{}", layout::time(until))),
        ExpiryOp::SetLifetime { lifetime, expires_at, deadline } => {
            call.arg([b"L", &layout::lifetime(lifetime, expires_at, deadline)[..]].concat())
        }
    };
    match &patch.principal {
        PrincipalOp::Keep => call.arg("K"),
        PrincipalOp::Set(principal) => call.arg([b"S", &layout::principal(principal)[..]].concat()),
        PrincipalOp::Clear => call.arg("S"),
    }
}

/// The operations on fields, as `patch.lua` reads them.
fn operations(patch: &Patch, mut call: Call) -> Call {
    for (field, op) in &patch.fields {
        let put = |new: Option<&str>, call: Call| match new {
            Some(text) => call.arg("S").arg(&**field).arg(text),
            None => call.arg("D").arg(&**field),
        };
        call = match op {
            FieldOp::Set(text) => put(Some(text), call),
            FieldOp::Remove => put(None, call),
            FieldOp::Add { delta, min, max, start } => {
                let call = call.arg("A").arg(&**field);
                call.arg(*delta).arg(*min).arg(*max).arg(*start)
            }
            FieldOp::Replace { old, new } => {
                let call = match old {
                    Some(text) => call.arg("C").arg(&**field).arg(&**text),
                    None => call.arg("N").arg(&**field),
                };
                put(new.as_deref(), call)
            }
        };
    }
    call
}
