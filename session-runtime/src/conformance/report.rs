//! The outcome of the suite.

use std::fmt;

/// The rules that a store fulfils. `Display` lists them, one a line.
#[derive(Clone, Debug, Default)]
pub struct Report {
    passed: Vec<&'static str>,
    skipped: Vec<&'static str>,
}

impl Report {
    /// The names of the rules that the store fulfils.
    pub fn passed(&self) -> &[&'static str] {
        &self.passed
    }

    /// The names of the rules that use a method which the store lacks. They were not checked.
    pub fn skipped(&self) -> &[&'static str] {
        &self.skipped
    }

    pub(super) fn pass(&mut self, name: &'static str) {
        self.passed.push(name);
    }

    pub(super) fn skip(&mut self, name: &'static str) {
        self.skipped.push(name);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} rules kept, {} skipped", self.passed.len(), self.skipped.len())?;
        self.passed.iter().try_for_each(|name| writeln!(f, "  kept     {name}"))?;
        self.skipped.iter().try_for_each(|name| writeln!(f, "  skipped  {name}"))
    }
}

/// All rules that a store breaks.
///
/// `Display` and `Debug` show the same list, so that `unwrap` in a test is readable.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use session_runtime::conformance::{self, Failed};
/// use session_runtime::store::MemoryStore;
///
/// # let run = conformance::run(|| async { MemoryStore::new() }).await;
/// if let Err(failed) = run {
///     assert!(failed.rules().any(|(name, why)| name == "load_of_unknown_is_absent"));
/// }
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Failed {
    rules: Vec<(&'static str, String)>,
}

impl Failed {
    /// The name of each broken rule, with what was expected and what was seen.
    pub fn rules(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.rules.iter().map(|(name, why)| (*name, why.as_str()))
    }

    /// Whether the rule `name` is broken.
    pub fn names(&self, name: &str) -> bool {
        self.rules.iter().any(|(rule, _)| *rule == name)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn push(&mut self, name: &'static str, why: String) {
        self.rules.push((name, why));
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.rules.len() == 1 { "" } else { "s" };
        write!(f, "{} rule{plural} broken", self.rules.len())?;
        self.rules.iter().try_for_each(|(name, why)| write!(f, "\n  {name}: {why}"))
    }
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failed {}
