//! Sessions in the memory of this process.

mod builder;
mod index;
mod shard;
mod shards;
mod store;
#[cfg(test)]
mod tests;

pub use self::builder::MemoryStoreBuilder;
pub use self::store::MemoryStore;
