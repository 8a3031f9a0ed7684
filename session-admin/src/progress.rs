//! How far the work is, on the standard error: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

pub(crate) struct Progress {
    doing: &'static str,
    total: Option<u64>,
    done: u64,
    /// `None` where there is no terminal.
    bar: Option<ProgressBar>,
    told: Instant,
}

/// How often a line is written.
const PERIOD: Duration = Duration::from_secs(5);

impl Progress {
    /// Work that has just begun; `total` is how much there is, if that is known.
    pub(crate) fn new(doing: &'static str, total: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| bar(doing, total));
        Self { doing, total, done: 0, bar, told: Instant::now() }
    }

    pub(crate) fn advance(&mut self, count: usize) {
        self.done += count as u64;
        match &self.bar {
            Some(bar) => {
                // What came after it was counted makes it longer.
                if self.total.is_some_and(|total| total < self.done) {
                    bar.set_length(self.done);
                }
                bar.set_position(self.done);
            }
            None if self.told.elapsed() >= PERIOD => {
                self.told = Instant::now();
                self.tell();
            }
            None => {}
        }
    }

    /// The work has come to its end.
    pub(crate) fn finish(self) {
        match &self.bar {
            Some(bar) => bar.finish(),
            None => self.tell(),
        }
    }

    fn tell(&self) {
        let of = self.total.map_or(String::new(), |total| format!(" of {}", total.max(self.done)));
        // Whoever closed it does not want to know.
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
    // A test makes both.
    let style = ProgressStyle::with_template(template).expect("the template is a constant");
    let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        // What goes wrong with a bar goes wrong with the terminal, which shows it.
        let _ = write!(text, "{:.0}/s", state.per_sec());
    };
    bar.with_style(style.progress_chars("=> ").with_key("rate", rate)).with_message(doing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_can_be_made_with_and_without_a_total() {
        assert_eq!(bar("copying", Some(7)).length(), Some(7));
        assert_eq!(bar("counting", None).length(), None);
    }
}
