//! What rustc asks of the type of a field of each kind, and the operations that it finds there.

mod counter;
mod default_field;
mod flash;
mod principal;

pub use self::counter::Counter;
pub use self::default_field::DefaultField;
pub use self::flash::Flash;
pub use self::principal::PrincipalField;
