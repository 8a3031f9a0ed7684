//! From the cookies of a request to its session: each cookie is verified, then looked up.

use super::explain::ExplainedCookie;
use super::stored::{LiveSession, Stored};
use crate::crypto::Refusal;
use crate::crypto::Verified;
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
pub(super) async fn find<'a, B: LookUp>(
    backend: &B,
    values: impl Iterator<Item = Result<&'a [u8], Refusal>> + Send,
) -> Result<Stored, StoreError> {
    let mut lookups = Lookups { backend, values, count: 0 };
    let mut found = Stored::Nothing;
    while lookups.count < MAX_LOOKUPS
        && let Some(cookie) = lookups.next().await?
    {
        let refusal = match cookie {
            Cookie::Ours { found: Ok(live), .. } => return Ok(Stored::Live(live)),
            Cookie::Ours { found: Err(refused), .. } => refused.refusal,
            Cookie::NotOurs(refusal) => refusal,
        };
        telemetry::refused(refusal);
        if refusal == Refusal::Gone {
            found = Stored::Gone;
        }
    }
    Ok(found)
}

/// Where each of `values` leads.
pub(super) async fn explain<'a, B: LookUp>(
    backend: &B,
    values: impl Iterator<Item = Result<&'a [u8], Refusal>> + Send,
) -> Result<Vec<ExplainedCookie>, StoreError> {
    let mut lookups = Lookups { backend, values, count: 0 };
    let mut cookies = Vec::new();
    while let Some(cookie) = lookups.next().await? {
        cookies.push(match cookie {
            Cookie::NotOurs(refusal) => ExplainedCookie::not_ours(refusal),
            Cookie::Ours { position, found } => match found {
                Ok(LiveSession { id, record }) => {
                    ExplainedCookie::ours(position, id.key, Some(&record), None)
                }
                Err(Refused { key, record, refusal }) => {
                    ExplainedCookie::ours(position, key, record.as_ref(), Some(refusal))
                }
            },
        });
    }
    Ok(cookies)
}

/// The cookies of one request, each verified and looked up when it is asked for.
struct Lookups<'b, B, I> {
    backend: &'b B,
    values: I,
    /// How many lookups there were.
    count: usize,
}

/// Where one cookie leads.
enum Cookie {
    /// No key of the ring vouches for it.
    NotOurs(Refusal),
    /// The key at this position in the ring vouches for it.
    Ours { position: usize, found: Result<LiveSession, Refused> },
}

impl<'a, B: LookUp, I: Iterator<Item = Result<&'a [u8], Refusal>>> Lookups<'_, B, I> {
    async fn next(&mut self) -> Result<Option<Cookie>, StoreError> {
        let backend = self.backend;
        let Some(value) = self.values.next() else { return Ok(None) };
        let (opened, position) = match value.and_then(|value| backend.open(value)) {
            Ok(Verified { content, position }) => (content, position),
            Err(refusal) => return Ok(Some(Cookie::NotOurs(refusal))),
        };
        let found = match backend.check(opened) {
            Err(refused) => Err(refused),
            Ok(opened) if self.count == MAX_LOOKUPS => {
                let (key, record) = backend.describe(opened);
                Err(Refused { key, record, refusal: Refusal::Surplus })
            }
            Ok(opened) => {
                self.count += 1;
                backend.look_up(opened).await?
            }
        };
        Ok(Some(Cookie::Ours { position, found }))
    }
}
