//! What a runner asks of a worker, and the line it writes for it.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::case::Case;

/// One line of a worker's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Sends requests and answers the nanoseconds they took: `visitors` tasks at once, each with a
    /// session of its own, `requests` in all.
    Run {
        /// What each request does.
        case: Case,
        /// How many tasks.
        visitors: u32,
        /// How many requests.
        requests: u32,
    },
    /// Signs `visitors` in, and answers their number.
    SignIn {
        /// How many sessions.
        visitors: u32,
    },
    /// 1,000 increments of one session's counter, 50 at a time; answers how many were lost, and how many failed. `late`
    /// handlers wait a moment between reading and writing.
    LostUpdates {
        /// Whether handlers wait.
        late: bool,
    },
    /// A visitor signs out while a slow request of the session is under way; answers whether the
    /// cookie is signed in again after it.
    Resurrection,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { case, visitors, requests } => {
                write!(f, "run {} {visitors} {requests}", case.name())
            }
            Self::SignIn { visitors } => write!(f, "sign-in {visitors}"),
            Self::LostUpdates { late } => write!(f, "lost-updates {late}"),
            Self::Resurrection => f.write_str("resurrection"),
        }
    }
}

impl FromStr for Order {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self, Error> {
        let words: Vec<_> = line.split_whitespace().collect();
        Ok(match *words {
            ["run", case, visitors, requests] => Self::Run {
                case: case.parse()?,
                visitors: visitors.parse()?,
                requests: requests.parse()?,
            },
            ["sign-in", visitors] => Self::SignIn { visitors: visitors.parse()? },
            ["lost-updates", late] => Self::LostUpdates { late: late.parse()? },
            ["resurrection"] => Self::Resurrection,
            _ => return Err(format!("there is no order `{line}`").into()),
        })
    }
}
