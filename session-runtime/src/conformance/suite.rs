//! Runs the rules one after the other and collects the outcomes.

use std::time::Duration;

use super::report::{Failed, Report};
use super::trial::{Outcome, Stop, Trial};

/// Checks the rules: the functions with these names.
macro_rules! rules {
    ($suite:ident, $need:ident: $($rule:ident),+ $(,)?) => {
        $($suite.rule(stringify!($rule), $crate::conformance::suite::Need::$need, $rule).await;)+
    };
}
pub(super) use rules;

/// Whether every store must fulfil a rule.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    /// The rule is about an optional method.
    Optional,
}

/// A run of the suite.
pub(super) struct Suite<O> {
    open: O,
    report: Report,
    failed: Failed,
}

/// How long one rule may take.
const TIMEOUT: Duration = Duration::from_secs(60);

impl<O> Suite<O> {
    pub(super) fn new(open: O) -> Self {
        Self { open, report: Report::default(), failed: Failed::default() }
    }

    pub(super) fn end(self) -> Result<Report, Failed> {
        if self.failed.is_empty() { Ok(self.report) } else { Err(self.failed) }
    }
}

impl<S: Send + Sync + 'static, O: Fn() -> F, F: Future<Output = S>> Suite<O> {
    pub(super) async fn rule<R: Future<Output = Outcome> + Send + 'static>(
        &mut self,
        name: &'static str,
        need: Need,
        rule: impl FnOnce(Trial<S>) -> R,
    ) {
        let trial = Trial::new((self.open)().await);
        // In a task, so that a panic only breaks this rule.
        let mut task = tokio::spawn(rule(trial));
        let outcome = match tokio::time::timeout(TIMEOUT, &mut task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panicked)) => Err(Stop::Failed(format!("expected no panic, saw {panicked}"))),
            Err(_) => {
                task.abort();
                Err(Stop::Failed(format!("expected an answer, saw none within {TIMEOUT:?}")))
            }
        };
        match outcome {
            Ok(()) => self.report.pass(name),
            Err(Stop::Unsupported) if need == Need::Optional => self.report.skip(name),
            Err(Stop::Unsupported) => {
                self.failed.push(name, "expected a required method, saw `unsupported`".to_owned());
            }
            Err(Stop::Failed(why)) => self.failed.push(name, why),
        }
    }
}
