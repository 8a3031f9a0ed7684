//! Moving live sessions from one store to another.

use super::contract::{Created, KEY_IN_USE, Loaded, Store, Updated};
use super::page::{Cursor, Page, SessionInfo};
use crate::error::StoreError;
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, Patch};
use crate::record::{Principal, Record};

/// Two stores that look like one while sessions move from the old store to the new one.
///
/// The change of store signs nobody out. New sessions are created in the new store. An old session
/// moves when it is next written, at the latest with the touch that keeps it alive.
///
/// # How to migrate
///
/// 1. Let all processes use a `MigratingStore` before the first session moves or is copied. A
///    process that only knows the old store would not see a session that has moved.
/// 2. Wait for the longest absolute timeout, after which no session is left in the old store. Or
///    run `session-admin copy`, which copies the sessions that did not move by themselves.
/// 3. After a copy, empty the old store before the first process uses the new store without this
///    wrapper. When such a process deletes a session, the old store gets no tombstone. Once the
///    tombstone in the new store expires, the remaining `MigratingStore`s would find the session in
///    the old store again.
/// 4. Replace the `MigratingStore` by the new store.
///
/// # Deleted sessions
///
/// A session is deleted in the new store first, then in the old one. The tombstone in the new store
/// keeps a concurrent move from bringing the session back. This holds as long as a move takes less
/// time than a tombstone lasts (60 seconds by default).
///
/// # Round trips
///
/// - A read of a session that has not moved costs two round trips. The write that moves it costs
///   five.
/// - A new session costs three.
/// - A session that has moved costs what it costs in the new store. To delete it or to change its
///   lifetime costs one more, and to renew it two more.
///
/// ```
/// use session_runtime::store::{Loaded, MemoryStore, MigratingStore, Store};
/// # use session_runtime::{StoreKey, Timestamp, patch::Patch, record::{Fields, Lifetime, Record}};
/// # use session_runtime::patch::ExpiryOp;
/// # use std::time::{Duration, SystemTime};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let now = Timestamp::from(SystemTime::now());
/// # let record = Record { fields: Fields::default(), created_at: now,
/// #     expires_at: now + Duration::from_secs(60), deadline: now + Duration::from_secs(90),
/// #     lifetime: Lifetime { idle: Duration::from_secs(60), persistent: false },
/// #     principal: None };
/// let (old, new) = (MemoryStore::new(), MemoryStore::new());
/// let key = StoreKey::from_bytes([1; 16]);
/// let _ = old.create(&key, &record).await?;
///
/// let both = MigratingStore::new(old.clone(), new.clone());
/// assert!(matches!(both.load(&key).await?, Loaded::Live(_)));
/// let touch = Patch { expiry: ExpiryOp::Extend(record.deadline), ..Patch::empty() };
/// let _ = both.update(&key, &touch).await?;
/// assert!(matches!(new.load(&key).await?, Loaded::Live(_)), "it has moved");
/// assert_eq!(old.load(&key).await?, Loaded::Gone);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MigratingStore<O, N> {
    old: O,
    new: N,
}

impl<O: Store, N: Store> MigratingStore<O, N> {
    /// A store that moves sessions from `old` to `new`.
    pub fn new(old: O, new: N) -> Self {
        Self { old, new }
    }

    /// Moves a session that is not live in the new store.
    ///
    /// The caller must ask the new store again: another request may have moved or deleted the
    /// session meanwhile.
    async fn move_session(&self, key: &StoreKey) -> Result<(), StoreError> {
        if let Loaded::Live(record) = self.old.load(key).await? {
            // A deleted session has a tombstone there, so this cannot bring it back.
            let _ = self.new.create(key, &record).await?;
            self.old.delete(key).await?;
        }
        Ok(())
    }

    /// A page of the sessions that only the old store has. The scan of the new store follows.
    async fn scan_old(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let old = self.old.scan(after, limit).await?;
        let mut sessions = Vec::with_capacity(old.sessions.len());
        for info in old.sessions {
            // The scan of the new store shows the sessions that it has.
            if self.new.load(&info.key).await? == Loaded::Absent {
                sessions.push(info);
            }
        }
        let next = old.next.map_or(Cursor::new(NEW), |next| cursor(OLD, &next));
        Ok(Page { sessions, next: Some(next) })
    }
}

impl<O: Store, N: Store> Store for MigratingStore<O, N> {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        match self.new.load(key).await? {
            Loaded::Absent => {}
            known => return Ok(known),
        }
        match self.old.load(key).await? {
            // A deleted session has a tombstone in the new store, too. So this one has moved,
            // perhaps between the two loads.
            Loaded::Gone => self.new.load(key).await,
            found => Ok(found),
        }
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        match self.load(key).await? {
            Loaded::Absent => self.new.create(key, record).await,
            Loaded::Live(_) | Loaded::Gone => Ok(Created::Exists),
        }
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let mut updated = self.new.update(key, patch).await?;
        if updated == Updated::Gone {
            self.move_session(key).await?;
            updated = self.new.update(key, patch).await?;
        }
        // An interrupted move may have left a copy in the old store. It must not outlive a session
        // that now expires earlier.
        if updated == Updated::Applied && matches!(patch.expiry, ExpiryOp::SetLifetime { .. }) {
            self.old.delete(key).await?;
        }
        Ok(updated)
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        // The new store only checks its own keys.
        if let Loaded::Live(_) = self.old.load(to).await? {
            return Err(StoreError::backend(KEY_IN_USE));
        }
        let mut renamed = self.new.rename(from, to, patch).await?;
        if renamed == Updated::Gone {
            self.move_session(from).await?;
            renamed = self.new.rename(from, to, patch).await?;
        }
        if renamed == Updated::Applied {
            self.old.delete(from).await?;
        }
        Ok(renamed)
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        // The new store comes first: its tombstone stops a move that is under way.
        self.new.delete(key).await?;
        self.old.delete(key).await
    }

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let swept = [self.new.sweep(limit).await, self.old.sweep(limit).await];
        if swept.iter().all(|swept| matches!(swept, Err(error) if error.is_unsupported())) {
            return Err(StoreError::unsupported());
        }
        let mut sum = 0;
        for swept in swept {
            sum += match swept {
                Ok(swept) => swept,
                // The server of this store removes expired records itself.
                Err(error) if error.is_unsupported() => 0,
                Err(error) => return Err(error),
            };
        }
        Ok(sum.min(limit))
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        let mut not_moved = Vec::new();
        for info in self.old.list(principal).await? {
            if self.new.load(&info.key).await? == Loaded::Absent {
                not_moved.push(info);
            }
        }
        // The new store comes last, so that a session which moves meanwhile is not missed.
        let mut all = self.new.list(principal).await?;
        not_moved.retain(|info| all.iter().all(|listed| listed.key != info.key));
        all.append(&mut not_moved);
        Ok(all)
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let mut deleted = 0;
        loop {
            let mut found = 0;
            for info in self.old.list(principal).await? {
                if Some(&info.key) == except {
                    continue;
                }
                found += 1;
                match self.new.load(&info.key).await? {
                    // The session has moved or was copied, and the new store deletes it below if it
                    // still belongs to the principal. `self.delete` would also follow a rename in
                    // the new store and delete a session that is not meant, such as the exception.
                    Loaded::Live(_) | Loaded::Gone => self.old.delete(&info.key).await?,
                    Loaded::Absent => {
                        deleted += 1;
                        self.delete(&info.key).await?;
                    }
                }
            }
            let in_new = self.new.delete_all(principal, except).await?;
            deleted += in_new;
            if found == 0 && in_new == 0 {
                return Ok(deleted);
            }
        }
    }

    /// First the old store, then the new one: a session that moves meanwhile is not missed.
    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let (store, after) = match after.map(Cursor::as_str) {
            None => (OLD, None),
            Some(text) => match text.split_once(':') {
                Some((store, after)) => (store, Some(Cursor::new(after))),
                None => (text, None),
            },
        };
        match store {
            OLD => self.scan_old(after.as_ref(), limit).await,
            NEW => {
                let mut page = self.new.scan(after.as_ref(), limit).await?;
                page.next = page.next.map(|next| cursor(NEW, &next));
                Ok(page)
            }
            _ => Err(Cursor::foreign()),
        }
    }
}

/// The store of a cursor. The store's own cursor follows after a colon, except for its first page.
const OLD: &str = "old";
const NEW: &str = "new";

fn cursor(store: &str, after: &Cursor) -> Cursor {
    Cursor::new(format!("{store}:{}", after.as_str()))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::clock::Timestamp;
    use crate::record::{Fields, Lifetime};
    use crate::store::memory::MemoryStore;
    use crate::store::methods::store_methods;

    /// A new store to which another process moves a session just before it is loaded.
    struct MovedMeanwhile {
        old: MemoryStore,
        new: MemoryStore,
    }

    macro_rules! forward {
        ($method:ident($($argument:ident: $type:ty),*) -> $answer:ty) => {
            async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.new.$method($($argument),*).await
            }
        };
    }

    impl Store for MovedMeanwhile {
        store_methods!(forward: create, update, rename, delete, list);

        async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
            MigratingStore::new(self.old.clone(), self.new.clone()).move_session(key).await?;
            self.new.load(key).await
        }
    }

    fn record_of(who: &Principal) -> Record {
        let (now, hour) = (Timestamp::from(SystemTime::now()), Duration::from_secs(3_600));
        Record {
            fields: Fields::default(),
            created_at: now,
            expires_at: now + hour,
            deadline: now + hour,
            lifetime: Lifetime { idle: hour, persistent: false },
            principal: Some(who.clone()),
        }
    }

    /// The old store still has a copy under the key that the session had before a rename.
    #[tokio::test]
    async fn delete_all_spares_what_a_copy_was_renamed_to() {
        let (old, new) = (MemoryStore::new(), MemoryStore::new());
        let who = Principal::new("user_id", "7");
        let [from, to] = [1, 2].map(|byte| StoreKey::from_bytes([byte; 16]));
        for store in [&old, &new] {
            assert_eq!(store.create(&from, &record_of(&who)).await.unwrap(), Created::Created);
        }
        assert_eq!(new.rename(&from, &to, &Patch::empty()).await.unwrap(), Updated::Applied);
        let both = MigratingStore::new(old.clone(), new.clone());
        assert_eq!(both.delete_all(&who, Some(&to)).await.unwrap(), 0);
        assert!(matches!(new.load(&to).await.unwrap(), Loaded::Live(_)));
        assert_eq!(old.load(&from).await.unwrap(), Loaded::Gone);
    }

    #[tokio::test]
    async fn list_shows_a_session_that_moves_meanwhile() {
        let (old, new) = (MemoryStore::new(), MemoryStore::new());
        let who = Principal::new("user_id", "7");
        let record = record_of(&who);
        let key = StoreKey::from_bytes([1; 16]);
        assert_eq!(old.create(&key, &record).await.unwrap(), Created::Created);
        let both = MigratingStore::new(old.clone(), MovedMeanwhile { old, new });
        assert_eq!(both.list(&who).await.unwrap(), [SessionInfo { key, record }]);
    }
}
