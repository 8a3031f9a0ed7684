//! Where a worker keeps its sessions, from the command line of the runner.

use crate::Error;

/// The application and, where its store needs one, the URL or path that the runner names.
#[derive(Debug)]
pub struct Place {
    /// Which of the worker's applications.
    pub application: String,
    /// Where its store is.
    store: Option<String>,
}

impl Place {
    /// Reads the command line: `worker APPLICATION [STORE]`.
    ///
    /// # Errors
    ///
    /// If there is no argument.
    pub fn from_args() -> Result<Self, Error> {
        let mut args = std::env::args().skip(1);
        let application = args.next().ok_or("say which application, and where its store is")?;
        Ok(Self { application, store: args.next() })
    }

    /// The URL or path of the store.
    ///
    /// # Errors
    ///
    /// If the command line has none.
    pub fn store(&self) -> Result<&str, Error> {
        let missing = || format!("say where the store of `{}` is", self.application).into();
        self.store.as_deref().ok_or_else(missing)
    }

    /// The error of a worker that has no such application.
    pub fn unknown(&self) -> Error {
        format!("there is no application `{}`", self.application).into()
    }
}
