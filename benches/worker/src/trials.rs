//! Requests of one session at the same time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::task::{self, JoinHandle};

use crate::Error;
use crate::app::{A_WHILE, App, path};
use crate::serve::cookie_of;

/// Increments one session's counter; says how many requests failed, and the cookie after them.
pub(crate) async fn increment<A: App>(
    app: &Rc<A>,
    late: bool,
    at_once: u32,
    requests: u32,
    cookie: String,
) -> Result<String, Error> {
    let path = if late { path::COUNT_LATE } else { path::COUNT };
    // One browser sends all requests, so a newer cookie replaces the older one.
    let jar = Rc::new(RefCell::new(cookie));
    let (left, failed) = (Rc::new(Cell::new(requests)), Rc::new(Cell::new(0)));
    let clients = (0..at_once).map(|_| {
        let (app, jar) = (app.clone(), jar.clone());
        let (left, failed) = (left.clone(), failed.clone());
        task::spawn_local(async move {
            while let Some(rest) = left.get().checked_sub(1) {
                left.set(rest);
                let cookie = A::cookie(&jar.borrow());
                let response = app.call(path, Some(cookie)).await;
                if A::status(&response) != 200 {
                    failed.set(failed.get() + 1);
                }
                if let Some(newer) = cookie_of::<A>(&response) {
                    jar.replace(newer);
                }
                task::yield_now().await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await?;
    }
    Ok(format!("{} {}", failed.get(), jar.take()))
}

/// A request that was started and still runs.
pub(crate) struct UnderWay(JoinHandle<()>);

impl UnderWay {
    /// Starts a request, and waits until it has read its session.
    pub(crate) async fn begin<A: App>(app: &Rc<A>, path: &'static str, cookie: &str) -> Self {
        let (app, cookie) = (app.clone(), A::cookie(cookie));
        let request = task::spawn_local(async move {
            // The response does not matter: 409 is correct too.
            drop(app.call(path, Some(cookie)).await);
        });
        tokio::time::sleep(A_WHILE / 4).await;
        Self(request)
    }

    /// Waits for its end. Returns whether it was still running.
    pub(crate) async fn end(self) -> Result<bool, Error> {
        let was_under_way = !self.0.is_finished();
        self.0.await?;
        Ok(was_under_way)
    }
}
