//! The steps of an operation on a cluster: script calls, in an order that may stop after any of
//! them.

use redis::Value;

use super::answer::{self, DeletedOwned};
use super::connections::Connections;
use super::operations::Operations;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, Patch, PrincipalOp};
use crate::record::Record;
use crate::store::redis::answer::{created, loaded, updated};
use crate::store::redis::call_script::CallScript;
use crate::store::redis::layout;
use crate::store::redis::replicas::Durable;
use crate::store::redis::script::ScriptCall;
use crate::store::redis::transport::Transport;
use crate::store::{Created, Loaded, StoreError, Updated};

/// Calls scripts on a cluster.
pub(super) struct Cluster {
    pub(super) operations: Operations,
    pub(super) connections: Connections,
    /// `None` if the store does not wait for replicas.
    pub(super) durable: Option<Durable<Connections>>,
}

/// The outcome of deleting the session that an index entry names.
pub(super) struct Outcome {
    /// A key without a session, which the index need not contain any more.
    pub(super) unused: Option<StoreKey>,
    pub(super) is_deleted: bool,
}

impl Cluster {
    pub(super) async fn call(&self, call: &ScriptCall) -> Result<Value, StoreError> {
        self.connections.call_script(call).await
    }

    /// Calls a script that deletes a session, marks it as moved, or adds it to an index.
    pub(super) async fn call_durably(&self, call: &ScriptCall) -> Result<Value, StoreError> {
        self.connections.call_durably(call, self.durable.as_ref()).await
    }

    pub(super) async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        loaded(self.connections.read_hash(&self.operations.keys().session(key)).await?)
    }

    /// Creates a session that is in no index.
    pub(super) async fn create(
        &self,
        key: &StoreKey,
        record: &Record,
    ) -> Result<Created, StoreError> {
        created(&self.call(&self.operations.shared.create(key, record)).await?)
    }

    /// Creates a session, and adds it to an index before that.
    pub(super) async fn create_indexed(
        &self,
        principal: &[u8],
        key: &StoreKey,
        record: &Record,
        replaced: Option<&StoreKey>,
    ) -> Result<Created, StoreError> {
        let add = |is_provisional, replaced| {
            self.operations.index_add(principal, key, record.deadline, is_provisional, replaced)
        };
        self.call_durably(&add(true, None)).await?;
        let created = self.create(key, record).await?;
        self.call_durably(&add(false, replaced)).await?;
        Ok(created)
    }

    /// Applies a patch that does not change the index.
    pub(super) async fn update(
        &self,
        key: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let name = self.operations.keys().session(key);
        updated(self.call(&self.operations.shared.update(&name, patch)).await?)
    }

    /// Applies a patch that moves the session from one index to another, or that changes how long
    /// its entry must last.
    pub(super) async fn update_indexed(
        &self,
        key: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let Loaded::Live(before) = self.load(key).await? else { return Ok(Updated::Gone) };
        let old = before.principal.as_ref().map(layout::principal);
        let new = match &patch.principal {
            PrincipalOp::Keep => old.clone(),
            PrincipalOp::Set(principal) => Some(layout::principal(principal)),
            PrincipalOp::Clear => None,
        };
        let deadline = match patch.expiry {
            ExpiryOp::SetLifetime { deadline, .. } => deadline,
            ExpiryOp::Keep | ExpiryOp::Extend(_) => before.deadline,
        };
        if let Some(principal) = &new {
            let add = self.operations.index_add(principal, key, deadline, false, None);
            self.call_durably(&add).await?;
        }
        let updated = self.update(key, patch).await?;
        let unused = if updated == Updated::Applied { &old } else { &new };
        if let Some(principal) = unused
            && old != new
        {
            self.remove_from_index(principal, key).await?;
        }
        Ok(updated)
    }

    /// Deletes a session of a principal, and follows it to the key that it was moved to.
    pub(super) async fn delete_owned(
        &self,
        principal: &[u8],
        mut key: StoreKey,
        kept: Option<&StoreKey>,
    ) -> Result<Outcome, StoreError> {
        let mut is_moved = false;
        loop {
            let call = self.operations.delete_owned(&key, principal, is_moved);
            let (unused, is_deleted) = match answer::deleted_owned(self.call_durably(&call).await?)?
            {
                DeletedOwned::Deleted => (Some(key), true),
                DeletedOwned::Absent => (Some(key), false),
                DeletedOwned::Foreign => (None, false),
                // The rename will remove the old entry. Until then others can follow it too.
                DeletedOwned::Moved(to) if Some(&to) == kept => (None, false),
                DeletedOwned::Moved(to) => {
                    (key, is_moved) = (to, true);
                    continue;
                }
            };
            return Ok(Outcome { unused, is_deleted });
        }
    }

    pub(super) async fn remove_from_index(
        &self,
        principal: &[u8],
        key: &StoreKey,
    ) -> Result<(), StoreError> {
        self.call(&self.operations.index_remove(principal, &[*key], false)).await?;
        Ok(())
    }

    /// Removes entries without a session, but keeps provisional ones.
    pub(super) async fn remove_unused(
        &self,
        principal: &[u8],
        keys: &[StoreKey],
    ) -> Result<(), StoreError> {
        if !keys.is_empty() {
            self.call(&self.operations.index_remove(principal, keys, true)).await?;
        }
        Ok(())
    }
}
