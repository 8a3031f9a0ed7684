//! The server of the HTTP scenarios: runs the operations that a client sends, on one session.
//!
//! ```text
//! scenario-server --framework axum|actix|poem --store URL --listen 127.0.0.1:0
//!     [--idle-secs N] [--absolute-secs N]
//!     [--cookie sealed|signed] [--chunks N]
//!     [--secure false] [--prefix secure] [--path P] [--domain D]
//!     [--same-site strict|lax|none] [--partitioned true] [--persistent true]
//! ```
//!
//! With `--cookie` the sessions are in cookies, and the store remembers which of them were deleted.
//! With `--store none` nothing remembers that.
//!
//! Its keys come from `SESSION_KEYS`. The first line it prints is `listening on http://…`.

mod actix_app;
mod axum_app;
mod ops;
mod poem_app;
mod schema;

use std::error::Error;
use std::net::TcpListener;
use std::time::Duration;

use session_runtime::csrf::CsrfPolicy;
use session_runtime::revocation::StoreRevocation;
use session_runtime::{
    Backend, CookieOptions, CookiePrefix, CookieStore, Keyring, SameSite, Sessions, schemas, store,
};

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
        "poem" => tokio::runtime::Runtime::new()?
            .block_on(async { poem_app::serve(options.sessions().await?, listener).await }),
        other => Err(format!("--framework is axum, actix or poem, not {other}").into()),
    }
}

/// The policy of the routes that refuse forged requests.
fn csrf_policy() -> CsrfPolicy {
    CsrfPolicy::new().trust_origin("https://friend.example").expect("it is an origin")
}

struct Options {
    framework: String,
    store: String,
    listen: String,
    idle: Option<Duration>,
    absolute: Option<Duration>,
    attributes: CookieOptions,
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
            attributes: CookieOptions::new(),
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
                "--cookie" => options.cookie = Some(value),
                "--chunks" => options.chunks = Some(value.parse()?),
                _ => options.attributes = with_attribute(options.attributes, &name, &value)?,
            }
        }
        Ok(options)
    }

    async fn sessions(&self) -> Result<Sessions> {
        let mut builder = Sessions::builder(self.backend().await?)
            .keys(Keyring::from_env("SESSION_KEYS")?)
            .cookie(self.attributes.clone())
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

/// The cookie with one attribute from the command line.
fn with_attribute(cookie: CookieOptions, name: &str, value: &str) -> Result<CookieOptions> {
    Ok(match (name, value) {
        ("--secure", _) => cookie.secure(value.parse()?),
        ("--prefix", "secure") => cookie.prefix(CookiePrefix::Secure),
        ("--path", _) => cookie.path(value),
        ("--domain", _) => cookie.domain(value),
        ("--same-site", "strict") => cookie.same_site(SameSite::Strict),
        ("--same-site", "lax") => cookie.same_site(SameSite::Lax),
        ("--same-site", "none") => cookie.same_site(SameSite::None),
        ("--partitioned", _) => cookie.partitioned(value.parse()?),
        ("--persistent", _) => cookie.persistent(value.parse()?),
        _ => return Err(format!("unknown option {name} {value}").into()),
    })
}
