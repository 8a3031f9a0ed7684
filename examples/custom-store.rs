//! A store of your own, in one file: sessions as files in a folder.
//!
//! - `cargo test --example custom-store` proves that it keeps the rules of the trait.
//! - `cargo run --example custom-store` serves the visit counter on it.
//!
//! Before you write a store:
//!
//! - The documentation of `session_runtime::store::Store` is the contract. A store handles keys,
//!   records and patches. It knows nothing of cookies, schemas and HTTP.
//! - `Record` implements serde's traits. A backend with one blob for each key can store it as it
//!   is.
//! - A write is one atomic step. Here a lock is enough, because only one process uses the folder.
//!   With a database use a transaction, or a conditional update that you repeat if the record has
//!   changed.
//! - `Patch::apply` applies a patch. Call it between reading and writing.
//! - Leave a tombstone under the key of a session that was deleted or renamed. For a minute, `load`
//!   and `update` return `Gone` there. `delete` then deletes the renamed session, unless the rename
//!   signed somebody in.
//! - Return `Err` only if the backend fails. A missing session is `Absent`.

use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use axum::{Router, routing::get};
use serde::{Deserialize, Serialize};
use session_runtime::axum::SessionLayer;
use session_runtime::patch::{Applied, Patch};
use session_runtime::record::{Principal, Record};
use session_runtime::store::{
    Created, Cursor, Loaded, Page, SessionInfo, Store, StoreError, Updated,
};
use session_runtime::{Keyring, Session, SessionSchema, Sessions, StoreKey, Timestamp};
use tokio::sync::Mutex;

/// Keeps each session in its own file. Only one process may use the folder.
struct FolderStore {
    folder: PathBuf,
    /// Held while a record is read, changed and written, which makes that one atomic step.
    turn: Mutex<()>,
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
enum Entry {
    Live(Record),
    /// A tombstone until this time. A renamed session has a new key.
    Gone(Timestamp, Option<StoreKey>),
}

const TOMBSTONE: Duration = Duration::from_secs(60);

impl Entry {
    fn has_expired(&self) -> bool {
        let now = Timestamp::from(SystemTime::now());
        match self {
            Self::Live(record) => !record.is_live(now),
            Self::Gone(until, _) => *until <= now,
        }
    }
}

impl FolderStore {
    fn open(folder: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), turn: Mutex::default() })
    }

    /// The text of a store key is base64url, which is safe in a file name.
    fn file(&self, key: &StoreKey) -> PathBuf {
        self.folder.join(key.to_string())
    }

    async fn read(&self, file: &Path) -> Result<Option<Entry>, StoreError> {
        let bytes = match tokio::fs::read(file).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::backend(error)),
        };
        let entry: Entry = serde_json::from_slice(&bytes).map_err(StoreError::backend)?;
        // An expired session is absent at once, even if the file still exists.
        Ok(Some(entry).filter(|entry| !entry.has_expired()))
    }

    async fn live(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
        match self.read(&self.file(key)).await? {
            Some(Entry::Live(record)) => Ok(Some(record)),
            Some(Entry::Gone(..)) | None => Ok(None),
        }
    }

    /// Replaces the file in one step, so that a reader sees the old or the new content, even after
    /// a crash.
    async fn write(&self, key: &StoreKey, entry: &Entry) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(entry).map_err(StoreError::backend)?;
        let draft = self.folder.join(format!("{key}.draft"));
        tokio::fs::write(&draft, bytes).await.map_err(StoreError::backend)?;
        tokio::fs::rename(draft, self.file(key)).await.map_err(StoreError::backend)
    }

    async fn leave_tombstone(
        &self,
        key: &StoreKey,
        to: Option<&StoreKey>,
    ) -> Result<(), StoreError> {
        let until = Timestamp::from(SystemTime::now()) + TOMBSTONE;
        self.write(key, &Entry::Gone(until, to.copied())).await
    }

    /// The keys of all sessions and tombstones. A real store would have an index.
    async fn keys(&self) -> Result<Vec<StoreKey>, StoreError> {
        let mut folder = tokio::fs::read_dir(&self.folder).await.map_err(StoreError::backend)?;
        let mut keys = Vec::new();
        while let Some(file) = folder.next_entry().await.map_err(StoreError::backend)? {
            // The name of a draft is not a key.
            keys.extend(file.file_name().to_str().and_then(|name| name.parse::<StoreKey>().ok()));
        }
        Ok(keys)
    }
}

impl Store for FolderStore {
    async fn load(&self, key: &StoreKey) -> Result<Loaded, StoreError> {
        Ok(match self.read(&self.file(key)).await? {
            Some(Entry::Live(record)) => Loaded::Live(record),
            Some(Entry::Gone(..)) => Loaded::Gone,
            None => Loaded::Absent,
        })
    }

    async fn create(&self, key: &StoreKey, record: &Record) -> Result<Created, StoreError> {
        let _turn = self.turn.lock().await;
        if self.read(&self.file(key)).await?.is_some() {
            return Ok(Created::Exists);
        }
        self.write(key, &Entry::Live(record.clone())).await?;
        Ok(Created::Created)
    }

    async fn update(&self, key: &StoreKey, patch: &Patch) -> Result<Updated, StoreError> {
        let _turn = self.turn.lock().await;
        let Some(mut record) = self.live(key).await? else { return Ok(Updated::Gone) };
        match patch.apply(&mut record) {
            Applied::Conflict => Ok(Updated::Conflict(record)),
            Applied::Mismatch(field) => Ok(Updated::Mismatch(field)),
            Applied::Applied => {
                self.write(key, &Entry::Live(record)).await?;
                Ok(Updated::Applied)
            }
        }
    }

    async fn rename(
        &self,
        from: &StoreKey,
        to: &StoreKey,
        patch: &Patch,
    ) -> Result<Updated, StoreError> {
        let _turn = self.turn.lock().await;
        let Some(mut record) = self.live(from).await? else { return Ok(Updated::Gone) };
        if self.read(&self.file(to)).await?.is_some() {
            return Err(StoreError::backend("the session cannot be renamed to a key in use"));
        }
        match patch.apply(&mut record) {
            Applied::Conflict => Ok(Updated::Conflict(record)),
            Applied::Mismatch(field) => Ok(Updated::Mismatch(field)),
            Applied::Applied => {
                // In this order a crash may lose the session, but never leaves two of it.
                self.leave_tombstone(from, Some(to).filter(|_| !patch.signs_in())).await?;
                self.write(to, &Entry::Live(record)).await?;
                Ok(Updated::Applied)
            }
        }
    }

    async fn delete(&self, key: &StoreKey) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let mut key = *key;
        while let Some(Entry::Gone(_, Some(to))) = self.read(&self.file(&key)).await? {
            self.leave_tombstone(&key, None).await?;
            key = to;
        }
        self.leave_tombstone(&key, None).await
    }

    // These methods are optional. Without them `Sessions::list` and the like return errors.

    async fn sweep(&self, limit: usize) -> Result<usize, StoreError> {
        let _turn = self.turn.lock().await;
        let mut swept = 0;
        for key in self.keys().await? {
            if swept == limit {
                break;
            }
            let file = self.file(&key);
            if self.read(&file).await?.is_none() {
                tokio::fs::remove_file(file).await.map_err(StoreError::backend)?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    async fn list(&self, principal: &Principal) -> Result<Vec<SessionInfo>, StoreError> {
        let _turn = self.turn.lock().await;
        let mut listed = Vec::new();
        for key in self.keys().await? {
            if let Some(record) = self.live(&key).await?
                && record.principal.as_ref() == Some(principal)
            {
                listed.push(SessionInfo { key, record });
            }
        }
        Ok(listed)
    }

    async fn delete_all(
        &self,
        principal: &Principal,
        except: Option<&StoreKey>,
    ) -> Result<usize, StoreError> {
        let _turn = self.turn.lock().await;
        let mut deleted = 0;
        for key in self.keys().await? {
            if Some(&key) != except
                && let Some(record) = self.live(&key).await?
                && record.principal.as_ref() == Some(principal)
            {
                self.leave_tombstone(&key, None).await?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    async fn scan(&self, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let mut keys = self.keys().await?;
        keys.sort();
        if let Some(after) = after {
            let after: StoreKey = after.as_str().parse().map_err(StoreError::backend)?;
            keys.retain(|key| *key > after);
        }
        let limit = limit.max(1);
        let next = (keys.len() > limit).then(|| Cursor::new(keys[limit - 1].to_string()));
        let mut sessions = Vec::new();
        for key in keys.into_iter().take(limit) {
            if let Some(record) = self.live(&key).await? {
                sessions.push(SessionInfo { key, record });
            }
        }
        Ok(Page { sessions, next })
    }
}

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
}

async fn index(session: Session<Visit>) -> String {
    format!("Visits: {}\n", session.add_counter(1))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Only this user can read it. It is removed at the end, and the key is new at each start.
    let folder = tempfile::tempdir()?;
    let sessions = Sessions::builder(FolderStore::open(folder.path())?)
        .keys(Keyring::from_base64(&Keyring::generate_base64()?)?)
        .build()?;
    let app = Router::new().route("/", get(index)).layer(SessionLayer::new(sessions));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread")]
async fn keeps_every_rule() {
    let folder = tempfile::tempdir().unwrap();
    let open = || async { FolderStore::open(folder.path()).unwrap() };
    let report = session_runtime::conformance::run(open).await.unwrap();
    assert!(report.skipped().is_empty(), "{report}");
}
