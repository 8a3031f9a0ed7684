//! Whether concurrent requests of one session are handled correctly, in one process and in two.

use bench_worker::app::{USER, path};
use bench_worker::order::Order;

use crate::applications::{Application, Store};
use crate::places::Places;
use crate::report::Report;
use crate::worker::{self, Worker};
use crate::{Applications, Error};

const INCREMENTS: u32 = 1_000;
const AT_ONCE: u32 = 50;

/// Tries every application on every store.
pub(crate) fn run(taking_part: &Applications) -> Result<Report, Error> {
    let applications = taking_part.of(|application| application.store != Store::None);
    worker::build(&applications)?;
    let mut places = Places::new()?;
    let heading = ["", "store", "lost at once", "lost with a wait of 1 ms", "after signing out"];
    let heading = heading.map(str::to_owned).to_vec();
    let (mut alone, mut in_twos) = (vec![heading.clone()], vec![heading]);
    for application in applications {
        alone.push(row(application, &mut nodes(application, &mut places, 1)?)?);
        // Memory and cookies have no second node.
        if application.store != Store::Memory {
            in_twos.push(row(application, &mut nodes(application, &mut places, 2)?)?);
        }
        eprintln!("tried {} on {}", application.label, application.store.name());
    }
    let mut report = Report::default();
    report.say(
        "Increments of one session's counter that are lost, of 1,000, with 50 requests under way at \
         any time, by handlers that read and write at once and by handlers that wait in between; and \
         what the session is after its visitor signed out while a slow request was under way:",
    );
    report.table(&alone);
    report.say(
        "The same with two processes of the application on one store, each with half of the \
         increments and 25 requests under way, and the count read through both. The slow request is \
         under way in one, the visitor signs out through the other:",
    );
    report.table(&in_twos);
    Ok(report)
}

/// Starts `count` processes of one application on one store.
fn nodes(app: &Application, places: &mut Places, count: usize) -> Result<Vec<Worker>, Error> {
    let place = places.of(app);
    let mut nodes = Vec::new();
    for _ in 0..count {
        let mut node = Worker::start(app, place.as_deref())?;
        // The first process creates the tables.
        node.ask::<String>(Order::Arrive { path: path::READ })?;
        nodes.push(node);
    }
    Ok(nodes)
}

fn row(application: &Application, nodes: &mut [Worker]) -> Result<Vec<String>, Error> {
    Ok(vec![
        application.label.to_owned(),
        application.store.name().to_owned(),
        lost_updates(nodes, false)?,
        lost_updates(nodes, true)?,
        signed_out(nodes)?.to_owned(),
    ])
}

/// How many of 1,000 increments of one session's counter are lost, and how many failed.
fn lost_updates(nodes: &mut [Worker], late: bool) -> Result<String, Error> {
    let mut cookie: String = nodes[0].ask(Order::Arrive { path: path::COUNT })?;
    let each = u32::try_from(nodes.len())?;
    for node in &mut *nodes {
        let (at_once, requests) = (AT_ONCE / each, INCREMENTS / each);
        node.tell(Order::Increment { late, at_once, requests, cookie: cookie.clone() })?;
    }
    let mut failed = 0;
    for node in &mut *nodes {
        let answer: String = node.hear()?;
        let (more, newer) = answer.split_once(' ').ok_or("increments without a cookie")?;
        failed += more.parse::<i64>()?;
        newer.clone_into(&mut cookie);
    }
    let mut lost = Vec::new();
    for node in nodes {
        let visit = Order::Visit { path: path::READ, cookie: cookie.clone() };
        // The first request has incremented the counter too.
        lost.push((i64::from(INCREMENTS) + 1 - failed - node.ask::<i64>(visit)?).to_string());
    }
    // Nodes that keep their own sessions may read different counts.
    lost.dedup();
    let lost = lost.join(" or ");
    Ok(if failed == 0 { lost } else { format!("{lost}, and {failed} failed") })
}

/// Whether a visitor is still signed out if they signed out during a slow request.
fn signed_out(nodes: &mut [Worker]) -> Result<&'static str, Error> {
    let last = nodes.len() - 1;
    let cookie: String = nodes[0].ask(Order::Arrive { path: path::SIGN_IN })?;
    if signed_in(nodes, &cookie)?.contains(&false) {
        return Err("nobody is signed in after `/sign-in`".into());
    }
    nodes[last].ask::<String>(Order::Begin { path: path::COUNT_SLOWLY, cookie: cookie.clone() })?;
    nodes[0].ask::<String>(Order::Visit { path: path::SIGN_OUT, cookie: cookie.clone() })?;
    if !nodes[last].ask(Order::End)? {
        return Err("the slow request ended before the visitor was signed out".into());
    }
    let is_back = signed_in(nodes, &cookie)?.contains(&true);
    Ok(if is_back { "signed in again" } else { "signed out" })
}

/// Whether each node answers the cookie as the signed-in user.
fn signed_in(nodes: &mut [Worker], cookie: &str) -> Result<Vec<bool>, Error> {
    let visit = || Order::Visit { path: path::USER, cookie: cookie.to_owned() };
    nodes.iter_mut().map(|node| Ok(node.ask::<u64>(visit())? == USER)).collect()
}
