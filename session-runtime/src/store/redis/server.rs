//! Script calls to one server.

use redis::Value;

use super::call_script::CallScript;
use super::connections::Connections;
use super::replicas::Durable;
use super::script::{Operations, ScriptCall};
use crate::store::StoreError;

pub(super) struct Server {
    pub(super) operations: Operations,
    pub(super) connections: Connections,
    /// `None` if the store does not wait for replicas.
    pub(super) durable: Option<Durable<Connections>>,
}

impl Server {
    pub(super) async fn call(&self, call: &ScriptCall) -> Result<Value, StoreError> {
        self.connections.call_script(call).await
    }

    /// Calls a script that deletes or renames sessions.
    pub(super) async fn call_durably(&self, call: &ScriptCall) -> Result<Value, StoreError> {
        self.connections.call_durably(call, self.durable.as_ref()).await
    }
}
