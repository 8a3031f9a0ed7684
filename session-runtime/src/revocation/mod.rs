//! Revocations: which sessions in cookies are no longer valid.

mod store;

use std::pin::Pin;
use std::sync::Arc;

pub use self::store::StoreRevocation;
use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::record::Principal;
use crate::store::StoreError;

/// Remembers which sessions were revoked, for sessions that are kept in cookies.
///
/// A server cannot take a cookie back: anybody who has a copy can send it again. With a
/// `Revocation` the server asks whether the session in a cookie was revoked. It asks once when a
/// request reads its session, and once more when the request changes it.
///
/// [`StoreRevocation`] keeps the answers in any store. Implement the trait to ask something else,
/// such as an identity provider.
///
/// # Clocks
///
/// A [`Cutoff`] revokes the sessions that got their id before a certain time. The clock of the
/// server that issued the id decides. There is no tolerance for clocks that differ: keep the clocks
/// of all servers together, as NTP does.
///
/// # An implementation of your own
///
/// Write `async fn` in it; the futures must be `Send`. If it remembers what it was told,
/// `conformance::run_revocation` (feature `conformance`) checks it.
///
/// ```
/// use session_runtime::record::Principal;
/// use session_runtime::revocation::{Cutoff, Revocation, Revoked};
/// use session_runtime::{StoreKey, Timestamp, store::StoreError};
///
/// /// Everybody who signed in at this time or before has to sign in again.
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
///         Ok(Revoked::Now) // a sign-in calls it, too, and needs this answer
///     }
///
///     async fn revoke_all(
///         &self,
///         _: &Principal,
///         _: Cutoff,
///         _: Timestamp,
///     ) -> Result<(), StoreError> {
///         Err(StoreError::unsupported())
///     }
/// }
/// ```
pub trait Revocation: Send + Sync + 'static {
    /// When `id` was revoked; `None` if it was not.
    ///
    /// A renewal revokes the old id of its session.
    ///
    /// # Errors
    ///
    /// If the backend fails.
    fn revoked(
        &self,
        id: &StoreKey,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// The cutoff of `principal`; `None` if its sessions were never revoked together.
    ///
    /// # Errors
    ///
    /// If the backend fails.
    fn not_before(
        &self,
        principal: &Principal,
    ) -> impl Future<Output = Result<Option<Cutoff>, StoreError>> + Send;

    /// Revokes `id` at the time `now`.
    ///
    /// A renewal passes the new id of the session as `to`, so that a logout with the old id can
    /// follow it there. A sign-in passes `None`, because such a logout must not undo it. So does a
    /// logout.
    ///
    /// Of several concurrent calls exactly one answers [`Revoked::Now`]. A renewal succeeds only
    /// with this answer.
    ///
    /// From `until` on no cookie of the session is accepted, so the revocation may be forgotten
    /// then.
    ///
    /// # Errors
    ///
    /// If the backend fails. Then a request that renews its session or signs somebody in fails,
    /// too. If a logout gets [`StoreError::unsupported`], it only removes the cookie from this
    /// browser.
    fn revoke(
        &self,
        id: &StoreKey,
        to: Option<&StoreKey>,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Revoked, StoreError>> + Send;

    /// Revokes the sessions of `principal` that the cutoff ends.
    ///
    /// What an earlier cutoff has ended stays ended: [merge](Cutoff::merge) the two, and keep the
    /// result until the later `until`. From then on no cookie of these sessions is accepted.
    ///
    /// # Errors
    ///
    /// If the backend fails.
    fn revoke_all(
        &self,
        principal: &Principal,
        cutoff: Cutoff,
        until: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Forgets up to `limit` revocations whose `until` has passed, and answers how many.
    ///
    /// Fewer than `limit` means that none is left.
    /// [`Sessions::sweep_every`](crate::Sessions::sweep_every) calls it. Without an implementation
    /// it is unsupported.
    ///
    /// # Errors
    ///
    /// If the backend fails, or sweeping is [unsupported](StoreError::unsupported).
    fn sweep(&self, limit: usize) -> impl Future<Output = Result<usize, StoreError>> + Send {
        let _ = limit;
        async { Err(StoreError::unsupported()) }
    }
}

/// The outcome of [`Revocation::revoke`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Revoked {
    /// This call revoked the id.
    Now,
    /// The id was revoked before.
    Before,
    /// The session was renewed before, and now has this id.
    ///
    /// A logout follows it there. A second renewal is given up.
    Renewed(StoreKey),
}

/// All sessions of a principal were revoked, or all except one.
///
/// ```
/// use session_runtime::{StoreKey, Timestamp, revocation::Cutoff};
///
/// let (phone, laptop) = (StoreKey::from_bytes([1; 16]), StoreKey::from_bytes([2; 16]));
/// let (noon, later) = (Timestamp::from_millis(1_000), Timestamp::from_millis(2_000));
///
/// // "Sign out everywhere else", asked for on the laptop.
/// let elsewhere = Cutoff { at: later, except: Some(laptop), spared_after: None };
/// assert!(elsewhere.ends(&phone, noon) && !elsewhere.ends(&laptop, noon));
///
/// // At noon the user had signed out everywhere. The laptop's session of that time stays ended.
/// let everywhere = Cutoff { at: noon, except: None, spared_after: None };
/// let both = everywhere.merge(elsewhere);
/// assert_eq!(both.spared_after, Some(noon));
/// assert!(both.ends(&laptop, noon) && !both.ends(&laptop, later));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cutoff {
    /// Sessions that got their id at this time or before are revoked.
    pub at: Timestamp,
    /// The one session that stays valid, if any: "sign out everywhere else".
    pub except: Option<StoreKey>,
    /// Set if an earlier cutoff ended the session in `except`, too. Then that session stays valid
    /// only if it got its id after this time.
    pub spared_after: Option<Timestamp>,
}

impl Cutoff {
    /// Whether the cutoff ends a session that got the id `id` at `issued_at`.
    pub fn ends(&self, id: &StoreKey, issued_at: Timestamp) -> bool {
        let is_spared = self.except.as_ref() == Some(id) && Some(issued_at) > self.spared_after;
        issued_at <= self.at && !is_spared
    }

    /// Makes one cutoff of two for the same principal.
    ///
    /// It ends the sessions that either of the two ends, and no others. The order does not matter.
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

/// Any revocation, without its type.
pub(crate) type AnyRevocation = Arc<dyn DynRevocation>;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`Revocation`] as a trait object.
pub(crate) trait DynRevocation: Send + Sync {
    /// When the session was revoked, by its id or with the others of its principal.
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
            // Both at once, so that a request waits for only one round trip.
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
        /// There are few ids and times, so that two cutoffs often have the same.
        fn any_cutoff()(
            at in 0..5_u64,
            except in prop::option::of((0..3_u8).prop_map(key)),
            spared_after in prop::option::of((0..5_u64).prop_map(Timestamp::from_millis)),
        ) -> Cutoff {
            let at = Timestamp::from_millis(at);
            // It is the time of an earlier cutoff.
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
