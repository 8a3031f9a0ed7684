//! The server of the HTTP scenarios: runs what the client asks for on one session.
//!
//! ```text
//! scenario-server --framework axum|actix --store URL --listen 127.0.0.1:0
//!     [--idle-secs N] [--absolute-secs N] [--secure false]
//!     [--cookie sealed|signed] [--chunks N]
//! ```
//!
//! With `--cookie` the sessions live in cookies, and the store remembers which of them were ended;
//! with `--store none` nothing does.
//!
//! Its keys come from `SESSION_KEYS`. The first line it prints is `listening on http://…`.

mod actix_app;
mod axum_app;
mod ops;
mod schema;

use std::error::Error;
use std::net::TcpListener;
use std::time::Duration;

use session_runtime::revocation::StoreRevocation;
use session_runtime::{Backend, CookieOptions, CookieStore, Keyring, Sessions, schemas, store};

use crate::schema::Visit;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::from_args(std::env::args().skip(1))?;
    let listener = TcpListener::bind(&options.listen)?;
    match options.framework.as_str() {
        "axum" => tokio::runtime::Runtime::new()?
            .block_on(async { axum_app::serve(options.sessions().await?, listener).await }),
        "actix" => actix_web::rt::System::new()
            .block_on(async { actix_app::serve(options.sessions().await?, listener).await }),
        other => Err(format!("--framework is axum or actix, not {other}").into()),
    }
}

struct Options {
    framework: String,
    store: String,
    listen: String,
    idle: Option<Duration>,
    absolute: Option<Duration>,
    secure: bool,
    cookie: Option<String>,
    chunks: Option<usize>,
}

impl Options {
    fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self {
            framework: String::new(),
            store: "memory:".to_owned(),
            listen: "127.0.0.1:0".to_owned(),
            idle: None,
            absolute: None,
            secure: true,
            cookie: None,
            chunks: None,
        };
        while let Some(name) = args.next() {
            let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--framework" => options.framework = value,
                "--store" => options.store = value,
                "--listen" => options.listen = value,
                "--idle-secs" => options.idle = Some(Duration::from_secs(value.parse()?)),
                "--absolute-secs" => options.absolute = Some(Duration::from_secs(value.parse()?)),
                "--secure" => options.secure = value.parse()?,
                "--cookie" => options.cookie = Some(value),
                "--chunks" => options.chunks = Some(value.parse()?),
                _ => return Err(format!("unknown option {name}").into()),
            }
        }
        Ok(options)
    }

    async fn sessions(&self) -> Result<Sessions> {
        let mut builder = Sessions::builder(self.backend().await?)
            .keys(Keyring::from_env("SESSION_KEYS")?)
            .cookie(CookieOptions::new().secure(self.secure))
            .schemas(schemas![Visit]);
        if let Some(absolute) = self.absolute {
            builder = builder.absolute_timeout(absolute);
        }
        if let Some(idle) = self.idle {
            builder = builder.idle_timeout(idle);
        }
        Ok(builder.build()?)
    }

    async fn backend(&self) -> Result<Backend> {
        let mut cookie = match self.cookie.as_deref() {
            None => return Ok(store::connect(&self.store).await?.into()),
            Some("sealed") => CookieStore::sealed(),
            Some("signed") => CookieStore::signed(),
            Some(other) => return Err(format!("--cookie is sealed or signed, not {other}").into()),
        };
        if let Some(chunks) = self.chunks {
            cookie = cookie.max_chunks(chunks);
        }
        if self.store != "none" {
            let ended = StoreRevocation::new(store::connect(&self.store).await?);
            cookie = cookie.revocation(ended);
        }
        Ok(cookie.into())
    }
}
