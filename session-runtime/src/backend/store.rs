//! Sessions in a store: the cookie holds a signed id, which leads to the record.

use super::lookup::{LookUp, Refused};
use super::stored::LiveSession;
use crate::crypto::Keyring;
use crate::crypto::Refusal;
use crate::crypto::Verified;
use crate::crypto::signed_id::Signer;
use crate::error::StoreError;
use crate::id::{SessionId, StoreKey};
use crate::record::Record;
use crate::store::{AnyStore, Loaded, Store};
use crate::telemetry::watched;

pub(super) struct StoreBackend {
    pub(super) store: AnyStore,
    pub(super) signer: Signer,
}

impl StoreBackend {
    pub(super) fn new(store: AnyStore, keys: &Keyring, cookie_name: &str) -> Self {
        Self { store, signer: Signer::new(keys, cookie_name) }
    }
}

impl LookUp for StoreBackend {
    type Opened = SessionId;

    fn open(&self, value: &[u8]) -> Result<Verified<SessionId>, Refusal> {
        self.signer.verify(value)
    }

    fn check(&self, id: SessionId) -> Result<SessionId, Refused> {
        Ok(id)
    }

    fn describe(&self, id: SessionId) -> (StoreKey, Option<Record>) {
        (id.key, None)
    }

    #[allow(
        clippy::manual_async_fn,
        reason = "the future of an `async fn` holds its arguments twice"
    )]
    fn look_up(
        &self,
        id: SessionId,
    ) -> impl Future<Output = Result<Result<LiveSession, Refused>, StoreError>> + Send {
        async move {
            let refused = |refusal| Err(Refused { key: id.key, record: None, refusal });
            Ok(match watched!("load", self.store.load(&id.key))? {
                Loaded::Live(record) => Ok(LiveSession { id, record }),
                Loaded::Gone => refused(Refusal::Gone),
                Loaded::Absent => refused(Refusal::Unknown),
            })
        }
    }
}
