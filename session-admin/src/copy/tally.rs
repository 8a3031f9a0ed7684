//! Counts what the copy did with the sessions.

use std::fmt;

use session_runtime::StoreKey;

use crate::show;

/// What the copy did with one session of the source.
pub(super) enum Transfer {
    Copied,
    /// The target has it already, with the same content.
    Same,
    /// The target has it already, and it was used there since.
    Newer,
    /// The target has it already, but it was used in the source since.
    Stale,
    /// The target has it already with other content, and the times do not say which was used last.
    Other,
    /// It was deleted or renewed while it was copied, or it expired.
    Gone,
}

#[derive(Default)]
pub(super) struct Tally {
    copied: u64,
    same: u64,
    newer: u64,
    stale: Ids,
    other: Ids,
    gone: u64,
}

impl Tally {
    pub(super) fn add(&mut self, key: StoreKey, transfer: Transfer) {
        match transfer {
            Transfer::Copied => self.copied += 1,
            Transfer::Same => self.same += 1,
            Transfer::Newer => self.newer += 1,
            Transfer::Stale => self.stale.add(key),
            Transfer::Other => self.other.add(key),
            Transfer::Gone => self.gone += 1,
        }
    }

    pub(super) fn is_good(&self) -> bool {
        self.stale.count() == 0 && self.other.count() == 0
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "copied {}", show::sessions(self.copied))?;
        for (count, what) in [
            (self.same, "were there already"),
            (self.newer, "were there already, and were used there since; they stay as they are"),
            (self.gone, "were ended or renewed meanwhile, or expired"),
        ] {
            if count > 0 {
                writeln!(f, "  {count} {what}")?;
            }
        }
        for (ids, what, advice) in [
            (
                &self.stale,
                "were there already, but were used in the source since",
                "the application still changes sessions only in the source: let it use a \
                 `MigratingStore`, or stop it and copy into an empty store",
            ),
            (
                &self.other,
                "were there already, but differ, and it is not known which was used last",
                "if all processes use a `MigratingStore`, the target has the newer ones and \
                 nothing is wrong; if not, stop the application and copy into an empty store",
            ),
        ] {
            if ids.count() > 0 {
                writeln!(f, "  {} {what}:\n    {ids}\n  {advice}", ids.count())?;
            }
        }
        Ok(())
    }
}

/// The number of sessions, and the ids of the first few.
#[derive(Default)]
pub(super) struct Ids {
    count: u64,
    first: Vec<StoreKey>,
}

/// How many ids are shown.
const SHOWN: usize = 10;

impl Ids {
    pub(super) fn add(&mut self, key: StoreKey) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(key);
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }
}

impl fmt::Display for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, key) in self.first.iter().enumerate() {
            write!(f, "{}{key}", if place == 0 { "" } else { " " })?;
        }
        match self.count.saturating_sub(SHOWN as u64) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
