//! What all examples read from the environment: `SESSION_STORE`, `SESSION_KEYS` and `PORT`.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use session_runtime::{Keyring, Sessions, Sweeper, schemas, store};

use crate::Visit;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The sessions in the store that `SESSION_STORE` names, and the sweep of expired ones.
pub(crate) async fn sessions() -> Result<(Sessions, Sweeper)> {
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(colours).init();
    let url = variable("SESSION_STORE").unwrap_or_else(|| "sqlite:sessions.db".to_owned());
    let keys = match variable("SESSION_KEYS") {
        Some(_) => Keyring::from_env("SESSION_KEYS")?,
        None => keys_in_file(&key_file(&url))?,
    };
    let sessions = Sessions::builder(store::connect(&url).await?)
        .keys(keys)
        .schemas(schemas![Visit])
        .build()?;
    let sweeper = sessions.sweep_every(Duration::from_secs(60));
    Ok((sessions, sweeper))
}

/// Where to listen.
pub(crate) fn address() -> Result<(&'static str, u16)> {
    let port = variable("PORT").map_or(Ok(3000), |port| port.parse())?;
    Ok(("127.0.0.1", port))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Next to the database: `sessions.keys` for `sqlite:sessions.db`, and for stores without a file.
fn key_file(url: &str) -> PathBuf {
    let file = url.strip_prefix("sqlite:").unwrap_or("sessions.db");
    let file = file.strip_prefix("//").unwrap_or(file);
    Path::new(file.split('?').next().unwrap_or(file)).with_extension("keys")
}

/// The keys in a file that only its owner can read. The first start creates it.
fn keys_in_file(path: &Path) -> Result<Keyring> {
    let key = Keyring::generate_base64()?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(key.as_bytes())?;
            println!("SESSION_KEYS is not set: wrote a random key to {}", path.display());
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            println!("SESSION_KEYS is not set: using the key in {}", path.display());
        }
        Err(error) => return Err(format!("{}: {error}", path.display()).into()),
    }
    Keyring::from_base64(fs::read_to_string(path)?.trim())
        .map_err(|error| format!("{}: {error}", path.display()).into())
}
