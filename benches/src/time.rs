//! Nanoseconds of a request beyond those of the bare application.

use bench_worker::case::Case;
use bench_worker::order::Order;

use crate::overhead::{self, plot, ratios, subtract_bare, table};
use crate::report::{Report, grouped, median, times};
use crate::worker::{self, Worker};
use crate::{Applications, Error};

/// Every application has its turn in every round.
const ROUNDS: usize = 31;
const REQUESTS: u32 = 4_000;

/// Times every case of every application on its memory store.
pub(crate) fn run(taking_part: &Applications) -> Result<Report, Error> {
    let applications = overhead::applications(taking_part);
    worker::build(&applications)?;
    let mut timed = vec![[const { Vec::new() }; Case::ALL.len()]; applications.len()];
    for round in 0..ROUNDS {
        // New processes: their addresses in memory affect the time, and sessions do not accumulate.
        for (application, timed) in applications.iter().zip(&mut timed) {
            let mut worker = Worker::start(application, None)?;
            for (case, timed) in Case::ALL.into_iter().zip(timed) {
                // The first requests of a process are slow.
                worker.ask::<f64>(Order::Run { case, visitors: 1, requests: REQUESTS / 8 })?;
                let nanos: f64 =
                    worker.ask(Order::Run { case, visitors: 1, requests: REQUESTS })?;
                timed.push(nanos / f64::from(REQUESTS));
            }
        }
        eprintln!("round {} of {ROUNDS}", round + 1);
    }
    let medians = timed.iter().map(|by_case| std::array::from_fn(|case| median(&by_case[case])));
    let overheads = subtract_bare(&applications.into_iter().zip(medians).collect::<Vec<_>>())?;

    let mut report = Report::default();
    report.say(&format!(
        "Nanoseconds of a request above those of the bare application, medians of {ROUNDS} rounds \
         of {REQUESTS} requests:"
    ));
    report.table(&table(&overheads, None, grouped));
    let title = "Nanoseconds of a request above the bare application";
    report.plot("time", plot(title, &overheads, |nanos| nanos));
    report.say("The same as multiples of this library's:");
    report.table(&table(&ratios(&overheads, |nanos| nanos), None, times));
    Ok(report)
}
