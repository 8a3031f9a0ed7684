//! The accounts: a table in SQLite, with hashed passwords.

use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::{
    Error as HashError, PasswordHasher, PasswordVerifier, phc::PasswordHash,
};
use rusqlite::{Connection, OptionalExtension, params};

use super::Failure;

/// The users of the site.
#[derive(Clone)]
pub(crate) struct Users {
    connection: Arc<Mutex<Connection>>,
    /// Checked if no user has the name, so that the answer takes as long.
    nobodys_hash: Arc<str>,
}

impl Users {
    /// Opens the table, and creates it if it is missing.
    pub(crate) fn open(file: &Path) -> Result<Self, Box<dyn Error>> {
        Self::within(Connection::open(file)?)
    }

    /// A table in memory.
    #[cfg(test)]
    pub(crate) fn in_memory() -> Result<Self, Box<dyn Error>> {
        Self::within(Connection::open_in_memory()?)
    }

    fn within(connection: Connection) -> Result<Self, Box<dyn Error>> {
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS users (
                id INTEGER PRIMARY KEY,
                name TEXT NOT NULL UNIQUE COLLATE NOCASE,
                password TEXT NOT NULL
            )",
        )?;
        let nobodys_hash = hash("the hash of this is compared with nothing")?.into();
        Ok(Self { connection: Arc::new(Mutex::new(connection)), nobodys_hash })
    }

    /// A new user; `None` if the name is taken.
    pub(super) async fn add(&self, name: String, password: String) -> Result<Option<i64>, Failure> {
        self.blocking(move |users| {
            let hash = hash(&password)?;
            users.query(|table| {
                let insert = "INSERT INTO users (name, password) VALUES (?1, ?2)
                    ON CONFLICT DO NOTHING RETURNING id";
                table.query_row(insert, params![name, hash], |row| row.get(0)).optional()
            })
        })
        .await
    }

    /// The user with this name and password. The time does not tell whether the name exists.
    pub(super) async fn check(
        &self,
        name: String,
        password: String,
    ) -> Result<Option<i64>, Failure> {
        self.blocking(move |users| {
            let found: Option<(i64, String)> = users.query(|table| {
                let select = "SELECT id, password FROM users WHERE name = ?1";
                table.query_row(select, [name], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })?;
            let (id, hash) = match found {
                Some((id, hash)) => (Some(id), hash),
                None => (None, users.nobodys_hash.to_string()),
            };
            let matches = is_hash_of(&password, &hash);
            Ok(id.filter(|_| matches))
        })
        .await
    }

    /// The name of the user; `None` if there is no such user any more.
    pub(super) async fn name(&self, id: i64) -> Result<Option<String>, Failure> {
        self.blocking(move |users| {
            users.query(|table| {
                let select = "SELECT name FROM users WHERE id = ?1";
                table.query_row(select, [id], |row| row.get(0)).optional()
            })
        })
        .await
    }

    /// Changes the password of the user.
    pub(super) async fn set_password(&self, id: i64, password: String) -> Result<(), Failure> {
        self.blocking(move |users| {
            let hash = hash(&password)?;
            users.query(|table| {
                table.execute("UPDATE users SET password = ?2 WHERE id = ?1", params![id, hash])
            })?;
            Ok(())
        })
        .await
    }

    fn query<T>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Failure> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(query(&connection)?)
    }

    /// Hashing and queries block a thread, so they run outside of the threads that serve requests.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let users = self.clone();
        tokio::task::spawn_blocking(move || work(&users)).await?
    }
}

fn hash(password: &str) -> Result<String, HashError> {
    Ok(Argon2::default().hash_password(password.as_bytes())?.to_string())
}

fn is_hash_of(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}
