//! The cost of a request beyond that of the bare application of its framework.

use std::ops::Sub;

use bench_worker::case::Case;

use crate::applications::{Application, Store};
use crate::plot::Plot;
use crate::{Applications, Error};

/// Something measured for each case.
pub(crate) type ByCase<T> = [T; Case::ALL.len()];

/// The applications, each with the cost of its requests beyond that of the bare application.
pub(crate) type Overheads<T> = Vec<(&'static Application, ByCase<T>)>;

/// All applications on their memory stores, and the bare applications they are built on.
pub(crate) fn applications(taking_part: &Applications) -> Vec<&'static Application> {
    let mut all = taking_part.on(Store::Memory);
    for index in 0..all.len() {
        let bare = all[index].framework.bare();
        if !all.iter().any(|known| std::ptr::eq(*known, bare)) {
            all.push(bare);
        }
    }
    all
}

/// Subtracts the bare applications, and leaves them out.
pub(crate) fn subtract_bare<T: Copy + Sub<Output = T>>(
    measured: &[(&'static Application, ByCase<T>)],
) -> Result<Overheads<T>, Error> {
    let is_bare = |it: &Application| std::ptr::eq(it, it.framework.bare());
    let above = |&(application, of): &(&'static Application, ByCase<T>)| {
        let bare = application.framework.bare();
        let bare = measured.iter().find(|(known, _)| std::ptr::eq(*known, bare));
        let (_, bare) = bare.ok_or("a bare application was not measured")?;
        Ok((application, std::array::from_fn(|case| of[case] - bare[case])))
    };
    measured.iter().filter(|(application, _)| !is_bare(application)).map(above).collect()
}

/// A table: a line for each case, a column for each application.
pub(crate) fn table<T: Copy>(
    overheads: &Overheads<T>,
    goal: Option<fn(Case) -> String>,
    show: impl Fn(T) -> String,
) -> Vec<Vec<String>> {
    let labels = overheads.iter().map(|(application, _)| application.label.to_owned());
    let goal_heading = goal.map(|_| "target".to_owned());
    let heading = std::iter::once("request".to_owned()).chain(goal_heading).chain(labels);
    let rows = Case::ALL.into_iter().enumerate().map(|(index, case)| {
        let goal = goal.map(|goal| goal(case));
        let cells = overheads.iter().map(|(_, needs)| show(needs[index]));
        std::iter::once(case.title().to_owned()).chain(goal).chain(cells).collect()
    });
    std::iter::once(heading.collect()).chain(rows).collect()
}

/// The same as multiples of the first application, which is this library.
pub(crate) fn ratios<T: Copy>(
    overheads: &Overheads<T>,
    value: impl Fn(T) -> f64,
) -> Overheads<f64> {
    let Some((_, first)) = overheads.first() else { return Vec::new() };
    let times =
        |needs: &ByCase<T>| std::array::from_fn(|case| value(needs[case]) / value(first[case]));
    overheads.iter().map(|(application, needs)| (*application, times(needs))).collect()
}

/// A chart of the same.
pub(crate) fn plot<T: Copy>(
    title: &str,
    overheads: &Overheads<T>,
    value: impl Fn(T) -> f64,
) -> Plot {
    let labels: Vec<_> = overheads.iter().map(|(application, _)| application.label).collect();
    let mut plot = Plot::new(title, &labels);
    for (index, case) in Case::ALL.into_iter().enumerate() {
        let values: Vec<_> = overheads.iter().map(|(_, needs)| value(needs[index])).collect();
        plot.group(case.title(), &values);
    }
    plot
}
