//! Whether concurrent requests of one session get it right.

use bench_worker::order::Order;

use crate::applications::Store;
use crate::places::Places;
use crate::report::Report;
use crate::worker::{self, Worker};
use crate::{Applications, Error};

/// Tries every application on every store.
pub(crate) fn run(taking_part: &Applications) -> Result<Report, Error> {
    let applications = taking_part.of(|application| application.store != Store::None);
    worker::build(&applications)?;
    let mut places = Places::new()?;
    let heading = ["", "store", "lost at once", "lost with a wait of 1 ms", "after signing out"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for application in applications {
        let mut worker = Worker::start(application, places.of(application).as_deref())?;
        let at_once: String = worker.ask(Order::LostUpdates { late: false })?;
        let late: String = worker.ask(Order::LostUpdates { late: true })?;
        let back: bool = worker.ask(Order::Resurrection)?;
        eprintln!("tried {} on {}", application.label, application.store.name());
        rows.push(vec![
            application.label.to_owned(),
            application.store.name().to_owned(),
            at_once,
            late,
            if back { "signed in again" } else { "signed out" }.to_owned(),
        ]);
    }
    let mut report = Report::default();
    report.say(
        "Increments of one session's counter that are lost, of 1,000, with 50 requests under way at \
         any time, by handlers that read and write at once and by handlers that wait in between; and \
         what the session is after its visitor signed out while a slow request was under way:",
    );
    report.table(&rows);
    Ok(report)
}
