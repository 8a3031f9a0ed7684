//! The `Drop` of a value may use the session.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use session_runtime::patch::{FieldOp, Patch};
use session_runtime::store::Store;
use session_runtime::{Session, SessionHandle, SessionSchema, StoreKey};

use crate::site::{Site, Visit, keep};

#[derive(SessionSchema)]
struct Desk {
    #[session(counter)]
    counter: u64,
    name: Option<String>,
    paper: Paper,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Paper {
    lines: u32,
    #[serde(skip)]
    _reader: Reader,
}

/// Reads its session when it is dropped.
#[derive(Clone, Default)]
struct Reader(Option<Arc<Mutex<Option<Session<Desk>>>>>);

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(Ok(session)) = self.0.as_ref().map(|session| session.try_lock()) else { return };
        session.as_ref().map(|session| session.counter());
    }
}

/// Another request has changed or deleted the session, so the views follow the store.
#[test]
fn values_that_look_at_the_session_when_they_go_do_not_wait_for_ever() {
    for ends in [false, true] {
        in_time(follow_the_store(ends));
    }
}

async fn follow_the_store(ends: bool) {
    let site = Site::new();
    let mut cookie = None;
    let first = site.begin(&cookie);
    first.session::<Desk>().await.unwrap().add_counter(1);
    keep(&mut cookie, &first.finish(StatusCode::OK).await);
    let handle = site.begin(&cookie);
    let session = handle.session::<Desk>().await.unwrap();
    let key: StoreKey = session.id().unwrap().parse().unwrap();
    let reader = Reader(Some(Arc::new(Mutex::new(Some(session.clone())))));
    session.set_paper(Paper { lines: 1, _reader: reader });
    session.update_name(|name| *name = Some("Ann".into()));
    let text = FieldOp::Set("\"Bob\"".into());
    let patch = Patch { fields: vec![("name".into(), text)], ..Patch::empty() };
    match ends {
        true => site.store.inner.delete(&key).await.unwrap(),
        false => drop(site.store.inner.update(&key, &patch).await.unwrap()),
    }
    assert_eq!(session.commit().await.is_err(), ends);
    assert_eq!(session.name().as_deref(), (!ends).then_some("Ann"));
}

/// When it is first deserialized, the same schema is extracted once more from the same request.
#[derive(Clone, Default, Serialize)]
struct Sheet(u32);

#[derive(SessionSchema)]
struct Shelf {
    sheet: Sheet,
}

thread_local! {
    static HANDLE: RefCell<Option<SessionHandle>> = const { RefCell::new(None) };
    static SESSION: RefCell<Option<Session<Visit>>> = const { RefCell::new(None) };
}

impl<'de> Deserialize<'de> for Sheet {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let sheet = u32::deserialize(from).map(Self);
        if let Some(handle) = HANDLE.take() {
            handle.session::<Shelf>().now_or_never().unwrap().unwrap();
        }
        sheet
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        let session = SESSION.with_borrow(Clone::clone);
        session.map(|session| session.counter());
    }
}

#[test]
fn a_value_that_was_read_twice_may_look_at_the_session_when_it_goes() {
    in_time(async {
        let site = Site::new();
        let mut cookie = None;
        let first = site.begin(&cookie);
        first.session::<Shelf>().await.unwrap().set_sheet(Sheet(1));
        keep(&mut cookie, &first.finish(StatusCode::OK).await);
        let handle = site.begin(&cookie);
        SESSION.set(Some(handle.session::<Visit>().await.unwrap()));
        HANDLE.set(Some(handle.clone()));
        assert_eq!(handle.session::<Shelf>().await.unwrap().sheet().0, 1);
        assert!(HANDLE.take().is_none(), "it was not read twice");
        SESSION.set(None);
    });
}

/// Runs it in a thread, because a task that waits for a lock would wait forever.
fn in_time(test: impl Future<Output = ()> + Send + 'static) {
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(test);
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(10)).expect("a request that ends");
}
