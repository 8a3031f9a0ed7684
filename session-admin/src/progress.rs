//! Shows the progress on the standard error: as a bar on a terminal, elsewhere as a line every few
//! seconds.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

pub(crate) struct Progress {
    doing: &'static str,
    total: Option<u64>,
    done: u64,
    /// `None` where there is no terminal.
    bar: Option<ProgressBar>,
    last_line: Instant,
}

/// How often a line is written.
const PERIOD: Duration = Duration::from_secs(5);

impl Progress {
    /// Begins with nothing done. `total` is the number of sessions, if it is known.
    pub(crate) fn new(doing: &'static str, total: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(doing, total));
        Self { doing, total, done: 0, bar, last_line: Instant::now() }
    }

    pub(crate) fn advance(&mut self, count: usize) {
        self.done += count as u64;
        match &self.bar {
            Some(bar) => {
                // Sessions that were created after the count make the bar longer.
                if self.total.is_some_and(|total| total < self.done) {
                    bar.set_length(self.done);
                }
                bar.set_position(self.done);
            }
            None if self.last_line.elapsed() >= PERIOD => {
                self.last_line = Instant::now();
                self.write_line();
            }
            None => {}
        }
    }

    /// Shows that the work is done.
    pub(crate) fn finish(self) {
        match &self.bar {
            Some(bar) => bar.finish(),
            None => self.write_line(),
        }
    }

    fn write_line(&self) {
        let of = self.total.map_or(String::new(), |total| format!(" of {}", total.max(self.done)));
        // If the standard error is closed, nobody wants to read this.
        let _ = writeln!(std::io::stderr(), "{}: {}{of}", self.doing, self.done);
    }
}

fn bar(doing: &'static str, total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{msg:>9} [{bar:40}] {human_pos} of {human_len}, {rate}, {eta} left",
        ),
        None => (ProgressBar::new_spinner(), "{msg:>9} {spinner} {human_pos}, {rate}"),
    };
    // A test makes a bar with each of the templates.
    let style = ProgressStyle::with_template(template).expect("the template is a constant");
    let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        // A bar that cannot be drawn does not stop the work.
        let _ = write!(text, "{:.0}/s", state.per_sec());
    };
    bar.with_style(style.progress_chars("=> ").with_key("rate", rate)).with_message(doing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_templates_are_valid() {
        assert_eq!(bar("copying", Some(7)).length(), Some(7));
        assert_eq!(bar("counting", None).length(), None);
    }
}
