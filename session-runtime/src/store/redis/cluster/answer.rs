//! Reads the answers of scripts that are different on a cluster.

use redis::Value;

use crate::id::StoreKey;
use crate::record::Record;
use crate::store::redis::answer::{Pair, foreign, live, pairs, string, unexpected, updated};
use crate::store::redis::layout;
use crate::store::{StoreError, Updated};

/// The outcome of the first half of a rename.
pub(super) enum MovedOut {
    /// The session is marked as moved.
    Moved(Box<Moved>),
    /// Nothing has changed.
    Refused(Updated),
}

pub(super) struct Moved {
    /// The record to create under the new key.
    pub(super) record: Record,
    /// The principal before the rename. Empty if there was none.
    pub(super) old_principal: Vec<u8>,
    /// The session was marked before, so it may have arrived at the new key already.
    pub(super) is_repeated: bool,
}

/// The answer of `move_out.lua`.
pub(super) fn moved_out(answer: Value) -> Result<MovedOut, StoreError> {
    let is_moved = |parts: &[Value]| match parts {
        [Value::BulkString(letter), ..] => letter == b"T" || letter == b"R",
        _ => false,
    };
    match answer {
        Value::Array(parts) if is_moved(&parts) => match <[Value; 3]>::try_from(parts) {
            Ok([Value::BulkString(letter), Value::BulkString(old_principal), fields]) => {
                let record = live(pairs(fields)?.filter(|pair| !is_mark(pair)))?;
                let is_repeated = letter == b"R";
                Ok(MovedOut::Moved(Moved { record, old_principal, is_repeated }.into()))
            }
            _ => Err(unexpected()),
        },
        answer => updated(answer).map(MovedOut::Refused),
    }
}

fn is_mark(pair: &Result<Pair, StoreError>) -> bool {
    matches!(pair, Ok((field, _)) if field == layout::TOMBSTONE)
}

/// The outcome of deleting a session if it belongs to a principal.
pub(super) enum DeletedOwned {
    Deleted,
    /// There is no session.
    Absent,
    /// It belongs to somebody else.
    Foreign,
    /// It has another key now.
    Moved(StoreKey),
}

/// The answer of `delete_owned.lua`.
pub(super) fn deleted_owned(answer: Value) -> Result<DeletedOwned, StoreError> {
    match answer {
        Value::Int(0) => Ok(DeletedOwned::Absent),
        Value::Int(1) => Ok(DeletedOwned::Deleted),
        Value::Int(2) => Ok(DeletedOwned::Foreign),
        Value::BulkString(id) => key(id).map(DeletedOwned::Moved),
        _ => Err(unexpected()),
    }
}

/// The outcome of deleting a session.
pub(super) enum Deleted {
    /// It is deleted, and belonged to this principal.
    Of(Vec<u8>),
    /// It belonged to nobody, or there was none.
    OfNobody,
    /// It has another key now.
    Moved(StoreKey),
}

/// The answer of `delete.lua`.
pub(super) fn deleted(answer: Value) -> Result<Deleted, StoreError> {
    match answer {
        Value::BulkString(principal) if principal.is_empty() => Ok(Deleted::OfNobody),
        Value::BulkString(principal) => Ok(Deleted::Of(principal)),
        Value::Array(parts) => match <[Value; 2]>::try_from(parts) {
            Ok([_, Value::BulkString(id)]) => key(id).map(Deleted::Moved),
            _ => Err(unexpected()),
        },
        _ => Err(unexpected()),
    }
}

fn key(id: Vec<u8>) -> Result<StoreKey, StoreError> {
    string(id)?.parse().map_err(|_| foreign())
}
