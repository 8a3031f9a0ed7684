//! Requests per second of many visitors at once.

use bench_worker::case::Case;
use bench_worker::order::Order;

use crate::applications::{Application, Store};
use crate::places::Places;
use crate::plot::Plot;
use crate::report::{Report, grouped, median, times};
use crate::worker::{self, Worker};
use crate::{Applications, Error};

/// As many tasks as sessions, so that no session is written twice at a time.
const VISITORS: u32 = 64;
const ROUNDS: usize = 7;

/// Reads and writes on Redis and on SQLite, whose writes are on disk when they are answered.
pub(crate) fn run(taking_part: &Applications) -> Result<Report, Error> {
    let mut report = Report::default();
    report.say(&format!(
        "Requests per second at concurrency {VISITORS} over {VISITORS} sessions, one thread for the \
         application, medians of {ROUNDS} rounds in turn:"
    ));
    for (store, write_requests) in [(Store::Redis, 20_480), (Store::Sqlite, 1_280)] {
        let applications = taking_part.on(store);
        worker::build(&applications)?;
        let reads = measure(&applications, Case::Read, 20_480)?;
        let writes = measure(&applications, Case::Count, write_requests)?;
        report.table(&table(store, &applications, &reads, &writes));
        let labels: Vec<_> = applications.iter().map(|application| application.label).collect();
        let title = format!("Requests per second on {}, {VISITORS} at once", store.name());
        let mut plot = Plot::new(&title, &labels);
        plot.group("read", &reads);
        plot.group("read and written", &writes);
        report.plot(&format!("throughput-{}", store.name().to_lowercase()), plot);
    }
    Ok(report)
}

/// The medians of requests per second.
fn measure(applications: &[&Application], case: Case, requests: u32) -> Result<Vec<f64>, Error> {
    let mut places = Places::new()?;
    let mut workers = Vec::new();
    for application in applications {
        let place = places.of(application);
        workers.push(Some(Worker::start(application, place.as_deref())?));
    }
    let mut seen = vec![Vec::new(); workers.len()];
    for round in 0..=ROUNDS {
        for (slot, seen) in workers.iter_mut().zip(&mut seen) {
            let Some(worker) = slot else { continue };
            match worker.ask::<f64>(Order::Run { case, visitors: VISITORS, requests }) {
                // The first round connects and fills caches.
                Ok(_) if round == 0 => {}
                Ok(nanos) => seen.push(f64::from(requests) / nanos * 1e9),
                Err(error) => {
                    // A request was not answered with 200: the application gets no figure, and is
                    // not measured again.
                    eprintln!("{error}");
                    seen.clear();
                    *slot = None;
                }
            }
        }
    }
    Ok(seen.iter().map(|seen| median(seen)).collect())
}

fn table(
    store: Store,
    applications: &[&Application],
    reads: &[f64],
    writes: &[f64],
) -> Vec<Vec<String>> {
    let heading = [store.name(), "reads", "ours are", "writes", "ours are"].map(str::to_owned);
    let rows =
        applications.iter().zip(reads.iter().zip(writes)).map(|(application, (read, write))| {
            vec![
                application.label.to_owned(),
                rate(*read),
                times(reads[0] / read),
                rate(*write),
                times(writes[0] / write),
            ]
        });
    std::iter::once(heading.to_vec()).chain(rows).collect()
}

fn rate(rate: f64) -> String {
    if rate > 0.0 { grouped(rate) } else { "failed".to_owned() }
}
