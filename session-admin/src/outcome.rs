//! What a command answers, and the exit code that tells it.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use session_runtime::store::StoreError;
use session_runtime::{ConfigError, SessionError};

pub(crate) type Outcome<T = Answer> = Result<T, Failure>;

/// What a command found.
pub(crate) enum Answer {
    Yes,
    /// It did what it was told, and something is not as it should be; it has said what.
    No,
}

/// Why a command could not do its work.
pub(crate) enum Failure {
    /// What it was given is wrong.
    Usage(String),
    /// The store cannot be used, or failed.
    Store(Box<dyn Error>),
    /// What it has to say cannot be written.
    Output(io::Error),
}

/// Stands in `--help` too.
pub(crate) fn exit_code(outcome: Outcome) -> ExitCode {
    let (code, message) = match outcome {
        Ok(Answer::Yes) => return ExitCode::SUCCESS,
        Ok(Answer::No) => return ExitCode::from(1),
        Err(Failure::Usage(message)) => (2, message),
        Err(Failure::Store(error)) => (3, chain(&*error)),
        Err(Failure::Output(error)) => (3, format!("the output cannot be written: {error}")),
    };
    // There is nobody left to tell if this fails.
    let _ = writeln!(std::io::stderr(), "error: {message}");
    ExitCode::from(code)
}

/// An error with everything that caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut last = error.to_string();
    let mut line = last.clone();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        // Wrappers that only pass a message on add nothing.
        if text != last {
            line = format!("{line}: {text}");
            last = text;
        }
        source = error.source();
    }
    line
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Store(error.into())
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::Store(error.into())
    }
}
