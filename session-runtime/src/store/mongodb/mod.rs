//! Sessions in MongoDB (feature `mongodb`).

mod builder;
mod client;
mod document;
mod document_update;
mod indexes;
mod operations;
mod ready;
mod store;
mod url;

pub use self::builder::MongoStoreBuilder;
pub use self::store::MongoStore;
