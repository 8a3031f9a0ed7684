//! The bytes of cookie headers: reading them in a request, writing them into a response.

pub(crate) mod chunks;
pub(crate) mod options;
pub(crate) mod read;
pub(crate) mod template;
pub(crate) mod written;
