//! Each operation of a store as a call of a script. Calls are sent by `transport.rs`.

use std::time::Duration;

use super::command::{Script, ScriptCall, script};
use super::patch;
use crate::clock::whole_millis;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::Record;
use crate::store::redis::layout::{self, KeyNames};

static CREATE: Script = script!("common.lua", "create.lua");
static UPDATE: Script = script!("update_one_field.lua", "common.lua", "patch.lua", "update.lua");
static RENAME: Script = script!("common.lua", "patch.lua", "rename.lua");
static DELETE: Script = script!("common.lua", "delete.lua");
static DELETE_ALL: Script = script!("common.lua", "delete_all.lua");
static INDEX_IDS: Script = script!("common.lua", "index_ids.lua");

/// The code that reads one page of keys. Scans are rare, so they always send it.
pub(in crate::store::redis) const SCAN: &str = include_str!("scan.lua");

/// The most sessions that one call deletes, so that other commands get their turn in between.
const DELETED_PER_CALL: usize = 100;

/// The longest tombstone time: the server can still add it to the current time.
const MAX_TOMBSTONE_MILLIS: u64 = 1 << 47;

/// Makes the script calls of one store.
pub(in crate::store::redis) struct Operations {
    pub(in crate::store::redis) keys: KeyNames,
    pub(in crate::store::redis) tombstone_millis: u64,
}

impl Operations {
    pub(in crate::store::redis) fn new(keys: KeyNames, tombstone_time: Duration) -> Self {
        Self { keys, tombstone_millis: whole_millis(tombstone_time).min(MAX_TOMBSTONE_MILLIS) }
    }

    pub(in crate::store::redis) fn create(&self, key: &StoreKey, record: &Record) -> ScriptCall {
        let mut call = self.of_session(&CREATE, key).arg(layout::meta(record));
        for (field, text) in &record.fields {
            call = call.arg(field).arg(text);
        }
        call
    }

    /// `name` is the session's key in Redis.
    pub(in crate::store::redis) fn update(&self, name: &[u8], patch: &Patch) -> ScriptCall {
        let call = ScriptCall::new(&UPDATE, &[name]).arg(self.keys.index_prefix());
        patch::fields(patch, patch::expiry_and_principal(patch, call))
    }

    pub(in crate::store::redis) fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> ScriptCall {
        let names = [&*self.keys.session(from), &*self.keys.session(to)];
        let call = ScriptCall::new(&RENAME, &names).arg(self.keys.index_prefix());
        let call = patch::expiry_and_principal(patch, call).arg(self.tombstone_millis);
        patch::fields(patch, call)
    }

    pub(in crate::store::redis) fn delete(&self, key: &StoreKey) -> ScriptCall {
        self.delete_for(key, self.tombstone_millis)
    }

    /// Deletes a session and leaves a tombstone for another time than usual.
    pub(in crate::store::redis) fn delete_for(
        &self,
        key: &StoreKey,
        tombstone_millis: u64,
    ) -> ScriptCall {
        self.of_session(&DELETE, key).arg(tombstone_millis)
    }

    pub(in crate::store::redis) fn delete_all(
        &self,
        principal: &[u8],
        except: Option<&StoreKey>,
    ) -> ScriptCall {
        ScriptCall::new(&DELETE_ALL, &[&self.keys.index(principal)])
            .arg(self.keys.prefix())
            .arg(principal)
            .arg(except.map(StoreKey::to_string).unwrap_or_default())
            .arg(self.tombstone_millis)
            .arg(DELETED_PER_CALL)
    }

    /// Reads the ids in the index of a principal.
    pub(in crate::store::redis) fn index_ids(&self, principal: &[u8]) -> ScriptCall {
        ScriptCall::new(&INDEX_IDS, &[&self.keys.index(principal)])
    }

    /// A call for one session that also keeps its index entry, where both are on one server.
    fn of_session(&self, script: &'static Script, key: &StoreKey) -> ScriptCall {
        ScriptCall::new(script, &[&self.keys.session(key)]).arg(self.keys.index_prefix())
    }
}
