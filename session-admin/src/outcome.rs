//! The result of a command, and its exit code.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use session_runtime::store::StoreError;
use session_runtime::{ConfigError, SessionError};

pub(crate) type Outcome<T = Answer> = Result<T, Failure>;

/// Whether everything is as it should be.
pub(crate) enum Answer {
    Yes,
    /// The command has done its work, but something is wrong. It has printed what.
    No,
}

/// Why a command could not do its work.
pub(crate) enum Failure {
    /// The arguments or the environment variables are wrong.
    Usage(String),
    /// The store cannot be used, or it failed.
    Store(Box<dyn Error>),
    /// The output cannot be written.
    Output(io::Error),
}

/// Prints a failure, and returns the exit code. The codes are in `--help`, too.
pub(crate) fn exit_code(outcome: Outcome) -> ExitCode {
    let (code, message) = match outcome {
        Ok(Answer::Yes) => return ExitCode::SUCCESS,
        Ok(Answer::No) => return ExitCode::from(1),
        Err(Failure::Usage(message)) => (2, message),
        Err(Failure::Store(error)) => (3, chain(&*error)),
        Err(Failure::Output(error)) => (3, format!("the output cannot be written: {error}")),
    };
    // If this fails, there is nowhere left to report it.
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
        // Some errors only repeat the message of their source.
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
