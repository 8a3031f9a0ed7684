//! What rustc asks of the type of a field of each kind, and the operations that it finds there.

mod counter;
mod default_field;
mod flash;
mod principal;

pub use self::counter::Counter;
pub(super) use self::counter::CounterOps;
pub use self::default_field::DefaultField;
pub use self::flash::Flash;
pub(super) use self::flash::FlashOps;
pub use self::principal::PrincipalField;
