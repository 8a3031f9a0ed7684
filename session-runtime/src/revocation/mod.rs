//! Ending sessions that live in cookies: what the server remembers of them.

mod store;

use std::pin::Pin;
use std::sync::Arc;

pub use self::store::StoreRevocation;
use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::record::Principal;
use crate::store::StoreError;

/// Remembers which sessions were ended, for sessions that are kept in cookies.
///
/// A cookie that was sent cannot be called back: whoever has a copy can send it again. With a
/// `Revocation` the server asks whether the session in it was ended, once a request that reads its
/// session and once more when one changes it. [`StoreRevocation`] keeps the answers in any store; implement
/// the trait to ask something else, such as an identity provider.
///
/// A session is older or younger than a [`Cutoff`] by the clock of the server that issued it, and no allowance is
/// made for clocks that differ: keep those of all servers together, as NTP does.
///
/// Write `async fn` in the implementation; the futures must be `Send`. `conformance::run_revocation` (feature
/// `conformance`) proves one that remembers what it was told.
///
/// ```
/// use session_runtime::record::Principal;
/// use session_runtime::revocation::{Cutoff, Revocation, Revoked};
/// use session_runtime::{StoreKey, Timestamp, store::StoreError};
///
/// /// For a service that ends all sessions at once, by hand.
/// struct Everyone(Timestamp);
///
/// impl Revocation for Everyone {
///     async fn revoked(&self, _: &StoreKey) -> Result<Option<Timestamp>, StoreError> {
///         Ok(None)
///     }
///
///     async fn not_before(&self, _: &Principal) -> Result<Option<Cutoff>, StoreError> {
///         Ok(Some(Cutoff { at: self.0, except: None, spared_after: None }))
///     }
///
///     async fn revoke(
///         &self,
///         _: &StoreKey,
///         _: Option<&StoreKey>,
///         _: Timestamp,
///         _: Timestamp,
///     ) -> Result<Revoked, StoreError> {
///         Ok(Revoked::Now) // signing in renews a session, too
///     }
///
///     async fn revoke_all(&self, _: &Principal, _: Cutoff, _: Timestamp) -> Result<(), StoreError> {
///         Err(StoreError::unsupported())
///     }
/// }
/// ```
pub trait Revocation: Send + Sync + 'static {
    /// When the session `id` was ended, or renewed, which ends this id; `None` if it was not.
    fn revoked(
        &self,
        id: &StoreKey,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// When all sessions of `principal` were ended; `None` if they never were.
    fn not_before(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Option<Cutoff>, StoreError>> + Send;

    /// Ends the session `id`, at `now`; a renewal ends it under this id, and it goes on under the id `to`, where a
    /// logout is to follow it (so not if somebody signs in). Of several calls at once one is answered [`Revoked::Now`], and a renewal goes on only if it is that one. From `until` on
    /// no cookie of the session is accepted anyway, so all this may be forgotten then.
    ///
    /// Requests that renew a session or sign somebody in call it too, and fail if it does. A logout that it answers
    /// with [`StoreError::unsupported`] removes this browser's cookie and nothing else.
    fn revoke(
        &self,
        id: &StoreKey,
        to: Option<&StoreKey>,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Revoked, StoreError>> + Send;

    /// Ends all sessions of `principal` that the cutoff ends. What earlier cutoffs have ended stays so: where there
    /// is one, the two are [merged](Cutoff::merge) and kept until the later `until`, from which on none of their
    /// cookies is accepted anyway.
    fn revoke_all(
        &self,
        principal: &Principal,
        cutoff: Cutoff,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets up to `limit` of the answers whose time is over, and says how many; fewer than `limit` means that none
    /// is left: what
    /// [`Sessions::sweep_every`](crate::Sessions::sweep_every) asks for.
    fn sweep(&self, limit: usize) -> impl Future<Output = Result<usize, StoreError>> + Send {
        let _ = limit;
        async { Err(StoreError::unsupported()) }
    }
}

/// What became of [`Revocation::revoke`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Revoked {
    /// It was this call that ended the session.
    Now,
    /// The session was ended before.
    Before,
    /// The session was renewed before and goes on under this id: [`Sessions`](crate::Sessions) follows it there with a
    /// logout, and gives up a second renewal.
    Renewed(StoreKey),
}

/// All sessions of a principal were ended, or all but one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoff {
    /// Those that were issued then or before are over.
    pub at: Timestamp,
    /// But for this one: "sign out everywhere else".
    pub except: Option<StoreKey>,
    /// Which is over all the same if it was issued then or before, for an earlier cutoff did not spare it. `None` if
    /// each did.
    pub spared_after: Option<Timestamp>,
}

impl Cutoff {
    /// Whether a session that got the id `id` at `issued_at` is over.
    pub fn ends(&self, id: &StoreKey, issued_at: Timestamp) -> bool {
        let is_spared = self.except.as_ref() == Some(id) && Some(issued_at) > self.spared_after;
        issued_at <= self.at && !is_spared
    }

    /// Two cutoffs of one principal in one: what either ends is over, and nothing else. The order does not matter.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let (earlier, later) = if self.at <= other.at { (self, other) } else { (other, self) };
        let not_spared = match earlier.except == later.except {
            true => earlier.spared_after,
            false => Some(earlier.at),
        };
        Self { spared_after: later.spared_after.max(not_spared), ..later }
    }
}

/// Any revocation behind one type.
pub(crate) type AnyRevocation = Arc<dyn DynRevocation>;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`Revocation`] in a form that can be a trait object.
pub(crate) trait DynRevocation: Send + Sync {
    /// When the session was ended, by itself or with all of its principal.
    fn ended<'a>(
        &'a self,
        id: &'a StoreKey,
        issued_at: Timestamp,
        principal: Option<&'a Principal>,
    ) -> Answer<'a, Option<Timestamp>>;

    fn revoke<'a>(
        &'a self,
        id: &'a StoreKey,
        to: Option<&'a StoreKey>,
        now: Timestamp,
        until: Timestamp,
    ) -> Answer<'a, Revoked>;

    fn revoke_all<'a>(
        &'a self,
        principal: &'a Principal,
        cutoff: Cutoff,
        until: Timestamp,
    ) -> Answer<'a, ()>;

    fn sweep(&self, limit: usize) -> Answer<'_, usize>;
}

impl<R: Revocation> DynRevocation for R {
    fn ended<'a>(
        &'a self,
        id: &'a StoreKey,
        issued_at: Timestamp,
        principal: Option<&'a Principal>,
    ) -> Answer<'a, Option<Timestamp>> {
        let cutoff = async move {
            match principal {
                Some(principal) => Revocation::not_before(self, principal).await,
                None => Ok(None),
            }
        };
        Box::pin(async move {
            // Both at once: a request waits for one round trip.
            let (revoked, cutoff) =
                futures_util::future::try_join(Revocation::revoked(self, id), cutoff).await?;
            let cutoff = cutoff.filter(|cutoff| cutoff.ends(id, issued_at));
            Ok(revoked.max(cutoff.map(|cutoff| cutoff.at)))
        })
    }

    fn revoke<'a>(
        &'a self,
        id: &'a StoreKey,
        to: Option<&'a StoreKey>,
        now: Timestamp,
        until: Timestamp,
    ) -> Answer<'a, Revoked> {
        Box::pin(Revocation::revoke(self, id, to, now, until))
    }

    fn revoke_all<'a>(
        &'a self,
        principal: &'a Principal,
        cutoff: Cutoff,
        until: Timestamp,
    ) -> Answer<'a, ()> {
        Box::pin(Revocation::revoke_all(self, principal, cutoff, until))
    }

    fn sweep(&self, limit: usize) -> Answer<'_, usize> {
        Box::pin(Revocation::sweep(self, limit))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> StoreKey {
        StoreKey::from_bytes([byte; 16])
    }

    prop_compose! {
        /// So few ids and times that they meet.
        fn any_cutoff()(
            at in 0..5_u64,
            except in prop::option::of((0..3_u8).prop_map(key)),
            spared_after in prop::option::of((0..5_u64).prop_map(Timestamp::from_millis)),
        ) -> Cutoff {
            let at = Timestamp::from_millis(at);
            // An earlier cutoff's.
            Cutoff { at, except, spared_after: spared_after.min(Some(at)) }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn merged_cutoffs_end_what_either_ends(
            cutoffs in prop::collection::vec(any_cutoff(), 1..5),
        ) {
            let merged = cutoffs.iter().copied().reduce(Cutoff::merge).unwrap();
            for (id, at) in (0..4).flat_map(|id| (0..6).map(move |at| (key(id), at))) {
                let at = Timestamp::from_millis(at);
                let ended = cutoffs.iter().any(|cutoff| cutoff.ends(&id, at));
                prop_assert_eq!(merged.ends(&id, at), ended, "{} at {:?}: {:?}", id, at, merged);
            }
        }
    }
}
