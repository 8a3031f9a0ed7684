//! From the cookies of a request to its session: each cookie is verified, then looked up.

use super::explain::ExplainedCookie;
use super::stored::{LiveSession, Stored};
use crate::crypto::{Refusal, Verified};
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::record::Record;
use crate::telemetry;

/// If more cookies of the name verify, only this many are looked up.
const MAX_LOOKUPS: usize = 3;

/// What a lookup asks of a backend.
pub(super) trait LookUp: Sync {
    /// What a verified cookie says.
    type Opened: Send;

    /// Verifies the value of a cookie.
    fn open(&self, value: &[u8]) -> Result<Verified<Self::Opened>, Refusal>;

    /// Refuses what needs no lookup.
    fn check(&self, opened: Self::Opened) -> Result<Self::Opened, Refused>;

    /// The key of the session, and its record if the cookie holds it.
    fn describe(&self, opened: Self::Opened) -> (StoreKey, Option<Record>);

    /// Asks for the session.
    fn look_up(
        &self,
        opened: Self::Opened,
    ) -> impl Future<Output = Result<Result<LiveSession, Refused>, StoreError>> + Send;
}

/// A cookie that verifies and leads to no live session.
pub(super) struct Refused {
    pub(super) key: StoreKey,
    pub(super) record: Option<Record>,
    pub(super) refusal: Refusal,
}

/// The first live session that `values` lead to.
// Not an `async fn`, whose future would hold its arguments twice.
pub(super) fn find<'a, B: LookUp>(
    backend: &B,
    values: impl Iterator<Item = Result<&'a [u8], Refusal>> + Send,
) -> impl Future<Output = Result<Stored, StoreError>> + Send {
    let mut candidates = Candidates::new(backend, values);
    async move {
        while let Some(opened) = candidates.next_opened() {
            match candidates.backend.look_up(opened).await? {
                Ok(live) => return Ok(Stored::Live(live)),
                Err(refused) => candidates.refuse(refused.refusal),
            }
        }
        Ok(if candidates.is_gone { Stored::Gone } else { Stored::Nothing })
    }
}

/// Where each of `values` leads.
pub(super) async fn explain<'a, B: LookUp>(
    backend: &B,
    values: impl Iterator<Item = Result<&'a [u8], Refusal>> + Send,
) -> Result<Vec<ExplainedCookie>, StoreError> {
    let mut cookies = Vec::new();
    for candidate in Candidates::new(backend, values) {
        cookies.push(match candidate {
            Candidate::NotOurs(refusal) => ExplainedCookie::not_ours(refusal),
            Candidate::Ours { position, opened } => {
                let found = match opened {
                    Ok(opened) => backend.look_up(opened).await?,
                    Err(refused) => Err(refused),
                };
                match found {
                    Ok(LiveSession { id, record }) => {
                        ExplainedCookie::ours(position, id.key, Some(&record), None)
                    }
                    Err(Refused { key, record, refusal }) => {
                        ExplainedCookie::ours(position, key, record.as_ref(), Some(refusal))
                    }
                }
            }
        });
    }
    Ok(cookies)
}

/// The cookies of one request. Each is verified when it is asked for.
struct Candidates<'b, B, I> {
    backend: &'b B,
    values: I,
    /// How many lookups they need so far.
    lookups: usize,
    /// One of them led to a session that was deleted or renewed.
    is_gone: bool,
}

impl<'b, B, I> Candidates<'b, B, I> {
    fn new(backend: &'b B, values: I) -> Self {
        Self { backend, values, lookups: 0, is_gone: false }
    }

    /// Reports a cookie that leads to no session.
    fn refuse(&mut self, refusal: Refusal) {
        telemetry::refused(refusal);
        self.is_gone |= refusal == Refusal::Gone;
    }
}

impl<'a, B: LookUp, I: Iterator<Item = Result<&'a [u8], Refusal>>> Candidates<'_, B, I> {
    /// The next cookie to look up. Those before it are refused.
    fn next_opened(&mut self) -> Option<B::Opened> {
        while self.lookups < MAX_LOOKUPS {
            match self.next()? {
                Candidate::Ours { opened: Ok(opened), .. } => return Some(opened),
                Candidate::Ours { opened: Err(refused), .. } => self.refuse(refused.refusal),
                Candidate::NotOurs(refusal) => self.refuse(refusal),
            }
        }
        None
    }
}

/// One cookie of the session's name.
enum Candidate<O> {
    /// No key of the ring verifies it.
    NotOurs(Refusal),
    /// The key at this position in the ring verifies it.
    Ours { position: usize, opened: Result<O, Refused> },
}

impl<'a, B: LookUp, I: Iterator<Item = Result<&'a [u8], Refusal>>> Iterator
    for Candidates<'_, B, I>
{
    type Item = Candidate<B::Opened>;

    fn next(&mut self) -> Option<Self::Item> {
        let opened = self.values.next()?.and_then(|value| self.backend.open(value));
        let (opened, position) = match opened {
            Ok(Verified { content, position }) => (content, position),
            Err(refusal) => return Some(Candidate::NotOurs(refusal)),
        };
        let opened = match self.backend.check(opened) {
            Ok(opened) if self.lookups == MAX_LOOKUPS => {
                let (key, record) = self.backend.describe(opened);
                Err(Refused { key, record, refusal: Refusal::Surplus })
            }
            Ok(opened) => {
                self.lookups += 1;
                Ok(opened)
            }
            Err(refused) => Err(refused),
        };
        Some(Candidate::Ours { position, opened })
    }
}
