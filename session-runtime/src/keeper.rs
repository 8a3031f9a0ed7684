//! Where sessions are kept: in a store that a signed id in the cookie leads to, or in the cookie.

use std::time::Duration;

use crate::cookie::read::CookieHeaders;
use crate::cookie::signed::Signer;
use crate::cookie::template::CookieTemplate;
use crate::cookie::written::SetCookies;
use crate::cookie::{CookieValue, Verified};
use crate::cookie_keeper::CookieKeeper;
use crate::error::{SessionError, SessionErrorKind, StoreError};
use crate::explain::ExplainedCookie;
use crate::id::{Proof, SessionId, SignedId, StoreKey};
use crate::observe::{self, watched};
use crate::patch::{Applied, Patch};
use crate::record::{Principal, Record};
use crate::refusal::Refusal;
use crate::state::{LiveSession, Stored};
use crate::store::{AnyStore, Created, Loaded, SessionInfo, Store, Updated};

/// Of several cookies of the name that verify, this many are looked up.
pub(crate) const MAX_LOOKUPS: usize = 3;

/// What is rare is boxed, for the futures of every request have room for all of it.
pub(crate) enum Keeper {
    Store(StoreKeeper),
    Cookie(CookieKeeper),
}

pub(crate) struct StoreKeeper {
    pub(crate) store: AnyStore,
    pub(crate) signer: Signer,
}

impl Keeper {
    /// The first live session among the cookies called `name`.
    pub(crate) async fn find(
        &self,
        name: &str,
        sent: &CookieHeaders,
    ) -> Result<Stored, StoreError> {
        let keeper = match self {
            Self::Store(keeper) => keeper,
            Self::Cookie(keeper) => return Box::pin(keeper.find(name, sent)).await,
        };
        let (mut is_gone, mut lookups) = (false, 0);
        for value in sent.values(name) {
            let id = match keeper.signer.verify(value) {
                Ok(Verified { content: id, .. }) => id,
                Err(refusal) => {
                    observe::refused(refusal);
                    continue;
                }
            };
            match watched!("load", keeper.store.load(&id.key))? {
                Loaded::Live(record) => return Ok(Stored::Live(LiveSession { id, record })),
                Loaded::Gone => {
                    observe::refused(Refusal::Gone);
                    is_gone = true;
                }
                Loaded::Absent => observe::refused(Refusal::Unknown),
            }
            lookups += 1;
            if lookups == MAX_LOOKUPS {
                break;
            }
        }
        Ok(if is_gone { Stored::Gone } else { Stored::Nothing })
    }

    /// What becomes of each cookie called `name`.
    pub(crate) async fn explain(
        &self,
        name: &str,
        sent: &CookieHeaders,
    ) -> Result<Vec<ExplainedCookie>, StoreError> {
        match self {
            Self::Store(keeper) => keeper.explain(name, sent).await,
            Self::Cookie(keeper) => keeper.explain(name, sent).await,
        }
    }

    pub(crate) fn issue(&self) -> Result<SessionId, SessionError> {
        match self {
            Self::Store(keeper) => keeper.signer.issue(),
            Self::Cookie(keeper) => keeper.issue(),
        }
    }

    /// What the cookie of `live` holds.
    pub(crate) fn value(
        &self,
        live: &LiveSession,
        cookie: &CookieTemplate,
        max_age: Option<Duration>,
    ) -> Result<CookieValue, SessionError> {
        match (live.id.proof, self) {
            (Proof::Signed(id), _) => Ok(CookieValue::Id(id)),
            (Proof::Held { issued_at }, Self::Cookie(keeper)) => {
                keeper.value(live, issued_at, cookie, max_age).map(CookieValue::Content)
            }
            (Proof::Held { .. }, Self::Store(_)) => unreachable!("a store's ids are signed"),
        }
    }

    /// The cookies that hold `value`.
    pub(crate) fn set(
        &self,
        cookie: &CookieTemplate,
        value: &CookieValue,
        max_age: Option<Duration>,
        sent: &CookieHeaders,
    ) -> SetCookies {
        let mut text = [0; SignedId::CHARS];
        let value = match value {
            CookieValue::Id(id) => id.encode(&mut text),
            CookieValue::Content(value) => value,
        };
        match self {
            Self::Store(_) => SetCookies::new(cookie.set(cookie.name(), value, max_age)),
            Self::Cookie(keeper) => keeper.chunks.set(cookie, value, max_age, sent),
        }
    }

    /// The removal of the session's cookies.
    pub(crate) fn remove(&self, cookie: &CookieTemplate, sent: &CookieHeaders) -> SetCookies {
        match self {
            Self::Store(_) => SetCookies::new(cookie.remove(cookie.name())),
            Self::Cookie(keeper) => keeper.chunks.remove(cookie, sent),
        }
    }

    /// Whether every change of the session is a change of the cookie.
    pub(crate) fn is_cookie(&self) -> bool {
        matches!(self, Self::Cookie(_))
    }

    pub(crate) async fn create(
        &self,
        key: &StoreKey,
        record: &Record,
    ) -> Result<Created, StoreError> {
        match self {
            Self::Store(keeper) => watched!("create", keeper.store.create(key, record)),
            // The response brings it into being.
            Self::Cookie(_) => Ok(Created::Created),
        }
    }

    /// Changes `live`, which gets the id `to` if there is one. What the patch does to the record that
    /// this request knows is `foreseen`; a store judges by its own.
    pub(crate) async fn save(
        &self,
        live: &LiveSession,
        to: Option<StoreKey>,
        patch: &Patch,
        foreseen: &Applied,
    ) -> Result<Updated, StoreError> {
        match (self, to) {
            (Self::Store(keeper), None) => {
                watched!("update", keeper.store.update(&live.id.key, patch))
            }
            (Self::Store(keeper), Some(to)) => {
                watched!("rename", keeper.store.rename(&live.id.key, &to, patch))
            }
            (Self::Cookie(keeper), to) => {
                Box::pin(keeper.save(live, to.as_ref(), patch, foreseen)).await
            }
        }
    }

    /// Ends a session. Unsupported where nothing but the visitor's cookie knows of it.
    pub(crate) async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        match self {
            Self::Store(keeper) => watched!("delete", keeper.store.delete(key)),
            Self::Cookie(keeper) => Box::pin(keeper.end(key)).await,
        }
    }

    pub(crate) async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        match self {
            Self::Store(keeper) => watched!("list", keeper.store.list(principal)),
            Self::Cookie(_) => Err(StoreError::unsupported()),
        }
    }

    pub(crate) async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        match self {
            Self::Store(keeper) => {
                watched!("delete_all", keeper.store.delete_all(principal, except))
            }
            Self::Cookie(keeper) => keeper.revoke_all(principal, except).await.map(|()| 0),
        }
    }

    pub(crate) async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        match self {
            Self::Store(keeper) => watched!("sweep", keeper.store.sweep(limit)),
            Self::Cookie(keeper) => keeper.sweep(limit).await,
        }
    }

    /// Asks the store for a session that does not exist; a cookie has none to ask.
    pub(crate) async fn check(&self) -> Result<(), SessionError> {
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(SessionErrorKind::Random)?;
        let key = StoreKey::from_bytes(key);
        match self {
            Self::Store(keeper) => watched!("health", keeper.store.load(&key)).map(drop)?,
            Self::Cookie(keeper) => keeper.check(&key).await?,
        }
        Ok(())
    }
}

impl StoreKeeper {
    async fn explain(
        &self,
        name: &str,
        sent: &CookieHeaders,
    ) -> Result<Vec<ExplainedCookie>, StoreError> {
        let (mut cookies, mut lookups) = (Vec::new(), 0);
        for value in sent.values(name) {
            cookies.push(match self.signer.verify(value) {
                Err(refusal) => ExplainedCookie::not_ours(refusal),
                Ok(Verified { content: id, position }) => {
                    lookups += 1;
                    let found = match lookups <= MAX_LOOKUPS {
                        true => match watched!("load", self.store.load(&id.key))? {
                            Loaded::Live(record) => Ok(record),
                            Loaded::Gone => Err(Refusal::Gone),
                            Loaded::Absent => Err(Refusal::Unknown),
                        },
                        false => Err(Refusal::Surplus),
                    };
                    let record = found.as_ref().ok();
                    ExplainedCookie::ours(position, id.key, record, found.as_ref().err().copied())
                }
            });
        }
        Ok(cookies)
    }
}
