//! What became of the sessions.

use std::fmt;

use session_runtime::StoreKey;

use crate::show;

/// What became of one session of the source.
pub(super) enum Became {
    Copied,
    /// It was there already, as it is.
    Same,
    /// It was there already, and it was used there.
    Newer,
    /// It was there already, but it was used in the source since.
    Stale,
    /// It was there already, but it is another, and their times do not tell which was used last.
    Other,
    /// It was ended or renewed while it was copied, or it expired.
    Ended,
}

#[derive(Default)]
pub(super) struct Tally {
    copied: u64,
    same: u64,
    newer: u64,
    stale: Ids,
    other: Ids,
    ended: u64,
}

impl Tally {
    pub(super) fn add(&mut self, key: StoreKey, became: Became) {
        match became {
            Became::Copied => self.copied += 1,
            Became::Same => self.same += 1,
            Became::Newer => self.newer += 1,
            Became::Stale => self.stale.add(key),
            Became::Other => self.other.add(key),
            Became::Ended => self.ended += 1,
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
            (self.ended, "were ended or renewed meanwhile, or expired"),
        ] {
            if count > 0 {
                writeln!(f, "  {count} {what}")?;
            }
        }
        for (ids, what, advice) in [
            (
                &self.stale,
                "were there already, but were used in the source since",
                "the application still changes sessions in the source alone: let it use a \
                 `MigratingStore`, or stop it and copy into an empty store",
            ),
            (
                &self.other,
                "were there already, but differ, and it is not known which was used last",
                "with a `MigratingStore` in all processes it is the target's, which is as it should \
                 be; without one, stop the application and copy into an empty store",
            ),
        ] {
            if ids.count() > 0 {
                writeln!(f, "  {} {what}:\n    {ids}\n  {advice}", ids.count())?;
            }
        }
        Ok(())
    }
}

/// How many there are, and some of them.
#[derive(Default)]
pub(super) struct Ids {
    count: u64,
    first: Vec<StoreKey>,
}

/// How many are shown.
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
