//! What the setter of an `Option` field with `into` accepts.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the setter of a `#[session(into)]` field of type `Option<T>` accepts.
///
/// It accepts `None`, `Some(value)` and the value. For texts and paths it also accepts the usual
/// types that convert to them, such as `&str`.
///
/// ```
/// use session_runtime::{Session, SessionSchema};
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     #[session(into)]
///     theme: Option<String>,
/// }
///
/// fn handler(session: &Session<Visit>) {
///     session.set_theme("dark");
///     session.set_theme(String::from("dark"));
///     session.set_theme(Some(String::from("dark")));
///     session.set_theme(None);
/// }
/// ```
///
/// Implement it for types of your own:
///
/// ```
/// use session_runtime::IntoOption;
///
/// struct UserId(u64);
///
/// impl IntoOption<UserId> for u64 {
///     fn into_option(self) -> Option<UserId> {
///         Some(UserId(self))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "an `Option<{T}>` cannot be set to a `{Self}`",
    label = "not `None`, `Some(..)`, `{T}` or what becomes one",
    note = "convert it first, or, for a type of your own, implement \
            `session_runtime::IntoOption<{T}>`"
)]
pub trait IntoOption<T> {
    /// Converts it to the value of the field.
    fn into_option(self) -> Option<T>;
}

impl<T> IntoOption<T> for T {
    fn into_option(self) -> Option<T> {
        Some(self)
    }
}

// This is the only implementation for an `Option`, so that the type of `None` can be inferred.
impl<T> IntoOption<T> for Option<T> {
    fn into_option(self) -> Self {
        self
    }
}

macro_rules! convert {
    ($($owned:ty: $($from:ty),+;)+) => {$($(
        impl IntoOption<$owned> for $from {
            fn into_option(self) -> Option<$owned> {
                Some(self.into())
            }
        }
    )+)+};
}

convert! {
    String: &str, &String, Box<str>, Cow<'_, str>, char;
    Box<str>: &str, String;
    Arc<str>: &str, String;
    PathBuf: &str, String, &Path;
}
