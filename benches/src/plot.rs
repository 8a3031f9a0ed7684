//! Bar charts as SVG.

use std::fmt::Write;

/// Groups of bars. Each group has one bar for each series, with its value next to it.
#[derive(Debug)]
pub(crate) struct Plot {
    title: String,
    series: Vec<String>,
    groups: Vec<(String, Vec<f64>)>,
}

/// In pixels: the height of a bar, the space around a group, and where bars begin and end.
const BAR: usize = 16;
const GAP: usize = 14;
const LEFT: usize = 210;
const WIDTH: usize = 900;
const TOP: usize = 48;

/// This library stands out from its peers.
const OURS: &str = "#2563eb";
const PEERS: &str = "#9ca3af";

impl Plot {
    pub(crate) fn new(title: &str, series: &[&str]) -> Self {
        let series = series.iter().map(|&label| label.to_owned()).collect();
        Self { title: title.to_owned(), series, groups: Vec::new() }
    }

    /// Adds a group: a value for each series.
    pub(crate) fn group(&mut self, label: &str, values: &[f64]) {
        self.groups.push((label.to_owned(), values.to_vec()));
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) fn svg(&self) -> String {
        let group_height = BAR * self.series.len() + GAP + BAR;
        let height = TOP + group_height * self.groups.len();
        let most = self.groups.iter().flat_map(|(_, values)| values).copied().fold(1.0, f64::max);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"8\" y=\"24\" font-size=\"16\">{}</text>\n",
            self.title
        );
        for (index, (label, values)) in self.groups.iter().enumerate() {
            let top = TOP + group_height * index;
            text(&mut svg, (8, top + 12), "font-weight=\"bold\"", label);
            for (row, (series, value)) in self.series.iter().zip(values).enumerate() {
                self.bar(&mut svg, top + BAR * (row + 1), series, *value, most);
            }
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn bar(&self, svg: &mut String, top: usize, series: &str, value: f64, most: f64) {
        // Leaves space for the value on the right.
        let length = (value.max(0.0) / most * (WIDTH - LEFT - 90) as f64).max(1.0);
        let color = if series.starts_with("session-runtime") { OURS } else { PEERS };
        text(svg, (LEFT - 8, top + 12), "text-anchor=\"end\"", series);
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{length:.1}\" height=\"{}\" fill=\"{color}\"/>",
            BAR - 3
        );
        let end = LEFT + length as usize + 6;
        text(svg, (end, top + 12), "", &crate::report::grouped(value));
    }
}

fn text(svg: &mut String, (x, y): (usize, usize), attributes: &str, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" {attributes}>{text}</text>");
}
