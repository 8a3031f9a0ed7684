//! Requests of one visitor in every interleaving: nothing is lost.

use std::collections::{BTreeMap, HashMap};

use http::StatusCode;
use proptest::prelude::*;
use session_runtime::{Session, SessionHandle, SessionSchema};

use crate::site::{Site, keep};

#[derive(SessionSchema)]
struct Shop {
    #[session(counter, default = 3)]
    counter: i64,
    items: Vec<u32>,
    #[session(flash)]
    messages: Vec<u32>,
    tags: BTreeMap<String, u32>,
}

/// What a request does next.
#[derive(Clone, Debug)]
enum Step {
    /// Begins, if it has not.
    Load,
    Add(i8),
    Push,
    Remove,
    Flash,
    Take,
    /// Sets a tag of the request's own.
    Tag,
    Commit,
    Finish,
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        3 => Just(Step::Load),
        3 => any::<i8>().prop_map(Step::Add),
        3 => Just(Step::Push),
        1 => Just(Step::Remove),
        2 => Just(Step::Flash),
        2 => Just(Step::Take),
        2 => Just(Step::Tag),
        2 => Just(Step::Commit),
        2 => Just(Step::Finish),
    ];
    prop::collection::vec((0..4_usize, step), 1..60)
}

/// What must be stored in the end.
#[derive(Default)]
struct Expected {
    sum: i64,
    pushed: Vec<u32>,
    removed: Vec<u32>,
    flashed: Vec<u32>,
    taken: Vec<u32>,
    tags: u32,
}

struct Request {
    handle: SessionHandle,
    session: Session<Shop>,
}

async fn run(steps: Vec<(usize, Step)>) {
    let site = Site::new();
    let mut cookie = None;
    let first = site.begin(&cookie);
    first.session::<Shop>().await.unwrap().set_tags(BTreeMap::new());
    keep(&mut cookie, &first.finish(StatusCode::OK).await);

    let mut requests: [Option<Request>; 4] = Default::default();
    let mut expected = Expected::default();
    // Every value is used once, so that each can be followed.
    let mut fresh = 0..;
    let finish_all = (0..4).map(|request| (request, Step::Finish));
    for (at, step) in steps.into_iter().chain(finish_all) {
        if matches!(step, Step::Finish) {
            if let Some(request) = requests[at].take() {
                let finished = request.handle.finish(StatusCode::OK).await;
                assert!(finished.error.is_none(), "{finished:?}");
            }
            continue;
        }
        if requests[at].is_none() {
            let handle = site.begin(&cookie);
            let session = handle.session::<Shop>().await.unwrap();
            requests[at] = Some(Request { handle, session });
        }
        let session = &requests[at].as_ref().unwrap().session;
        let value = fresh.next().unwrap();
        match step {
            Step::Load | Step::Finish => {}
            Step::Add(n) => {
                session.add_counter(n.into());
                expected.sum += i64::from(n);
            }
            Step::Push => {
                assert!(session.update_items(move |items| items.push(value)).contains(&value));
                expected.pushed.push(value);
            }
            Step::Remove => {
                // The first item that the request sees, wherever it is in the list by then.
                if let Some(&first) = session.items().first() {
                    session.update_items(move |items| items.retain(|item| *item != first));
                    expected.removed.push(first);
                }
            }
            Step::Flash => {
                session.flash_messages(value);
                expected.flashed.push(value);
            }
            Step::Take => expected.taken.extend(session.take_messages()),
            Step::Tag => {
                session.update_tags(move |tags| *tags.entry(at.to_string()).or_default() += 1);
                expected.tags += 1;
            }
            Step::Commit => session.commit().await.unwrap(),
        }
    }

    let last = site.begin(&cookie);
    let session = last.session::<Shop>().await.unwrap();
    assert_eq!(session.counter(), 3 + expected.sum);
    let mut items = session.items();
    items.sort_unstable();
    expected.pushed.retain(|item| !expected.removed.contains(item));
    assert_eq!(items, expected.pushed);
    let left = session.take_messages();
    for message in &expected.flashed {
        let read = left.contains(message) || expected.taken.contains(message);
        assert!(read, "message {message} was lost");
    }
    assert!(left.iter().all(|message| !expected.taken.contains(message)), "read twice");
    assert_eq!(session.tags().values().sum::<u32>(), expected.tags);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn nothing_is_lost(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(run(steps));
    }
}

#[derive(SessionSchema)]
struct Unordered {
    #[session(flash)]
    all: Vec<HashMap<u32, u32>>,
    #[session(flash)]
    last: Option<HashMap<u32, u32>>,
}

#[tokio::test]
async fn messages_that_are_written_in_any_order_are_read_once() {
    let (site, mut cookie) = (Site::new(), None);
    let message = |from: u32| (from..from + 9).map(|key| (key, key)).collect::<HashMap<_, _>>();
    let first = site.begin(&cookie);
    let session = first.session::<Unordered>().await.unwrap();
    session.flash_all(message(0));
    session.flash_last(message(0));
    keep(&mut cookie, &first.finish(StatusCode::OK).await);

    let one = site.begin(&cookie).session::<Unordered>().await.unwrap();
    assert_eq!((one.take_all(), one.take_last()), (vec![message(0)], Some(message(0))));
    let two = site.begin(&cookie).session::<Unordered>().await.unwrap();
    two.flash_all(message(1));
    two.commit().await.unwrap();
    one.commit().await.unwrap();
    let three = site.begin(&cookie).session::<Unordered>().await.unwrap();
    assert_eq!((three.take_all(), three.take_last()), (vec![message(1)], None));
}
