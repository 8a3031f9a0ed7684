//! The operations of a cluster that take the place of those for one server, as calls of scripts.

use std::time::Duration;

use crate::clock::{Timestamp, whole_millis};
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::store::redis::layout::{self, KeyNames};
use crate::store::redis::script::{self, Script, ScriptCall, patch, script};

static MOVE_OUT: Script = script!("../script/common.lua", "../script/patch.lua", "move_out.lua");
static DELETE_OWNED: Script = script!("../script/common.lua", "delete_owned.lua");
static INDEX_ADD: Script = script!("../script/common.lua", "index_add.lua");
static INDEX_REMOVE: Script = script!("../script/common.lua", "index_remove.lua");

/// Makes the script calls of one store.
pub(super) struct Operations {
    /// Those that are the same as for one server.
    pub(super) shared: script::Operations,
    /// How long a mark or a tombstone lasts while a session is moving.
    moving_millis: u64,
}

impl Operations {
    /// `moving_time` is how long a session may take to move.
    pub(super) fn new(prefix: String, tombstone_time: Duration, moving_time: Duration) -> Self {
        let shared = script::Operations::new(KeyNames::for_cluster(prefix), tombstone_time);
        let moving_millis = shared.tombstone_millis.max(whole_millis(moving_time));
        Self { shared, moving_millis }
    }

    pub(super) fn keys(&self) -> &KeyNames {
        &self.shared.keys
    }

    /// The first half of a rename. The second half is `create`.
    pub(super) fn move_out(&self, from: &StoreKey, to: &StoreKey, patch: &Patch) -> ScriptCall {
        let call = ScriptCall::new(&MOVE_OUT, &[&self.keys().session(from)]);
        let call = patch::expiry_and_principal(patch, call);
        patch::fields(patch, call.arg(self.moving_millis).arg(to.to_string()))
    }

    /// Deletes a session at its new key, where it may not have arrived yet.
    pub(super) fn delete_moved(&self, key: &StoreKey) -> ScriptCall {
        self.shared.delete_for(key, self.moving_millis)
    }

    /// Deletes a session if it belongs to the principal. `is_moved` if a rename moves it to this
    /// key.
    pub(super) fn delete_owned(
        &self,
        key: &StoreKey,
        principal: &[u8],
        is_moved: bool,
    ) -> ScriptCall {
        ScriptCall::new(&DELETE_OWNED, &[&self.keys().session(key)])
            .arg(principal)
            .arg(if is_moved { self.moving_millis } else { self.shared.tombstone_millis })
            .arg(u8::from(is_moved))
    }

    /// Adds an entry to an index. It may replace another entry.
    pub(super) fn index_add(
        &self,
        principal: &[u8],
        key: &StoreKey,
        deadline: Timestamp,
        is_provisional: bool,
        replaced: Option<&StoreKey>,
    ) -> ScriptCall {
        ScriptCall::new(&INDEX_ADD, &[&self.keys().index(principal)])
            .arg(key.to_string())
            .arg(layout::stored_millis(deadline))
            .arg(u8::from(is_provisional))
            .arg(replaced.map(StoreKey::to_string))
    }

    /// Removes entries from an index.
    pub(super) fn index_remove(
        &self,
        principal: &[u8],
        keys: &[StoreKey],
        keep_provisional: bool,
    ) -> ScriptCall {
        let ids: Vec<_> = keys.iter().map(StoreKey::to_string).collect();
        let call = ScriptCall::new(&INDEX_REMOVE, &[&self.keys().index(principal)]);
        call.arg(u8::from(keep_provisional)).arg(ids)
    }
}
