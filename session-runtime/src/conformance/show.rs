//! Answers as text for failures. `Debug` hides values, but the suite's values are not secret.

use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::patch::{FieldOp, Patch, PrincipalOp};
use crate::record::Record;
use crate::revocation::{Cutoff, Revoked};
use crate::store::{Created, Loaded, Updated};

/// A value that a failure shows.
pub(super) trait Show {
    fn show(&self) -> String;
}

impl Show for Loaded {
    fn show(&self) -> String {
        match self {
            Self::Live(record) => record.show(),
            Self::Gone => "Gone".to_owned(),
            Self::Absent => "Absent".to_owned(),
        }
    }
}

impl Show for Created {
    fn show(&self) -> String {
        format!("{self:?}")
    }
}

impl Show for Updated {
    fn show(&self) -> String {
        match self {
            Self::Applied => "Applied".to_owned(),
            Self::Conflict(record) => format!("Conflict with {}", record.show()),
            Self::Mismatch(key) => format!("Mismatch({key})"),
            Self::Gone => "Gone".to_owned(),
        }
    }
}

impl Show for Record {
    fn show(&self) -> String {
        let fields: Vec<_> =
            self.fields.iter().map(|(key, text)| format!("{key}: {}", short(text))).collect();
        let principal = self.principal.as_ref().map_or("nobody".to_owned(), |principal| {
            format!("{} {}", principal.key(), short(principal.value()))
        });
        format!(
            "a live record [{}] of {principal}, created {}, expires {}, deadline {}, {:?}",
            short(&fields.join(", ")),
            self.created_at.as_millis(),
            self.expires_at.as_millis(),
            self.deadline.as_millis(),
            self.lifetime,
        )
    }
}

impl Show for Patch {
    fn show(&self) -> String {
        let mut parts: Vec<_> =
            self.fields.iter().map(|(key, op)| format!("{key}: {}", op.show())).collect();
        if let PrincipalOp::Set(principal) = &self.principal {
            parts.push(format!("sign in {}", principal.value()));
        } else if self.principal == PrincipalOp::Clear {
            parts.push("sign out".to_owned());
        }
        parts.push(format!("{:?}", self.expiry));
        parts.join(", ")
    }
}

impl Show for FieldOp {
    fn show(&self) -> String {
        let text = |text: &Option<crate::record::SharedStr>| match text {
            Some(text) => short(text),
            None => "nothing".to_owned(),
        };
        match self {
            Self::Set(text) => format!("set {}", short(text)),
            Self::Remove => "remove".to_owned(),
            Self::Add { delta, min, max, start } => {
                format!("add {delta} within {min}..={max}, from {start} on")
            }
            Self::Replace { old, new } => format!("replace {} by {}", text(old), text(new)),
        }
    }
}

impl Show for Option<String> {
    fn show(&self) -> String {
        self.as_deref().map_or("nothing".to_owned(), |text| format!("the text {}", short(text)))
    }
}

macro_rules! show_as_debug {
    ($($type:ty),+) => {
        $(impl Show for $type {
            fn show(&self) -> String {
                format!("{self:?}")
            }
        })+
    };
}
show_as_debug!(bool, usize, Vec<StoreKey>, Revoked, Option<Timestamp>, Option<Cutoff>);

fn short(text: &str) -> String {
    match text.char_indices().nth(300) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
    }
}
