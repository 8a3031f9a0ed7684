//! The bytes of cookie headers: reading them in a request, writing them into a response.

pub(crate) mod chunks;
mod options;
pub(crate) mod read;
pub(crate) mod template;
mod written;

pub use self::options::{CookieOptions, CookiePrefix, SameSite};
pub use self::written::SetCookies;
