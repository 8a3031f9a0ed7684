//! Cookie headers: those of a request are read, those of a response are written.

pub(crate) mod chunks;
mod options;
pub(crate) mod read;
pub(crate) mod template;
mod written;

pub use self::options::{CookieOptions, CookiePrefix, SameSite};
pub use self::written::SetCookies;
