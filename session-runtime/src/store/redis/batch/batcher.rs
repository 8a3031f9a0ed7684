//! Which requests go to the server alone, and which in one message with others.
//!
//! While no load or update is under way in its lane, an update goes alone. Otherwise, if it changes one
//! field, it waits until the runtime has run what else is ready, and all that came by then goes in one
//! message. Loads that are asked for meanwhile go with it. That spares the server and the application
//! much of the work of a call.

use std::future::poll_fn;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use redis::{ErrorKind, RedisResult, Value};
use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;

use super::Inner;
use super::answer;
use super::call::Change;
use super::link::{CONNECTIONS, place_of};
use super::message::{Load, Message, Update};
use super::wire::{Wire, deadline, expect};
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
    /// `None` if nobody waits for it.
    leaving: Option<Leaving>,
}

/// A task is about to send the message.
struct Leaving {
    since: Instant,
    /// Of the task, and of all who wait for it: what hangs or ends with one runtime is nothing to others.
    runtime: Id,
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
    if next.leaving.is_none() {
        return Err(name);
    }
    let Some(departure) = next.departure() else { return Err(name) };
    let (answer, answered) = oneshot::channel();
    next.message.loads.push(Load { name, answer });
    drop(next);
    departure.begin(inner, place);
    Ok(answered)
}

pub(super) async fn update(
    inner: &Arc<Inner>,
    key: &StoreKey,
    patch: &Patch,
) -> Result<Updated, StoreError> {
    let name = inner.calls.names.session(key);
    let place = place_of(&name);
    let deadline = deadline(inner.link.timeout());
    let name = match update_with_others(inner, place, name, patch) {
        Ok(answered) => {
            if answer_of(answered).await? {
                return Ok(Updated::Applied);
            }
            inner.calls.names.session(key)
        }
        Err(name) => name,
    };
    let _under_way = UnderWay::begin(&inner.lanes.0[place]);
    answer::updated(inner.link.call_until(&inner.calls.update(&name, patch), deadline).await?)
}

/// Answers whether it is done; if not, nothing has changed. Gives the name back if it is to go alone.
fn update_with_others(
    inner: &Arc<Inner>,
    place: usize,
    name: Vec<u8>,
    patch: &Patch,
) -> Result<Answered<bool>, Vec<u8>> {
    let lane = &inner.lanes.0[place];
    if lane.under_way.load(Ordering::Relaxed) == 0 {
        return Err(name);
    }
    let Some(change) = Change::of(patch) else { return Err(name) };
    let mut next = lane.next();
    if next.message.is_full() {
        return Err(name);
    }
    let Some(departure) = next.departure() else { return Err(name) };
    let (answer, answered) = oneshot::channel();
    next.message.updates.push(Update { name, change, answer });
    drop(next);
    departure.begin(inner, place);
    Ok(answered)
}

impl Lane {
    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Next {
    /// How it leaves, for one more to go with it; or nothing, if that is another runtime's.
    fn departure(&mut self) -> Option<Departs> {
        let handle = Handle::try_current().ok()?;
        let (now, runtime) = (Instant::now(), handle.id());
        match &self.leaving {
            Some(leaving) if leaving.runtime != runtime => return None,
            Some(leaving) if now - leaving.since <= LATE => return Some(Departs::Already),
            _ => {}
        }
        self.leaving = Some(Leaving { since: now, runtime });
        Some(Departs::By(handle))
    }
}

enum Departs {
    Already,
    By(Handle),
}

impl Departs {
    /// Not while the lane is locked: a runtime that has ended drops the task at once.
    fn begin(self, inner: &Arc<Inner>, place: usize) {
        if let Self::By(handle) = self {
            let runtime = handle.id();
            let departure = Departure { inner: inner.clone(), place, runtime, has_left: false };
            handle.spawn(departure.leave());
        }
    }
}

async fn answer_of<T>(answered: Answered<T>) -> Result<T, StoreError> {
    // The task that sends it keeps to the timeout.
    let ended = || (ErrorKind::Io, "the task that was to ask the server has ended").into();
    answered.await.unwrap_or_else(|_| Err(ended())).map_err(StoreError::backend)
}

type Answered<T> = oneshot::Receiver<RedisResult<T>>;

/// The next message of a lane, before it is sent.
struct Departure {
    inner: Arc<Inner>,
    place: usize,
    runtime: Id,
    has_left: bool,
}

impl Departure {
    async fn leave(mut self) {
        others_first().await;
        let (inner, place) = (self.inner.clone(), self.place);
        let deadline = deadline(inner.link.timeout());
        let connected = inner.link.connect(place, deadline).await;
        let message = self.take();
        let _under_way = UnderWay::begin(&inner.lanes.0[place]);
        match connected {
            Ok(()) => message.send(&inner.calls, &inner.link, place, deadline).await,
            Err(error) => message.fail(&error),
        }
    }

    /// The message, unless another task has sent it.
    fn take(&mut self) -> Message {
        self.has_left = true;
        let mut next = self.inner.lanes.0[self.place].next();
        match &next.leaving {
            Some(leaving) if leaving.runtime == self.runtime => mem::take(&mut *next).message,
            _ => Message::default(),
        }
    }
}

impl Drop for Departure {
    /// A runtime that is shut down drops its tasks, and those who wait with them.
    fn drop(&mut self) {
        if !self.has_left {
            drop(self.take());
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
