//! A patch as arguments of a script, in the form that `patch.lua` reads.

use super::command::ScriptCall;
use crate::patch::{ExpiryOp, FieldOp, Patch, PrincipalOp};
use crate::store::redis::layout;

/// Two arguments: what the patch does to the expiry, and what it does to the principal.
pub(in crate::store::redis) fn expiry_and_principal(patch: &Patch, call: ScriptCall) -> ScriptCall {
    let call = match patch.expiry {
        ExpiryOp::Keep => call.arg("K"),
        ExpiryOp::Extend(until) => call.arg(format!("E{}", layout::stored_millis(until))),
        ExpiryOp::SetLifetime { lifetime, expires_at, deadline } => {
            call.arg([b"L", &layout::lifetime(lifetime, expires_at, deadline)[..]].concat())
        }
    };
    match &patch.principal {
        PrincipalOp::Keep => call.arg("K"),
        PrincipalOp::Set(principal) => call.arg([b"S", &layout::principal(principal)[..]].concat()),
        PrincipalOp::Clear => call.arg("S"),
    }
}

/// The operations on fields, always the last arguments of a call.
pub(in crate::store::redis) fn fields(patch: &Patch, mut call: ScriptCall) -> ScriptCall {
    for (field, op) in &patch.fields {
        let put = |new: Option<&str>, call: ScriptCall| match new {
            Some(text) => call.arg("S").arg(&**field).arg(text),
            None => call.arg("D").arg(&**field),
        };
        call = match op {
            FieldOp::Set(text) => put(Some(text), call),
            FieldOp::Remove => put(None, call),
            FieldOp::Add { delta, min, max, start } => {
                let call = call.arg("A").arg(&**field);
                call.arg(*delta).arg(*min).arg(*max).arg(*start)
            }
            FieldOp::Replace { old, new } => {
                let call = match old {
                    Some(text) => call.arg("C").arg(&**field).arg(&**text),
                    None => call.arg("N").arg(&**field),
                };
                put(new.as_deref(), call)
            }
        };
    }
    call
}
