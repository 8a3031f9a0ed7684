//! Sessions in Redis through Webdis, a server that takes Redis commands over HTTP (feature
//! `webdis`).

mod builder;
mod connections;
mod from_url;
mod http;
mod store;
mod url;

pub use self::builder::WebdisStoreBuilder;
pub(in crate::store) use self::from_url::of_url;
pub use self::store::WebdisStore;
