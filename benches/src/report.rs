//! Figures as Markdown.

use std::fmt::Write;

use crate::Error;
use crate::plot::Plot;
use crate::worker;

/// The results of one kind of figure.
#[derive(Debug, Default)]
pub(crate) struct Report {
    text: String,
    plots: Vec<(String, Plot)>,
}

impl Report {
    /// A paragraph.
    pub(crate) fn say(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }

    /// Markdown that another program wrote.
    pub(crate) fn paste(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A table, its first row the headings, its first column to the left.
    pub(crate) fn table(&mut self, rows: &[Vec<String>]) {
        for (index, row) in rows.iter().enumerate() {
            self.line(row);
            if index == 0 {
                let rule = row.iter().enumerate();
                let rule = rule.map(|(column, _)| if column == 0 { "---" } else { "---:" });
                self.line(&rule.map(str::to_owned).collect::<Vec<_>>());
            }
        }
        self.text.push('\n');
    }

    /// A bar chart, as `benches/plots/NAME.svg`.
    pub(crate) fn plot(&mut self, name: &str, plot: Plot) {
        self.say(&format!("![{}](benches/plots/{name}.svg)", plot.title()));
        self.plots.push((name.to_owned(), plot));
    }

    fn line(&mut self, cells: &[String]) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "| {} |", cells.join(" | "));
    }

    /// Prints the report. Writes it to a file if it is `whole`.
    pub(crate) fn publish(self, name: &str, whole: bool) -> Result<(), Error> {
        print!("{}", self.text);
        if whole {
            let folder = worker::target().join("bench");
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join(format!("{name}.md")), self.text)?;
            let folder = worker::root().join("plots");
            std::fs::create_dir_all(&folder)?;
            for (name, plot) in self.plots {
                std::fs::write(folder.join(format!("{name}.svg")), plot.svg())?;
            }
        }
        Ok(())
    }
}

/// A whole number, in groups of three digits.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < -0.5 { format!("-{text}") } else { text }
}

/// A number with two decimal places.
pub(crate) fn hundredths(number: f64) -> String {
    // Adding zero removes the sign of a negative zero.
    format!("{:.2}", (number * 100.0).round() / 100.0 + 0.0)
}

/// A multiple.
pub(crate) fn times(ratio: f64) -> String {
    format!("{ratio:.2}")
}

/// The value in the middle; 0 if there is none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::{grouped, hundredths, median};

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[])), (2.0, 0.0));
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!([-0.001, 0.004, -0.006].map(hundredths), ["0.00", "0.00", "-0.01"]);
    }

    #[test]
    fn digits_are_grouped() {
        let shown = [0.2, 999.5, 1_234_567.0, -1_200.0].map(grouped);
        assert_eq!(shown, ["0", "1,000", "1,234,567", "-1,200"]);
    }
}
