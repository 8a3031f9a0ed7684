//! Instructions and allocations of a request above those of the bare application.

use bench_worker::case::Case;

use crate::callgrind;
use crate::overhead::{self, plot, ratios, subtract_bare, table};
use crate::report::{Report, grouped, times};
use crate::{Applications, Error, worker};

/// What this library may need: instructions, and allocations where there is a target.
fn target(case: Case) -> (u32, Option<u32>) {
    match case {
        Case::Untouched | Case::UntouchedWithoutCookie => (2_500, Some(7)),
        Case::Read => (12_000, Some(9)),
        Case::Count => (16_000, Some(16)),
        Case::NewcomerReads => (4_000, None),
        Case::NewcomerCounts => (17_000, Some(18)),
    }
}

/// Counts every case of every application on its memory store. The profiles stay, for
/// `callgrind_annotate`.
pub(crate) fn run(taking_part: &Applications) -> Result<Report, Error> {
    let applications = overhead::applications(taking_part);
    worker::build(&applications)?;
    let profiles = worker::target().join("bench/profiles");
    std::fs::create_dir_all(&profiles)?;

    let mut counted = Vec::new();
    for application in applications {
        let mut by_case = Vec::new();
        for case in Case::ALL {
            by_case.push(callgrind::count(application, case, &profiles)?);
        }
        eprintln!("counted {} ({})", application.label, application.name);
        counted.push((application, std::array::from_fn(|case| by_case[case])));
    }
    let counted = subtract_bare(&counted)?;

    let mut report = Report::default();
    report.say("Instructions of a request above those of the bare application:");
    let goal: fn(Case) -> String = |case| grouped(target(case).0.into());
    report.table(&table(&counted, Some(goal), |it| grouped(it.instructions)));
    let title = "Instructions of a request above the bare application";
    report.plot("instructions", plot(title, &counted, |it| it.instructions));
    report.say("The same as multiples of this library's:");
    report.table(&table(&ratios(&counted, |it| it.instructions), None, times));
    report.say("Allocations of a request above those of the bare application:");
    let goal: fn(Case) -> String =
        |case| target(case).1.map_or_else(String::new, |it| it.to_string());
    report.table(&table(&counted, Some(goal), |it| format!("{:.1}", it.allocations)));
    Ok(report)
}
