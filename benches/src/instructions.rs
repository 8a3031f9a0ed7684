//! Instructions and allocations of a request above those of the bare application.

use std::path::Path;
use std::thread;

use bench_worker::case::Case;

use crate::applications::Application;
use crate::callgrind::{self, Counted};
use crate::overhead::{self, ByCase, plot, ratios, subtract_bare, table};
use crate::report::{Report, grouped, times};
use crate::{Applications, Error, worker};

/// The targets of this library: instructions, and for some cases allocations.
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

    // Other work on the machine does not change the counts, so all runs go at once.
    let counted = thread::scope(|scope| {
        let profiles = &profiles;
        let count = |application| scope.spawn(move || count(application, profiles));
        let threads: Vec<_> = applications.iter().copied().map(count).collect();
        let joined = threads.into_iter().map(|thread| thread.join().expect("it does not panic"));
        joined.collect::<Result<Vec<_>, _>>()
    })?;
    let counted: Vec<_> = applications.into_iter().zip(counted).collect();
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

fn count(application: &Application, profiles: &Path) -> Result<ByCase<Counted>, Error> {
    let mut by_case = [Counted::default(); Case::ALL.len()];
    for (slot, case) in by_case.iter_mut().zip(Case::ALL) {
        *slot = callgrind::count(application, case, profiles)?;
    }
    eprintln!("counted {}", application.label);
    Ok(by_case)
}
