//! The writes, each within the transaction of its group.

use std::cell::Cell;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::row::{Failure, Row, columns, millis};
use super::schema::Sql;
use crate::clock::Clock;
use crate::id::StoreKey;
use crate::patch::Patch;
use crate::record::{Principal, Record};
use crate::store::contract::{KEY_IN_USE, Updated};

/// The transaction that a write is part of. Each write has a savepoint of its own.
pub(super) struct Transaction<'a> {
    pub(super) connection: &'a Connection,
    pub(super) sql: &'a Sql,
    pub(super) clock: &'a dyn Clock,
    /// How many writes of the group may have added a row.
    pub(super) added: Cell<usize>,
}

impl Transaction<'_> {
    /// Notes that the write may add a row, so that the group sweeps at least as many.
    pub(super) fn may_add_row(&self) {
        self.added.set(self.added.get() + 1);
    }

    /// Stores a record if the key is free; returns whether it was.
    pub(super) fn insert(
        &self,
        key: &StoreKey,
        record: &Record,
        text: &str,
    ) -> Result<bool, Failure> {
        let (principal_key, principal_value) = columns(record.principal.as_ref());
        let changed = self.connection.prepare_cached(&self.sql.insert)?.execute(params![
            key.as_bytes(),
            millis(record.expires_at),
            principal_key,
            principal_value,
            text,
            millis(self.clock.now()),
        ])?;
        Ok(changed == 1)
    }

    pub(super) fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, Failure> {
        let Some(before) = self.live(key)? else { return Ok(Updated::Gone) };
        let mut record = before.clone();
        match Updated::of(patch.apply(&mut record), &before) {
            Updated::Applied => {}
            refused => return Ok(refused),
        }
        let text = serde_json::to_string(&record)?;
        if record.expires_at == before.expires_at && record.principal == before.principal {
            let mut statement = self.connection.prepare_cached(&self.sql.update_record)?;
            statement.execute(params![key.as_bytes(), text])?;
        } else {
            let (principal_key, principal_value) = columns(record.principal.as_ref());
            self.connection.prepare_cached(&self.sql.update)?.execute(params![
                key.as_bytes(),
                millis(record.expires_at),
                principal_key,
                principal_value,
                text,
            ])?;
        }
        Ok(Updated::Applied)
    }

    pub(super) fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
        tombstone_time: Duration,
    ) -> Result<Updated, Failure> {
        let Some(mut record) = self.live(from)? else { return Ok(Updated::Gone) };
        match Updated::of(patch.apply(&mut record), &record) {
            Updated::Applied => {}
            refused => return Ok(refused),
        }
        let text = serde_json::to_string(&record)?;
        if !self.insert(to, &record, &text)? {
            return Err(KEY_IN_USE.into());
        }
        let moved_to = Some(to).filter(|_| !patch.signs_in());
        self.put_tombstone(from, moved_to, tombstone_time)?;
        Ok(Updated::Applied)
    }

    /// Deletes the session under `key`, and follows it if it was renamed.
    pub(super) fn delete(
        &self,
        mut key: StoreKey,
        tombstone_time: Duration,
    ) -> Result<(), Failure> {
        loop {
            let moved_to = self.moved_to(&key)?;
            self.put_tombstone(&key, None, tombstone_time)?;
            match moved_to {
                Some(to) => key = to,
                None => return Ok(()),
            }
        }
    }

    /// Where `delete` follows the session that was under `key`.
    fn moved_to(&self, key: &StoreKey) -> Result<Option<StoreKey>, Failure> {
        let mut statement = self.connection.prepare_cached(&self.sql.moved_to)?;
        let parameters = params![key.as_bytes(), millis(self.clock.now())];
        let to = statement.query_row(parameters, |row| row.get(0)).optional()?;
        Ok(to.map(StoreKey::from_bytes))
    }

    /// Stores a tombstone under `key`, whatever the key holds.
    fn put_tombstone(
        &self,
        key: &StoreKey,
        moved_to: Option<&StoreKey>,
        tombstone_time: Duration,
    ) -> Result<(), Failure> {
        let until = millis(self.clock.now() + tombstone_time);
        let mut statement = self.connection.prepare_cached(&self.sql.put_tombstone)?;
        statement.execute(params![key.as_bytes(), until, moved_to.map(StoreKey::as_bytes)])?;
        Ok(())
    }

    /// Deletes the live sessions of `principal`; returns how many there were.
    pub(super) fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
        tombstone_time: Duration,
    ) -> Result<usize, Failure> {
        let now = self.clock.now();
        Ok(self.connection.prepare_cached(&self.sql.delete_all)?.execute(params![
            millis(now + tombstone_time),
            principal.key(),
            principal.value(),
            millis(now),
            except.map(StoreKey::as_bytes),
        ])?)
    }

    /// Removes up to `limit` expired rows, tombstones included; returns how many there were.
    pub(super) fn sweep(&self, limit: usize) -> Result<usize, Failure> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let now = millis(self.clock.now());
        Ok(self.connection.prepare_cached(&self.sql.sweep)?.execute([now, limit])?)
    }

    fn live(&self, key: &StoreKey) -> Result<Option<Record>, Failure> {
        let row = Row::read(self.connection, self.sql, key)?;
        let text = row.filter(|row| row.is_live(self.clock.now())).and_then(|row| row.record);
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }
}
