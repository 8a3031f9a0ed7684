//! Moving live sessions from one store to another.

use super::{Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated};
use crate::id::StoreKey;
use crate::patch::{ExpiryOp, Patch};
use crate::record::{Principal, Record};

/// Two stores that look like one, while sessions move from the old to the new one: nobody is signed
/// out by the change of store.
///
/// New sessions are created in the new store. An old one is found in the old store and moves when it
/// is next written, at the latest with the touch that keeps it alive. When the longest absolute
/// timeout has gone, the old store is not needed any more: put the new one in place of this. It need not
/// take so long: the command `session-admin copy` copies what did not move by itself. Then empty the
/// old store before the first process uses the new one alone. A session that such a process ends has
/// no tombstone in the old store: once that in the new one has gone, processes that still use this find
/// it there again.
///
/// All processes must use it before the first session moves or is copied: one that still knows the old store alone
/// would not see what has moved. A session that is ended is ended in the new store first, which its
/// tombstone makes final there, and then in the old one; so no session comes back from the other
/// store. That holds while a move takes less time than a tombstone lives (60 seconds by default).
///
/// A read of a session that has not moved costs two round trips, the write that moves it five, and a
/// new session three. A session that has moved costs what it costs in the new store; ending it, or
/// changing its lifetime, costs one more, renewing it two.
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
    /// Sessions move from `old` to `new`.
    pub fn new(old: O, new: N) -> Self {
        Self { old, new }
    }

    /// Moves a session that is not live in the new store. Whether it is afterwards, the new store knows:
    /// another request may have moved it, or ended it.
    async fn fetch(&self, key: &StoreKey) -> Result<(), StoreError> {
        if let Loaded::Live(record) = self.old.load(key).await? {
            // A tombstone there is in the way of a session that was ended.
            let _ = self.new.create(key, &record).await?;
            self.old.delete(key).await?;
        }
        Ok(())
    }

    /// What is in the old store alone, and then on to the new one.
    async fn scan_old(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let old = self.old.scan(after, limit).await?;
        let mut sessions = Vec::with_capacity(old.sessions.len());
        for info in old.sessions {
            // What the new store knows of is shown as it is there.
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
            // A tombstone there tells only that the session has moved, perhaps between the two looks:
            // one that was ended has a tombstone in the new store too.
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
            self.fetch(key).await?;
            updated = self.new.update(key, patch).await?;
        }
        // A copy that a move was interrupted behind must not outlive a session that ends earlier now.
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
        // The new store sees what is in use there alone.
        if let Loaded::Live(_) = self.old.load(to).await? {
            return Err(StoreError::backend("the session cannot be renamed to a key in use"));
        }
        let mut renamed = self.new.rename(from, to, patch).await?;
        if renamed == Updated::Gone {
            self.fetch(from).await?;
            renamed = self.new.rename(from, to, patch).await?;
        }
        if renamed == Updated::Applied {
            self.old.delete(from).await?;
        }
        Ok(renamed)
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        // The tombstone in the new store comes first: a move that is under way fails on it.
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
                // The other one has a server that does it.
                Err(error) if error.is_unsupported() => 0,
                Err(error) => return Err(error),
            };
        }
        Ok(sum.min(limit))
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        let mut unmoved = Vec::new();
        for info in self.old.list(principal).await? {
            if self.new.load(&info.key).await? == Loaded::Absent {
                unmoved.push(info);
            }
        }
        // The new store last: what moves while this goes on is seen there.
        let mut all = self.new.list(principal).await?;
        unmoved.retain(|info| all.iter().all(|listed| listed.key != info.key));
        all.append(&mut unmoved);
        Ok(all)
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let mut ended = 0;
        loop {
            let mut found = 0;
            for info in self.old.list(principal).await? {
                if Some(&info.key) == except {
                    continue;
                }
                found += 1;
                match self.new.load(&info.key).await? {
                    // It has moved, or was copied: the new store knows whose it is, and ends it below. Where
                    // it was ended or renamed there, `delete` would follow it to whoever has it now.
                    Loaded::Live(_) | Loaded::Gone => self.old.delete(&info.key).await?,
                    Loaded::Absent => {
                        ended += 1;
                        self.delete(&info.key).await?;
                    }
                }
            }
            let in_new = self.new.delete_all(principal, except).await?;
            ended += in_new;
            if found == 0 && in_new == 0 {
                return Ok(ended);
            }
        }
    }

    /// All of the old store, then all of the new one: what moves meanwhile is seen there.
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

/// What the cursors of a scan begin with; where a store begins, that is all.
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
    use crate::store::MemoryStore;

    /// A new store that a session is moved to, by somebody else, when it is looked for there.
    struct MovedMeanwhile {
        old: MemoryStore,
        new: MemoryStore,
    }

    impl Store for MovedMeanwhile {
        async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
            MigratingStore::new(self.old.clone(), self.new.clone()).fetch(key).await?;
            self.new.load(key).await
        }

        async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
            self.new.create(key, record).await
        }

        async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
            self.new.update(key, patch).await
        }

        async fn rename(
            &self,
            from: &StoreKey,
            to: &StoreKey,
            patch: &Patch,
        ) -> Result<Updated, StoreError> {
            self.new.rename(from, to, patch).await
        }

        async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
            self.new.delete(key).await
        }

        async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
            self.new.list(principal).await
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

    /// A copy that is left in the old store is not what the session is called now.
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
