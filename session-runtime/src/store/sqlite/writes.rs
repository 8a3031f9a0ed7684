//! What each write does within the transaction.

use std::cell::Cell;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::schema::Sql;
use crate::clock::{Clock, Timestamp};
use crate::id::StoreKey;
use crate::patch::{Applied, Patch};
use crate::record::{Principal, Record};
use crate::store::Updated;

/// Why a read or write failed: SQLite, or a row that is no record.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The database as a write sees it, within its savepoint.
pub(super) struct Db<'a> {
    pub(super) connection: &'a Connection,
    pub(super) sql: &'a Sql,
    pub(super) clock: &'a dyn Clock,
    /// How many writes of the group may have added a row.
    pub(super) added: Cell<usize>,
}

/// A row as it is read.
pub(super) struct Row {
    expires_at: i64,
    /// The record; a tombstone has none.
    pub(super) text: Option<String>,
}

impl Row {
    pub(super) fn read(
        connection: &Connection,
        sql: &Sql,
        key: &StoreKey,
    ) -> rusqlite::Result<Option<Self>> {
        let read =
            |row: &rusqlite::Row<'_>| Ok(Self { expires_at: row.get(0)?, text: row.get(1)? });
        connection.prepare_cached(&sql.select)?.query_row([key.as_bytes()], read).optional()
    }

    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        millis(now) < self.expires_at
    }
}

impl Db<'_> {
    /// Tells that the write may add a row, so that as much as it adds is swept.
    pub(super) fn adds(&self) {
        self.added.set(self.added.get() + 1);
    }

    /// Keeps a record under a key that is free; answers whether it was.
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
        if let Some(refused) = apply(patch, &mut record) {
            return Ok(refused);
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
        if let Some(refused) = apply(patch, &mut record) {
            return Ok(refused);
        }
        let text = serde_json::to_string(&record)?;
        if !self.insert(to, &record, &text)? {
            return Err("the session cannot be renamed to a key in use".into());
        }
        self.bury(from, Some(to).filter(|_| !patch.signs_in()), tombstone_time)?;
        Ok(Updated::Applied)
    }

    /// Ends the session under `key`, wherever it has moved.
    pub(super) fn delete(
        &self,
        mut key: StoreKey,
        tombstone_time: Duration,
    ) -> Result<(), Failure> {
        loop {
            let moved = self.moved(&key)?;
            self.bury(&key, None, tombstone_time)?;
            match moved {
                Some(to) => key = to,
                None => return Ok(()),
            }
        }
    }

    fn moved(&self, key: &StoreKey) -> Result<Option<StoreKey>, Failure> {
        let mut statement = self.connection.prepare_cached(&self.sql.moved)?;
        let parameters = params![key.as_bytes(), millis(self.clock.now())];
        let to = statement.query_row(parameters, |row| row.get(0)).optional()?;
        Ok(to.map(StoreKey::from_bytes))
    }

    /// Puts a tombstone under `key`, whatever was there.
    fn bury(&self, key: &StoreKey, to: Option<&StoreKey>, time: Duration) -> Result<(), Failure> {
        let until = millis(self.clock.now() + time);
        let mut statement = self.connection.prepare_cached(&self.sql.bury)?;
        statement.execute(params![key.as_bytes(), until, to.map(StoreKey::as_bytes)])?;
        Ok(())
    }

    /// Ends the live sessions of `principal`; answers how many there were.
    pub(super) fn bury_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
        time: Duration,
    ) -> Result<usize, Failure> {
        let now = self.clock.now();
        Ok(self.connection.prepare_cached(&self.sql.bury_all)?.execute(params![
            millis(now + time),
            principal.key(),
            principal.value(),
            millis(now),
            except.map(StoreKey::as_bytes),
        ])?)
    }

    /// Removes up to `limit` expired rows, tombstones included; answers how many there were.
    pub(super) fn sweep(&self, limit: usize) -> Result<usize, Failure> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let now = millis(self.clock.now());
        Ok(self.connection.prepare_cached(&self.sql.sweep)?.execute([now, limit])?)
    }

    fn live(&self, key: &StoreKey) -> Result<Option<Record>, Failure> {
        let row = Row::read(self.connection, self.sql, key)?;
        let text = row.filter(|row| row.is_live(self.clock.now())).and_then(|row| row.text);
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }
}

/// Applies the patch, or tells what is to be answered instead.
fn apply(patch: &Patch, record: &mut Record) -> Option<Updated> {
    match patch.apply(record) {
        Applied::Applied => None,
        Applied::Conflict => Some(Updated::Conflict(record.clone())),
        Applied::Mismatch(key) => Some(Updated::Mismatch(key)),
    }
}

fn columns(principal: Option<&Principal>) -> (Option<&str>, Option<&str>) {
    principal.map(|principal| (principal.key(), principal.value())).unzip()
}

/// SQLite's integers have a sign; times beyond them are never reached.
pub(super) fn millis(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
