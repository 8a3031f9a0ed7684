//! The memory store and SQLite with a million sessions, as Markdown: `scale memory`, `scale FILE`.

use std::cell::Cell;
use std::time::{Duration, Instant};

use bench_worker::Error;
use bench_worker::app::{NAME, THEME};
use session_runtime::patch::{FieldOp, Patch};
use session_runtime::record::{Fields, Lifetime, Record};
use session_runtime::store::{Created, Loaded, MemoryStore, SqliteStore, Store, Updated};
use session_runtime::testing::ManualClock;
use session_runtime::{Clock, StoreKey};

const SESSIONS: u64 = 1_000_000;

/// How many requests of each kind are timed.
const SAMPLE: u64 = 100_000;

/// How many expired records one step of a sweep removes.
const STEP: usize = 1_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let place = std::env::args().nth(1).ok_or("say `memory` or a file")?;
    let clock = ManualClock::default();
    println!(
        "| {} | median | 99.9 % | worst | in all |",
        if place == "memory" { "memory" } else { "SQLite" }
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    if place == "memory" {
        let before = resident()?;
        let store = MemoryStore::with_clock(clock.clone());
        fill(&store, &clock).await?;
        let bytes = resident()? - before;
        use_and_sweep(&store, &clock).await?;
        println!("\nResident memory: {} bytes a session.\n", bytes / SESSIONS);
    } else {
        let store = SqliteStore::builder(&place).clock(clock.clone()).open()?;
        fill(&store, &clock).await?;
        let bytes = size(&place)? + size(&format!("{place}-wal"))?;
        use_and_sweep(&store, &clock).await?;
        println!("\nThe file with its log: {} bytes a session.\n", bytes / SESSIONS);
    }
    Ok(())
}

/// A user's number, name, theme and a counter; expires in an hour.
fn record(clock: &ManualClock, number: u64) -> Record {
    let (now, hour) = (clock.now(), Duration::from_secs(60 * 60));
    let texts = [
        ("counter", "1".to_owned()),
        ("name", format!("{NAME:?}")),
        ("theme", format!("{THEME:?}")),
        ("user", number.to_string()),
    ];
    Record {
        fields: Fields::from_iter(texts),
        created_at: now,
        expires_at: now + hour,
        deadline: now + 24 * hour,
        lifetime: Lifetime { idle: hour, persistent: false },
        principal: None,
    }
}

/// Keys that are spread like hashes.
fn key(number: u64) -> StoreKey {
    let spread = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    StoreKey::from_bytes(spread.to_be_bytes())
}

/// 64 at a time, as many requests would.
async fn fill(store: &impl Store, clock: &ManualClock) -> Result<(), Error> {
    let mut times = Times::new("create, 64 at once");
    for first in (0..SESSIONS).step_by(64) {
        let numbers: Vec<_> = (first..SESSIONS.min(first + 64)).collect();
        let records: Vec<_> = numbers.iter().map(|&number| record(clock, number)).collect();
        let start = Instant::now();
        let keys = numbers.iter().map(|&number| key(number)).zip(&records);
        let created = keys.map(async |(key, record)| store.create(&key, record).await);
        for outcome in futures_util::future::join_all(created).await {
            if outcome? != Created::Created {
                return Err("a key is in use".into());
            }
        }
        times.add(start.elapsed());
    }
    times.print();
    Ok(())
}

async fn use_and_sweep(store: &impl Store, clock: &ManualClock) -> Result<(), Error> {
    let stride = SESSIONS / SAMPLE;
    let mut loads = Times::new("load");
    for sample in 0..SAMPLE {
        let key = key(sample * stride);
        let start = Instant::now();
        let loaded = store.load(&key).await?;
        loads.add(start.elapsed());
        if !matches!(loaded, Loaded::Live(_)) {
            return Err("a session is missing".into());
        }
    }
    loads.print();

    let mut updates = Times::new("update");
    let add = FieldOp::Add { delta: 1, min: 0, max: i64::MAX, start: 0 };
    let patch = Patch { fields: vec![("counter".into(), add)], ..Patch::empty() };
    for sample in 0..SAMPLE / 100 {
        let start = Instant::now();
        let updated = store.update(&key(sample * stride), &patch).await?;
        updates.add(start.elapsed());
        if updated != Updated::Applied {
            return Err("a session cannot be updated".into());
        }
    }
    updates.print();

    clock.advance(Duration::from_secs(2 * 60 * 60));
    let visited = key(SESSIONS);
    if store.create(&visited, &record(clock, SESSIONS)).await? != Created::Created {
        return Err("a key is in use".into());
    }
    sweep_during_visits(store, &visited, &patch).await
}

/// Removes all expired sessions while a visitor sends requests.
async fn sweep_during_visits(
    store: &impl Store,
    visited: &StoreKey,
    patch: &Patch,
) -> Result<(), Error> {
    let mut steps = Times::new("sweep step of 1,000");
    let mut loads = Times::new("load while sweeping");
    let mut updates = Times::new("update while sweeping");
    let is_swept = Cell::new(false);
    let sweep = async {
        let mut removed = 0;
        loop {
            let start = Instant::now();
            let ended = store.sweep(STEP).await?;
            steps.add(start.elapsed());
            removed += ended as u64;
            if ended < STEP {
                is_swept.set(true);
                return Ok::<_, Error>(removed);
            }
            tokio::task::yield_now().await;
        }
    };
    let visit = async {
        while !is_swept.get() {
            let start = Instant::now();
            let loaded = store.load(visited).await?;
            loads.add(start.elapsed());
            let start = Instant::now();
            let updated = store.update(visited, patch).await?;
            updates.add(start.elapsed());
            if !matches!(loaded, Loaded::Live(_)) || updated != Updated::Applied {
                return Err("the session of the visitor is lost".into());
            }
            tokio::task::yield_now().await;
        }
        Ok::<_, Error>(())
    };
    let (removed, visited) = tokio::join!(sweep, visit);
    visited?;
    steps.print();
    loads.print();
    updates.print();
    match removed? {
        // Creating the visitor's session has swept too.
        removed if SESSIONS - removed <= 64 => Ok(()),
        removed => Err(format!("the sweep removed {removed} sessions").into()),
    }
}

/// How long a kind of operation took.
struct Times {
    what: &'static str,
    all: Vec<Duration>,
}

impl Times {
    fn new(what: &'static str) -> Self {
        // Reserves space for all of them. Growing the list would take time that counts.
        Self { what, all: Vec::with_capacity(SAMPLE as usize) }
    }

    fn add(&mut self, time: Duration) {
        self.all.push(time);
    }

    fn print(mut self) {
        self.all.sort();
        let at = |share: f64| self.all[((self.all.len() - 1) as f64 * share) as usize];
        let total: Duration = self.all.iter().sum();
        let (median, rare, worst) = (at(0.5), at(0.999), at(1.0));
        println!("| {} | {median:.1?} | {rare:.1?} | {worst:.1?} | {total:.1?} |", self.what);
    }
}

/// What the process holds in memory, in bytes (Linux).
fn resident() -> Result<u64, Error> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kilobytes.ok_or("no VmRSS in /proc/self/status")?.parse::<u64>()? * 1024)
}

fn size(file: &str) -> Result<u64, Error> {
    Ok(std::fs::metadata(file)?.len())
}
