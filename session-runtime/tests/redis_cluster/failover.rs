//! Primaries that die or hang during traffic, until a replica takes over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::cmd;
use session_runtime::StoreKey;
use session_runtime::patch::Patch;
use session_runtime::record::Principal;
use session_runtime::store::{Loaded, RedisClusterStore, Store, Updated};
use test_servers::{Server, kill_node};

use crate::site::{
    add, ask, cluster, create, key, nodes, port, primary_of, record, record_of, wait_until,
};

const TIMEOUT: Duration = Duration::from_millis(500);

/// What a busy machine may add.
const GRACE: Duration = Duration::from_millis(1_500);

/// Lets servers answer while another one is away.
const PARTIAL: &[&str] = &["--cluster-require-full-coverage", "no"];

fn store(cluster: &Server) -> RedisClusterStore {
    RedisClusterStore::builder(cluster.url()).command_timeout(TIMEOUT).build().unwrap()
}

/// A session that is counted, and what became of it.
struct Counted {
    key: StoreKey,
    primary: u16,
    saved: AtomicU64,
    unknown: AtomicU64,
}

/// Counts on sessions of all servers, until it is told to stop.
struct Traffic {
    sessions: Vec<Arc<Counted>>,
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<Duration>>,
}

impl Traffic {
    async fn start(store: &RedisClusterStore, cluster: &Server) -> Self {
        let (mut sessions, mut tasks) = (Vec::new(), Vec::new());
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..12 {
            let key = create(store, &record([("n", "0")])).await;
            let primary = primary_of(&nodes(cluster.url())[0], &format!("session:{key}"));
            let (saved, unknown) = (AtomicU64::new(0), AtomicU64::new(0));
            let counted = Arc::new(Counted { key, primary, saved, unknown });
            let (store, stop, session) = (store.clone(), stop.clone(), counted.clone());
            tasks.push(tokio::spawn(async move {
                let mut longest = Duration::ZERO;
                while !stop.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    match store.update(&session.key, &add(1)).await {
                        Ok(Updated::Applied) => session.saved.fetch_add(1, Ordering::Relaxed),
                        // What it was created with has not reached the replica.
                        Ok(other) => panic!("{other:?}"),
                        Err(_) => session.unknown.fetch_add(1, Ordering::Relaxed),
                    };
                    let took = began.elapsed();
                    assert!(took < TIMEOUT + GRACE, "{took:?}");
                    longest = longest.max(took);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                longest
            }));
            sessions.push(counted);
        }
        Self { sessions, stop, tasks }
    }

    /// Waits until each session has been saved some more times.
    async fn goes_on(&self) {
        let before: Vec<_> =
            self.sessions.iter().map(|it| it.saved.load(Ordering::Relaxed)).collect();
        wait_until("all sessions are saved again", async || {
            let now = self.sessions.iter().map(|it| it.saved.load(Ordering::Relaxed));
            now.zip(&before).all(|(now, before)| now > before + 5)
        })
        .await;
    }

    /// Nothing is counted twice, and nothing is lost on servers that did not die.
    async fn stop(self, store: &RedisClusterStore, died: u16) {
        self.stop.store(true, Ordering::Relaxed);
        let (mut others, mut its) = (Duration::ZERO, Duration::ZERO);
        let (mut lost, mut failed) = (0, 0);
        for (session, task) in self.sessions.iter().zip(self.tasks) {
            let longest = task.await.unwrap();
            let of = if session.primary == died { &mut its } else { &mut others };
            *of = longest.max(*of);
            let Loaded::Live(record) = store.load(&session.key).await.unwrap() else { panic!() };
            let kept: u64 = record.fields.get("n").unwrap().parse().unwrap();
            let saved = session.saved.load(Ordering::Relaxed);
            let unknown = session.unknown.load(Ordering::Relaxed);
            assert!(kept <= saved + unknown, "{kept} <= {saved} + {unknown}");
            if session.primary == died {
                lost += saved.saturating_sub(kept);
                assert!(unknown > 0, "its primary was away");
            } else {
                assert!(kept >= saved, "{kept} >= {saved}");
                failed += unknown;
            }
        }
        println!(
            "acknowledged and lost: {lost}; longest operation: {its:?}, on the other servers \
             {others:?}, where {failed} failed"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_is_killed() {
    let Some(cluster) = cluster(PARTIAL) else { return };
    let store = store(&cluster);
    let traffic = Traffic::start(&store, &cluster).await;
    traffic.goes_on().await;
    let died = traffic.sessions[0].primary;
    let began = Instant::now();
    kill_node(died);
    traffic.goes_on().await;
    println!("all sessions are served again after {:?}", began.elapsed());
    traffic.stop(&store, died).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_hangs() {
    let Some(cluster) = cluster(PARTIAL) else { return };
    let store = store(&cluster);
    let traffic = Traffic::start(&store, &cluster).await;
    traffic.goes_on().await;
    let hung = traffic.sessions[0].primary;
    let process = Process::of(hung);
    let began = Instant::now();
    process.signal("-STOP");
    traffic.goes_on().await;
    println!("all sessions are served again after {:?}", began.elapsed());
    // It comes back as a replica, which is not asked.
    process.signal("-CONT");
    traffic.goes_on().await;
    traffic.stop(&store, hung).await;
}

/// The number of a process, for when it does not answer any more.
struct Process(String);

impl Process {
    fn of(port: u16) -> Self {
        let info: String = ask(&format!("redis://127.0.0.1:{port}"), cmd("INFO").arg("server"));
        let process = info.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap();
        Self(process.trim().to_owned())
    }

    fn signal(&self, signal: &str) {
        let sent = std::process::Command::new("kill").args([signal, &*self.0]).status().unwrap();
        assert!(sent.success());
    }
}

/// The replica of a primary.
fn replica_of(primary: u16) -> u16 {
    let role: (String, u64, Vec<(String, u16, u64)>) =
        ask(&format!("redis://127.0.0.1:{primary}"), &cmd("ROLE"));
    role.2[0].1
}

/// Kills a primary whose replica has not heard of the last writes, and waits until it takes over.
async fn fail_over(cluster: &Server, primary: u16, replica: &Process) {
    kill_node(primary);
    replica.signal("-CONT");
    let witness = nodes(cluster.url()).into_iter().find(|node| port(node) != primary).unwrap();
    wait_until("the replica takes over", async || {
        let nodes: String = ask(&witness, cmd("CLUSTER").arg("NODES"));
        let line = nodes.lines().find(|line| line.contains(&format!(":{primary}@"))).unwrap();
        // Behind eight words there are its slots.
        line.split(' ').nth(8).is_none()
    })
    .await;
}

/// What `wait_replicas` is for: without it, a session that was ended can be back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_sessions_is_not_taken_back() {
    let Some(cluster) = cluster(&[]) else { return };
    let wait = Duration::from_millis(300);
    let plain = store(&cluster);
    let durable = RedisClusterStore::builder(cluster.url())
        .command_timeout(TIMEOUT)
        .wait_replicas(1, wait)
        .build()
        .unwrap();
    let who = Principal::new("user_id", "7");
    // With the replica it is acknowledged.
    let (first, second) = (create(&durable, &record_of(&who)).await, key());
    assert_eq!(durable.rename(&first, &second, &Patch::empty()).await.unwrap(), Updated::Applied);
    assert_eq!(durable.delete_all(&who, None).await.unwrap(), 1);
    let kept_ended = create(&durable, &record([])).await;
    durable.delete(&kept_ended).await.unwrap();

    let witness = nodes(cluster.url())[0].clone();
    let one = create(&plain, &record([])).await;
    let primary = primary_of(&witness, &format!("session:{one}"));
    let two = loop {
        let other = create(&plain, &record([])).await;
        if primary_of(&witness, &format!("session:{other}")) == primary {
            break other;
        }
    };
    // The replica has both sessions, and hears of nothing more.
    let mut probe = redis::Client::open(format!("redis://127.0.0.1:{primary}"))
        .unwrap()
        .get_connection()
        .unwrap();
    let caught_up: (String, u64, Vec<(String, u16, u64)>) = cmd("ROLE").query(&mut probe).unwrap();
    let replica = Process::of(replica_of(primary));
    wait_until("the replica has caught up", async || {
        let role: (String, u64, Vec<(String, u16, u64)>) = cmd("ROLE").query(&mut probe).unwrap();
        role.2[0].2 >= caught_up.1
    })
    .await;
    replica.signal("-STOP");
    // Nor finds what it has not read yet when it goes on.
    cmd("CLIENT").arg("KILL").arg("TYPE").arg("replica").query::<()>(&mut probe).unwrap();
    plain.delete(&one).await.unwrap();
    let error = durable.delete(&two).await.unwrap_err();
    assert!(format!("{error:?}").contains("0 of 1 replicas"), "{error:?}");
    fail_over(&cluster, primary, &replica).await;
    let is_live = async |key: &StoreKey| match plain.load(key).await {
        Ok(loaded) => matches!(loaded, Loaded::Live(_)),
        Err(_) => false,
    };
    wait_until("the session that was ended is back", async || is_live(&one).await).await;
    // This one too, but nobody was told that it had been ended.
    assert!(is_live(&two).await);
    assert!(!is_live(&kept_ended).await);
}
