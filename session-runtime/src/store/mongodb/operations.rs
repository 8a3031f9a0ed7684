//! The commands of each operation.

use ::mongodb::bson::oid::ObjectId;
use ::mongodb::bson::{Bson, Document, doc};
use ::mongodb::error::{Error, ErrorKind, WriteFailure};

use super::document::{self, Failure, binary, date, to_tombstone};
use super::document_update::{DocumentUpdate, Move, stored_under};
use super::store::Inner;
use crate::clock::Timestamp;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};
use crate::store::contract::{Created, KEY_IN_USE, Loaded, Updated};
use crate::store::page::{Cursor, Page, SessionInfo};

/// How many expired documents one batch of a sweep found and deleted.
pub(super) struct Swept {
    pub(super) seen: usize,
    pub(super) deleted: usize,
}

impl Inner {
    pub(super) async fn load(&self, key: &StoreKey) -> Result<Loaded, Failure> {
        match self.collection.find_one(doc! { "keys": binary(key) }).await? {
            Some(found) => document::read(key, &found, self.clock.now()),
            None => Ok(Loaded::Absent),
        }
    }

    pub(super) async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, Failure> {
        let document = document::live(key, record);
        match self.collection.insert_one(&document).await {
            Ok(_) => return Ok(Created::Created),
            Err(error) if !is_duplicate(&error) => return Err(error.into()),
            Err(_) => {}
        }
        // Nothing was inserted. The document with this key may be expired but not removed yet.
        let expired = doc! {
            "keys": binary(key),
            "expires_at": { "$lte": date(self.clock.now()) },
            // Otherwise the document is a session with another current key.
            "$or": [{ "key": binary(key) }, { "key": { "$exists": false } }],
        };
        let replaced = self.collection.replace_one(expired, &document).await?;
        Ok(if replaced.matched_count == 1 { Created::Created } else { Created::Exists })
    }

    /// Applies a patch, and moves the session if there is a new key.
    pub(super) async fn change(
        &self,
        key: &StoreKey,
        patch: &Patch,
        to: Option<&StoreKey>,
    ) -> Result<Updated, Failure> {
        loop {
            let now = self.clock.now();
            let to = to.map(|to| Move { to, gone_until: now + self.tombstone_time });
            if let Some(change) = DocumentUpdate::without_read(key, patch, to, now)
                && self.apply(change).await?
            {
                return Ok(Updated::Applied);
            }
            // Nothing was written. The read shows why.
            let Loaded::Live(before) = self.load(key).await? else { return Ok(Updated::Gone) };
            let mut after = before.clone();
            match Updated::of(patch.apply(&mut after), &before) {
                Updated::Applied => {}
                refused => return Ok(refused),
            }
            let now = self.clock.now();
            if self.apply(DocumentUpdate::after_read(key, patch, to, now, &before, &after)).await? {
                return Ok(Updated::Applied);
            }
            // Another request changed the session after the read, so at least that one succeeded.
        }
    }

    /// Returns whether the filter matched, even if the update changed nothing.
    async fn apply(&self, change: DocumentUpdate) -> Result<bool, Failure> {
        match self.collection.update_one(change.filter, change.update).await {
            Ok(result) => Ok(result.matched_count == 1),
            Err(error) if is_duplicate(&error) => Err(KEY_IN_USE.into()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn delete(&self, key: &StoreKey) -> Result<(), Failure> {
        let mut key = *key;
        while !self.put_tombstone(&key).await? {
            match self.moved_to(&key).await? {
                Some(to) => key = to,
                None => return self.insert_tombstone(&key).await,
            }
        }
        Ok(())
    }

    /// Where `delete` follows the session that was under `key`.
    async fn moved_to(&self, key: &StoreKey) -> Result<Option<StoreKey>, Failure> {
        let Some(found) = self.collection.find_one(doc! { "keys": binary(key) }).await? else {
            return Ok(None);
        };
        match document::read(key, &found, self.clock.now())? {
            Loaded::Gone => document::moved_to(key, &found),
            Loaded::Live(_) | Loaded::Absent => Ok(None),
        }
    }

    async fn insert_tombstone(&self, key: &StoreKey) -> Result<(), Failure> {
        let tombstone = document::tombstone(key, self.clock.now() + self.tombstone_time);
        match self.collection.insert_one(tombstone).await {
            // The key has a tombstone already, or a session that was created at this moment.
            Err(error) if is_duplicate(&error) => self.put_tombstone(key).await.map(drop),
            inserted => Ok(inserted.map(drop)?),
        }
    }

    /// Turns the session into a tombstone; returns whether there was one.
    async fn put_tombstone(&self, key: &StoreKey) -> Result<bool, Failure> {
        let until = self.clock.now() + self.tombstone_time;
        let result = self.collection.update_one(stored_under(key), to_tombstone(until)).await?;
        Ok(result.matched_count == 1)
    }

    pub(super) async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, Failure> {
        let now = self.clock.now();
        let mut filter = sessions_of(principal, now);
        if let Some(except) = except {
            filter.insert("key", doc! { "$ne": binary(except) });
        }
        let update = to_tombstone(now + self.tombstone_time);
        let result = self.collection.update_many(filter, update).await?;
        Ok(usize::try_from(result.matched_count)?)
    }

    pub(super) async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, Failure> {
        let mut found = self.collection.find(sessions_of(principal, self.clock.now())).await?;
        let mut infos = Vec::new();
        while found.advance().await? {
            let document = found.deserialize_current()?;
            if let Some(key) = document::current_key(&document)? {
                infos.push(SessionInfo { key, record: document::record(&document)? });
            }
        }
        Ok(infos)
    }

    /// Scans in the order of `_id`, which a session keeps when it is renamed.
    pub(super) async fn scan(
        &self,
        after: Option<ObjectId>,
        limit: usize,
    ) -> Result<Page, Failure> {
        let filter = after.map_or(Document::new(), |after| doc! { "_id": { "$gt": after } });
        let find = self.collection.find(filter).sort(doc! { "_id": 1 });
        let mut found = find.limit(i64::try_from(limit).unwrap_or(i64::MAX)).await?;
        let now = self.clock.now();
        let (mut sessions, mut read, mut last) = (Vec::new(), 0, None);
        while found.advance().await? {
            let document = found.deserialize_current()?;
            (read, last) = (read + 1, Some(document.get_object_id("_id")?));
            if let Some(key) = document::current_key(&document)? {
                let record = document::record(&document)?;
                if record.is_live(now) {
                    sessions.push(SessionInfo { key, record });
                }
            }
        }
        let next = last.filter(|_| read == limit);
        Ok(Page { sessions, next: next.map(|last| Cursor::new(last.to_hex())) })
    }

    pub(super) async fn sweep(&self, batch: usize) -> Result<Swept, Failure> {
        let now = date(self.clock.now());
        let mut expired = doc! {
            "expires_at": { "$lte": now },
            // The tombstone of a former key may last longer than the session.
            "ended": { "$not": { "$gt": now } },
        };
        let limit = i64::try_from(batch)?;
        let mut found = self
            .collection
            .find(expired.clone())
            .projection(doc! { "_id": 1 })
            .limit(limit)
            .await?;
        let mut ids = Vec::new();
        while found.advance().await? {
            ids.extend(found.deserialize_current()?.remove("_id"));
        }
        if ids.is_empty() {
            return Ok(Swept { seen: 0, deleted: 0 });
        }
        let seen = ids.len();
        expired.insert("_id", doc! { "$in": Bson::Array(ids) });
        let deleted = self.collection.delete_many(expired).await?.deleted_count;
        Ok(Swept { seen, deleted: usize::try_from(deleted)? })
    }
}

fn sessions_of(principal: &Principal, now: Timestamp) -> Document {
    doc! {
        "principal.key": { "$eq": principal.key() },
        "principal.value": { "$eq": principal.value() },
        "expires_at": { "$gt": date(now) },
    }
}

/// Whether the unique index refused the write. Then nothing has changed.
fn is_duplicate(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == 11000)
}
