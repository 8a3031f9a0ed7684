//! Where applications under test keep their sessions: servers and files that one run starts and
//! creates.

use tempfile::TempDir;
use test_servers::{Kind, Server};

use crate::applications::{Application, Store};
use crate::{Error, worker};

/// The stores of one run. They are stopped and removed when this is dropped.
pub(crate) struct Places {
    redis: Server,
    /// On the disk of the build folder, because the system's temporary files may be in memory.
    files: TempDir,
    next_file: u32,
}

impl Places {
    /// Starts the servers that may be needed.
    pub(crate) fn new() -> Result<Self, Error> {
        let folder = worker::target().join("bench");
        std::fs::create_dir_all(&folder)?;
        let files = tempfile::tempdir_in(folder)?;
        Ok(Self { redis: Kind::Redis.start()?, files, next_file: 0 })
    }

    /// The place for an application: the server, or a new file.
    pub(crate) fn of(&mut self, application: &Application) -> Option<String> {
        match application.store {
            Store::Memory | Store::None => None,
            Store::Redis => Some(self.redis.url().to_owned()),
            Store::Sqlite => {
                self.next_file += 1;
                let file = self.files.path().join(format!("{}.db", self.next_file));
                let file = file.display();
                // This library takes URLs.
                Some(if application.is_ours() {
                    format!("sqlite:{file}")
                } else {
                    file.to_string()
                })
            }
        }
    }

    /// The URL of the Redis server.
    pub(crate) fn redis(&self) -> &str {
        self.redis.url()
    }
}
