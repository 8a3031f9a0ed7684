//! The errors of this crate: opaque, with predicates and sources.

use std::cmp::Reverse;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::record::{Fields, SharedStr};

type Source = Box<dyn StdError + Send + Sync>;

/// A store's backend failed, or the store does not support the operation.
///
/// If a write failed, its outcome is unknown: it may have happened. A missing session is never an
/// error.
///
/// ```
/// use session_runtime::store::StoreError;
///
/// let error = StoreError::backend(std::io::Error::other("disk on fire"));
/// assert!(!error.is_unsupported());
/// assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "disk on fire");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct StoreError {
    kind: StoreErrorKind,
    #[source]
    source: Option<Source>,
}

#[derive(Debug, thiserror::Error)]
enum StoreErrorKind {
    #[error("the session store failed")]
    Backend,
    #[error("this session store does not support the operation")]
    Unsupported,
}

impl StoreError {
    /// The backend failed with `source`.
    pub fn backend(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind: StoreErrorKind::Backend, source: Some(source.into()) }
    }

    /// The store does not support this operation. The provided methods of
    /// [`Store`](crate::store::Store) answer it.
    pub fn unsupported() -> Self {
        Self { kind: StoreErrorKind::Unsupported, source: None }
    }

    /// Whether the store does not support the operation.
    pub fn is_unsupported(&self) -> bool {
        matches!(self.kind, StoreErrorKind::Unsupported)
    }
}

/// A mistake in the configuration: a key, a cookie option, a store's URL or option.
///
/// The message says what is wrong and where. It never shows a secret. `Debug` shows the message and
/// its causes, so that a `main` which returns the error prints it in plain words.
///
/// ```
/// use session_runtime::Keyring;
///
/// let error = Keyring::from_base64("c2hvcnQ=").unwrap_err();
/// assert!(format!("{error:?}").starts_with("key 1 has 5 bytes"));
/// ```
#[derive(thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    message: Box<str>,
    #[source]
    source: Option<Source>,
}

impl ConfigError {
    /// A mistake described by `message`: lower case, no full stop, with what to do instead.
    pub fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string().into(), source: None }
    }

    /// A mistake with its cause.
    pub fn with_source(
        message: impl fmt::Display,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { message: message.to_string().into(), source: Some(source.into()) }
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Chain(self), f)
    }
}

/// Why a session could not be loaded or saved.
///
/// The adapters answer it with [`status`](Self::status) and an empty body, and report the cause
/// through `tracing`. A handler that returns the error with `?` gets the same answer. A handler can
/// also ask for the reason:
///
/// ```
/// # use session_runtime::{Session, SessionSchema};
/// # #[derive(SessionSchema)]
/// # struct Visit {
/// #     draft: String,
/// # }
/// async fn save(session: Session<Visit>, text: String) -> &'static str {
///     session.set_draft(text);
///     match session.commit().await {
///         Ok(()) => "Saved.",
///         Err(error) if error.is_gone() => "You have signed out in another window.",
///         Err(error) if error.is_too_large() => "That is more than a cookie holds.",
///         Err(error) if error.status().as_u16() == 503 => "Please try again in a moment.",
///         Err(_) => "It was not saved.",
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SessionError(
    // Boxed, because every answer has room for one.
    #[source] Box<SessionErrorKind>,
);

fn store_error(error: &StoreError) -> &'static str {
    match error.is_unsupported() {
        true => "the session store cannot do this",
        false => "the session store failed",
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionErrorKind {
    #[error("{}", store_error(.0))]
    Store(#[source] StoreError),
    #[error(
        "the session was ended or renewed by another request; this request's changes were dropped"
    )]
    Gone,
    #[error("other requests kept changing the same session fields for {0:?}")]
    Contended(Duration),
    #[error(
        "an earlier commit of this session failed or was cancelled, or the request ended without a \
         response; whether everything was saved is unknown"
    )]
    Interrupted,
    #[error("session field `{key}` does not hold {expected}: {reason}")]
    Mismatch { key: SharedStr, expected: &'static str, reason: String },
    #[error("session field `{key}` of type `{type_name}` cannot be written as JSON")]
    Encode { key: &'static str, type_name: &'static str, source: serde_json::Error },
    #[error("the session cannot be written into its cookie")]
    Content(#[source] serde_json::Error),
    #[error("{0}")]
    TooLarge(TooLarge),
    #[error("{0}")]
    Schema(Box<str>),
    #[cfg(any(feature = "actix", feature = "axum", feature = "poem"))]
    #[error("no session layer: {0}")]
    MissingLayer(&'static str),
    #[error("no session was made, for nothing was stored in it")]
    NothingIssued,
    #[error("the response was already sent, so its cookie cannot be changed any more")]
    ResponseSent,
    #[error("the operating system gave no random bytes")]
    Random(#[source] getrandom::Error),
}

/// A session does not fit into its cookie.
#[derive(Debug)]
pub(crate) struct TooLarge {
    /// The bytes of the cookie's value, and their limit.
    size: usize,
    capacity: usize,
    /// The bytes of each field's key and value, the largest first.
    fields: Vec<(Box<str>, usize)>,
}

impl TooLarge {
    /// `size` bytes do not fit into `capacity`.
    pub(crate) fn new(size: usize, capacity: usize, fields: &Fields) -> Self {
        let mut fields: Vec<_> =
            fields.iter().map(|(key, text)| (key.into(), key.len() + text.len())).collect();
        fields.sort_by_key(|(_, size)| Reverse(*size));
        Self { size, capacity, fields }
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, capacity, .. } = self;
        write!(
            f,
            "the session needs {size} bytes in its cookie, and {capacity} are free; its fields:"
        )?;
        for (at, (key, bytes)) in self.fields.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma} `{key}` {bytes} bytes")?;
        }
        Ok(())
    }
}

impl From<SessionErrorKind> for SessionError {
    fn from(kind: SessionErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        SessionErrorKind::Store(error).into()
    }
}

impl SessionError {
    /// The HTTP status of the answer: 409 if the session is [gone](Self::is_gone), 503 if a retry
    /// may help, otherwise 500.
    pub fn status(&self) -> http::StatusCode {
        match *self.0 {
            SessionErrorKind::Gone => http::StatusCode::CONFLICT,
            _ if self.is_store() => http::StatusCode::SERVICE_UNAVAILABLE,
            SessionErrorKind::Contended(_) | SessionErrorKind::Interrupted => {
                http::StatusCode::SERVICE_UNAVAILABLE
            }
            _ => http::StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// How many seconds a client should wait before a retry, if that is known.
    pub fn retry_after(&self) -> Option<u32> {
        self.is_contended().then_some(1)
    }

    /// Whether the store failed.
    pub fn is_store(&self) -> bool {
        matches!(&*self.0, SessionErrorKind::Store(error) if !error.is_unsupported())
    }

    /// Whether the store does not support the operation, such as a list of a user's sessions
    /// without an index.
    pub fn is_unsupported(&self) -> bool {
        matches!(&*self.0, SessionErrorKind::Store(error) if error.is_unsupported())
    }

    /// Whether another request ended or renewed the session, so that changes were dropped.
    pub fn is_gone(&self) -> bool {
        matches!(*self.0, SessionErrorKind::Gone)
    }

    /// Whether the deadline passed while other requests kept changing the same fields.
    pub fn is_contended(&self) -> bool {
        matches!(*self.0, SessionErrorKind::Contended(_))
    }

    /// Whether an earlier commit of the same request was cancelled or failed, or the request ended
    /// without a response, so that changes were dropped.
    pub fn is_interrupted(&self) -> bool {
        matches!(*self.0, SessionErrorKind::Interrupted)
    }

    /// Whether a stored value does not decode into its field, or a counter holds no integer.
    pub fn is_mismatch(&self) -> bool {
        matches!(*self.0, SessionErrorKind::Mismatch { .. })
    }

    /// Whether the session does not fit into the cookie of a [`CookieStore`](crate::CookieStore).
    /// The message lists the fields with their sizes.
    pub fn is_too_large(&self) -> bool {
        matches!(*self.0, SessionErrorKind::TooLarge(_))
    }

    /// Whether a cookie was needed after the response was sent.
    pub fn is_response_sent(&self) -> bool {
        matches!(*self.0, SessionErrorKind::ResponseSent)
    }

    /// Reports the error to the operator. A failed call of a store was reported already.
    pub(crate) fn report(&self, doing: &'static str) {
        if !self.is_store() {
            self.report_anyway(doing);
        }
    }

    /// Reports the error to the operator, even if it is a store's: the application may have caused
    /// it.
    pub(crate) fn report_anyway(&self, doing: &'static str) {
        match *self.0 {
            SessionErrorKind::Gone => tracing::info!(error = %Chain(self), "{doing} failed"),
            _ => tracing::error!(error = %Chain(self), "{doing} failed"),
        }
    }
}

/// An error with its causes, in one line.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut error = self.0;
        let mut last = error.to_string();
        f.write_str(&last)?;
        while let Some(source) = error.source() {
            error = source;
            let text = error.to_string();
            // A wrapper may repeat the message of its cause.
            if text != last {
                write!(f, ": {text}")?;
                last = text;
            }
        }
        Ok(())
    }
}
