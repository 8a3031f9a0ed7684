//! The Lua scripts of all Redis stores: their code, their calls and their answers.
//!
//! [`operations`] has one function for each operation of a store. Scripts that only one store uses
//! lie next to that store: in `batch/` and in `cluster/`.

mod command;
mod operations;
pub(super) mod patch;

pub(super) use self::command::{Script, ScriptCall, script};
pub(super) use self::operations::{Operations, SCAN};
