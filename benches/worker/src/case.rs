//! The requests that are measured.

use std::str::FromStr;

use crate::Error;
use crate::app::path;

/// A kind of request: what it does with its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// A visitor with a session, on a route that does not touch it.
    Untouched,
    /// A visitor without a cookie, on the same route.
    UntouchedWithoutCookie,
    /// A session is read.
    Read,
    /// A session is read and written.
    Count,
    /// A visitor without a cookie, on a route that reads the session; nothing is there to store.
    NewcomerReads,
    /// A visitor without a cookie, for whom something is stored.
    NewcomerCounts,
}

impl Case {
    /// All of them, in the order in which tables show them.
    pub const ALL: [Self; 6] = [
        Self::Untouched,
        Self::UntouchedWithoutCookie,
        Self::Read,
        Self::Count,
        Self::NewcomerReads,
        Self::NewcomerCounts,
    ];

    /// Its name in orders.
    pub fn name(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::UntouchedWithoutCookie => "untouched-without-cookie",
            Self::Read => "read",
            Self::Count => "count",
            Self::NewcomerReads => "newcomer-reads",
            Self::NewcomerCounts => "newcomer-counts",
        }
    }

    /// Its name in tables.
    pub fn title(self) -> &'static str {
        match self {
            Self::Untouched => "session not touched",
            Self::UntouchedWithoutCookie => "not touched, no cookie",
            Self::Read => "read",
            Self::Count => "read and written",
            Self::NewcomerReads => "new visitor, nothing stored",
            Self::NewcomerCounts => "new visitor, stored",
        }
    }

    /// The route it goes to.
    pub fn path(self) -> &'static str {
        match self {
            Self::Untouched | Self::UntouchedWithoutCookie => path::UNTOUCHED,
            Self::Read | Self::NewcomerReads => path::READ,
            Self::Count | Self::NewcomerCounts => path::COUNT,
        }
    }

    /// Whether the visitor comes back with the cookie of a session.
    pub fn has_cookie(self) -> bool {
        matches!(self, Self::Untouched | Self::Read | Self::Count)
    }
}

impl FromStr for Case {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let found = Self::ALL.into_iter().find(|case| case.name() == name);
        found.ok_or_else(|| format!("there is no case `{name}`").into())
    }
}
