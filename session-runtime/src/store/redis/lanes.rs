//! Which requests go to the server alone, and which in one message with others.
//!
//! While nothing else is under way in its lane, an update goes alone. Otherwise, if it changes one field, it
//! waits until the runtime has run what else is ready, and all that came by then goes in one message. Loads
//! that are asked for meanwhile go with it. That spares the server and the application
//! much of the work of a call.

use std::future::poll_fn;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use redis::{RedisResult, Value};
use tokio::sync::oneshot;

use super::Inner;
use super::answer;
use super::call::Change;
use super::link::{CONNECTIONS, place_of};
use super::message::{Load, Message, Update};
use super::wire::{Wire, expect, late};
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::store::{Loaded, StoreError, Updated};

/// One lane for each connection.
#[derive(Default)]
pub(super) struct Lanes([Lane; CONNECTIONS]);

#[derive(Default)]
struct Lane {
    next: Mutex<Next>,
    /// How many of those who went alone, and how many messages, have no answer yet.
    under_way: AtomicUsize,
}

#[derive(Default)]
struct Next {
    message: Message,
    /// Since when a task has been about to send it; `None`: nobody waits for it.
    leaving_since: Option<Instant>,
}

/// A task that has not run for so long may be on a thread that hangs.
const LATE: Duration = Duration::from_millis(100);

pub(super) async fn load(inner: &Arc<Inner>, key: &StoreKey) -> Result<Loaded, StoreError> {
    let name = inner.calls.names.session(key);
    let place = place_of(&name);
    let hash = match load_with_others(inner, place, name) {
        Ok(answered) => expect(answer_of(answered).await?)?,
        Err(name) => {
            let _under_way = UnderWay::begin(&inner.lanes.0[place]);
            inner.link.hash(&name).await?
        }
    };
    answer::loaded(hash)
}

/// Gives the name back if there is no message to go with.
fn load_with_others(
    inner: &Arc<Inner>,
    place: usize,
    name: Vec<u8>,
) -> Result<Answered<Value>, Vec<u8>> {
    let mut next = inner.lanes.0[place].next();
    if next.leaving_since.is_none() {
        return Err(name);
    }
    let (answer, answered) = oneshot::channel();
    next.message.loads.push(Load { name, answer });
    next.see_off(inner, place);
    Ok(answered)
}

pub(super) async fn update(
    inner: &Arc<Inner>,
    key: &StoreKey,
    patch: &Patch,
) -> Result<Updated, StoreError> {
    if let Some(change) = Change::of(patch)
        && update_with_others(inner, key, change).await?
    {
        return Ok(Updated::Applied);
    }
    let call = inner.calls.update(key, patch);
    let _under_way = UnderWay::begin(&inner.lanes.0[place_of(call.key())]);
    answer::updated(inner.link.call(&call, None).await?)
}

/// Whether it is done. If not, nothing has changed.
async fn update_with_others(
    inner: &Arc<Inner>,
    key: &StoreKey,
    change: Change,
) -> Result<bool, StoreError> {
    let name = inner.calls.names.session(key);
    let place = place_of(&name);
    let lane = &inner.lanes.0[place];
    if lane.under_way.load(Ordering::Relaxed) == 0 {
        return Ok(false);
    }
    let answered = {
        let mut next = lane.next();
        if next.message.is_full() {
            return Ok(false);
        }
        let (answer, answered) = oneshot::channel();
        next.message.updates.push(Update { name, change, answer });
        next.see_off(inner, place);
        answered
    };
    answer_of(answered).await
}

impl Lane {
    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Next {
    /// Sees to it that a task sends it.
    fn see_off(&mut self, inner: &Arc<Inner>, place: usize) {
        let now = Instant::now();
        if self.leaving_since.is_none_or(|since| now - since > LATE) {
            self.leaving_since = Some(now);
            let departure = Departure { inner: inner.clone(), place, has_left: false };
            tokio::spawn(departure.leave());
        }
    }
}

async fn answer_of<T>(answered: Answered<T>) -> Result<T, StoreError> {
    // Whoever sends it keeps to the timeout, or is no more.
    answered.await.unwrap_or_else(|_| Err(late())).map_err(StoreError::backend)
}

type Answered<T> = oneshot::Receiver<RedisResult<T>>;

/// The next message of a lane, before it is sent.
struct Departure {
    inner: Arc<Inner>,
    place: usize,
    has_left: bool,
}

impl Departure {
    async fn leave(mut self) {
        others_first().await;
        let lane = &self.inner.lanes.0[self.place];
        let message = mem::take(&mut *lane.next()).message;
        self.has_left = true;
        let _under_way = UnderWay::begin(lane);
        message.send(&self.inner.calls, &self.inner.link, self.place).await;
    }
}

impl Drop for Departure {
    /// A runtime that is shut down drops its tasks.
    fn drop(&mut self) {
        if !self.has_left {
            self.inner.lanes.0[self.place].next().leaving_since = None;
        }
    }
}

/// Lets the runtime run what is ready. Its own `yield_now` would wait for what comes from the network, too.
async fn others_first() {
    let mut is_last = false;
    poll_fn(|context| {
        if mem::replace(&mut is_last, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Counts what is under way in a lane.
struct UnderWay<'a>(&'a Lane);

impl<'a> UnderWay<'a> {
    fn begin(lane: &'a Lane) -> Self {
        lane.under_way.fetch_add(1, Ordering::Relaxed);
        Self(lane)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}
