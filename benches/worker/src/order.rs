//! The orders that a runner gives to a worker, and their text.

use std::fmt;
use std::str::FromStr;

use crate::Error;
use crate::app::path;
use crate::case::Case;

/// One line of a worker's input.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The first request of a new visitor. The answer is the visitor's cookie.
    Arrive {
        /// The route.
        path: &'static str,
    },
    /// A request of the visitor with this cookie, which must succeed; answers the body.
    Visit {
        /// The route.
        path: &'static str,
        /// The `Cookie` header.
        cookie: String,
    },
    /// Starts a request of the visitor with this cookie; its response does not matter. The answer
    /// is empty, and comes while the request still runs.
    Begin {
        /// The route.
        path: &'static str,
        /// The `Cookie` header.
        cookie: String,
    },
    /// Waits for the request that was started. The answer is whether it was still running.
    End,
    /// Increments of one session's counter; answers how many failed, and the cookie after them.
    Increment {
        /// Whether handlers wait a moment between reading and writing.
        late: bool,
        /// How many requests run at the same time.
        at_once: u32,
        /// How many requests.
        requests: u32,
        /// The `Cookie` header of the first ones.
        cookie: String,
    },
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { case, visitors, requests } => {
                write!(f, "run {} {visitors} {requests}", case.name())
            }
            Self::SignIn { visitors } => write!(f, "sign-in {visitors}"),
            Self::Arrive { path } => write!(f, "arrive {path}"),
            Self::Visit { path, cookie } => write!(f, "visit {path} {cookie}"),
            Self::Begin { path, cookie } => write!(f, "begin {path} {cookie}"),
            Self::End => f.write_str("end"),
            Self::Increment { late, at_once, requests, cookie } => {
                write!(f, "increment {late} {at_once} {requests} {cookie}")
            }
        }
    }
}

impl FromStr for Order {
    type Err = Error;

    fn from_str(line: &str) -> Result<Self, Error> {
        let words: Vec<_> = line.split_whitespace().collect();
        Ok(match words[..] {
            ["run", case, visitors, requests] => Self::Run {
                case: case.parse()?,
                visitors: visitors.parse()?,
                requests: requests.parse()?,
            },
            ["sign-in", visitors] => Self::SignIn { visitors: visitors.parse()? },
            ["arrive", path] => Self::Arrive { path: route(path)? },
            ["visit", path, ref cookie @ ..] => {
                Self::Visit { path: route(path)?, cookie: cookie.join(" ") }
            }
            ["begin", path, ref cookie @ ..] => {
                Self::Begin { path: route(path)?, cookie: cookie.join(" ") }
            }
            ["end"] => Self::End,
            ["increment", late, at_once, requests, ref cookie @ ..] => Self::Increment {
                late: late.parse()?,
                at_once: at_once.parse()?,
                requests: requests.parse()?,
                cookie: cookie.join(" "),
            },
            _ => return Err(format!("there is no order `{line}`").into()),
        })
    }
}

fn route(name: &str) -> Result<&'static str, Error> {
    let found = path::ALL.into_iter().find(|path| *path == name);
    found.ok_or_else(|| format!("there is no route `{name}`").into())
}
