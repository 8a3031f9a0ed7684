//! Sessions in MongoDB (feature `mongodb`).

mod builder;
mod change;
mod client;
mod document;
mod indexes;
mod operations;
mod ready;
mod store;
mod url;

pub use self::builder::MongoStoreBuilder;
pub use self::store::MongoStore;
