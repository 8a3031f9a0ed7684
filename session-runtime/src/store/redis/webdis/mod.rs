//! Sessions in Redis through Webdis, a server that takes Redis commands over HTTP (feature
//! `webdis`).

mod builder;
mod connections;
mod http;
mod store;
mod url;

pub use self::builder::WebdisStoreBuilder;
pub use self::store::WebdisStore;
pub(in crate::store) use self::url::of_url;
