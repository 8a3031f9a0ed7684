//! Cookies: finding them in a request, signing them, writing them into a response.

pub(crate) mod options;
pub(crate) mod read;
pub(crate) mod signed;
