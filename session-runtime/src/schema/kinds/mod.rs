//! One trait for each kind of field: which types it accepts, and what the library can do with them.
//!
//! ARCHITECTURE.md lists all places of a new kind.

mod counter;
mod flash;
mod principal;

pub use self::counter::Counter;
pub use self::flash::Flash;
pub use self::principal::PrincipalField;
