//! Cookie headers: those of a request are read, those of a response are written.

pub(crate) mod chunks;
mod options;
pub(crate) mod read;
mod response;
pub(crate) mod set_cookie;

pub use self::options::{CookieOptions, CookiePrefix, SameSite};
pub use self::response::SetCookies;
