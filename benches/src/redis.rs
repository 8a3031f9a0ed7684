//! Round trips and bytes of a request at Redis, counted by the server, and the memory of a session.

use std::collections::HashMap;

use bench_worker::case::Case;
use bench_worker::order::Order;
use redis::{Client, Commands, Connection};

use crate::applications::{Application, Store};
use crate::overhead::ByCase;
use crate::places::Places;
use crate::report::{Report, grouped, hundredths};
use crate::worker::{self, Worker};
use crate::{Applications, Error};

/// Two lengths of run. Only their difference counts.
const SHORT: u32 = 100;
const LONG: u32 = 1_100;

/// The number of sessions from which the memory of one is computed.
const SESSIONS: u32 = 1_000;

/// Counts every case of every application on Redis.
pub(crate) fn run(taking_part: &Applications) -> Result<Report, Error> {
    let applications = taking_part.on(Store::Redis);
    worker::build(&applications)?;
    let mut places = Places::new()?;
    let mut server = Client::open(places.redis())?.get_connection()?;
    let mut trips = vec![heading("request", &applications)];
    let mut bytes = trips.clone();
    let mut counted = Vec::new();
    let mut memory = vec![heading("a session's bytes", &applications)];
    let mut small = vec!["a counter".to_owned()];
    let mut signed_in = vec!["signed in".to_owned()];
    let mut indexed = vec!["signed in, with the index".to_owned()];
    for application in &applications {
        let _: () = redis::cmd("FLUSHALL").query(&mut server)?;
        let mut worker = Worker::start(application, places.of(application).as_deref())?;
        counted.push(requests(&mut worker, &mut server)?);
        let case = Case::NewcomerCounts;
        let order = Order::Run { case, visitors: 1, requests: SESSIONS };
        small.push(grouped(size(&mut worker, &mut server, order)?.of_session));
        let size = size(&mut worker, &mut server, Order::SignIn { visitors: SESSIONS })?;
        signed_in.push(grouped(size.of_session));
        indexed.push(grouped(size.of_session + size.of_index));
        eprintln!("counted {}", application.label);
    }
    memory.extend([small, signed_in, indexed]);
    for (index, case) in Case::ALL.into_iter().enumerate() {
        let title = || vec![case.title().to_owned()];
        let round_trips = counted.iter().map(|counted| hundredths(counted[index].trips));
        trips.push(title().into_iter().chain(round_trips).collect());
        let in_and_out = counted.iter().map(|counted| {
            format!("{} + {}", grouped(counted[index].received), grouped(counted[index].sent))
        });
        bytes.push(title().into_iter().chain(in_and_out).collect());
    }

    let mut report = Report::default();
    let version = info(&mut server, "server")?.remove("redis_version").unwrap_or_default();
    report.say(&format!(
        "Round trips of a request to Redis {version}, as the server counts what it reads \
         (`total_reads_processed`):"
    ));
    report.table(&trips);
    report.say("Bytes of a request that the server receives and sends:");
    report.table(&bytes);
    report.say(
        "Bytes of the server's memory for a session (`MEMORY USAGE` of all keys, divided), with a \
         counter alone, with a user's number, name, theme and a counter, and with the index by which \
         all sessions of a user are found, where there is one:",
    );
    report.table(&memory);
    Ok(report)
}

/// The cost of a request, as the server counts it.
#[derive(Clone, Copy, Default)]
struct Traffic {
    trips: f64,
    received: f64,
    sent: f64,
}

fn requests(worker: &mut Worker, server: &mut Connection) -> Result<ByCase<Traffic>, Error> {
    let mut by_case = ByCase::default();
    for (slot, case) in by_case.iter_mut().zip(Case::ALL) {
        let mut run = |requests| -> Result<Traffic, Error> {
            let before = traffic(server)?;
            worker.ask::<f64>(Order::Run { case, visitors: 1, requests })?;
            let after = traffic(server)?;
            Ok(after.minus(before))
        };
        // The first requests connect and load scripts.
        run(SHORT)?;
        let (short, long) = (run(SHORT)?, run(LONG)?);
        *slot = long.minus(short).divided(f64::from(LONG - SHORT));
    }
    Ok(by_case)
}

fn traffic(server: &mut Connection) -> Result<Traffic, Error> {
    let stats = info(server, "stats")?;
    let stat = |name: &str| -> Result<f64, Error> {
        let value = stats.get(name).ok_or_else(|| format!("Redis does not tell `{name}`"))?;
        Ok(value.parse()?)
    };
    Ok(Traffic {
        trips: stat("total_reads_processed")?,
        received: stat("total_net_input_bytes")?,
        sent: stat("total_net_output_bytes")?,
    })
}

impl Traffic {
    fn minus(self, other: Self) -> Self {
        Self {
            trips: self.trips - other.trips,
            received: self.received - other.received,
            sent: self.sent - other.sent,
        }
    }

    fn divided(self, by: f64) -> Self {
        Self { trips: self.trips / by, received: self.received / by, sent: self.sent / by }
    }
}

/// Bytes of the server's memory.
struct Size {
    of_session: f64,
    /// The bytes in the index of a user's sessions, if the application has one.
    of_index: f64,
}

/// The memory of one session, measured on the sessions that an order creates.
fn size(worker: &mut Worker, server: &mut Connection, order: Order) -> Result<Size, Error> {
    let _: () = redis::cmd("FLUSHALL").query(server)?;
    worker.ask::<f64>(order)?;
    let keys: Vec<Vec<u8>> = server.keys("*")?;
    let (mut sessions, mut index) = (0.0, 0.0);
    for key in keys {
        let all = ["SAMPLES", "0"];
        let bytes: u32 = redis::cmd("MEMORY").arg("USAGE").arg(&key).arg(&all).query(server)?;
        let kind: String = redis::cmd("TYPE").arg(&key).query(server)?;
        // A session is never a sorted set.
        *(if kind == "zset" { &mut index } else { &mut sessions }) += f64::from(bytes);
    }
    let each = f64::from(SESSIONS);
    Ok(Size { of_session: sessions / each, of_index: index / each })
}

fn info(server: &mut Connection, section: &str) -> Result<HashMap<String, String>, Error> {
    let text: String = redis::cmd("INFO").arg(section).query(server)?;
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    Ok(lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn heading(first: &str, applications: &[&Application]) -> Vec<String> {
    let labels = applications.iter().map(|application| application.label.to_owned());
    std::iter::once(first.to_owned()).chain(labels).collect()
}
