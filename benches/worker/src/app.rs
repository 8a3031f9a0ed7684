//! An application under test.

use std::time::Duration;

/// An application with the routes of [`path`], called directly, without a network.
///
/// The bare application of a framework has the same routes and no sessions. Its cost is subtracted.
/// So the code of an implementation of this trait does not change the figures.
pub trait App: 'static {
    /// The framework's response.
    type Response;
    /// A `Cookie` header that is cheap to clone.
    type Cookie: Clone + 'static;

    /// Sends `GET path`.
    fn call(
        &self,
        path: &'static str,
        cookie: Option<Self::Cookie>,
    ) -> impl Future<Output = Self::Response>;

    /// The `Cookie` header with this text.
    fn cookie(text: &str) -> Self::Cookie;

    /// The response's status code.
    fn status(response: &Self::Response) -> u16;

    /// The `Set-Cookie` headers.
    fn set_cookies(response: &Self::Response) -> impl Iterator<Item = &str>;

    /// The body as text.
    fn text(response: Self::Response) -> impl Future<Output = String>;
}

/// The routes that every application has.
pub mod path {
    /// Does not touch the session.
    pub const UNTOUCHED: &str = "/untouched";
    /// Returns the counter.
    pub const READ: &str = "/read";
    /// Adds one to the counter and returns it.
    pub const COUNT: &str = "/count";
    /// As [`COUNT`], with [`A_MOMENT`](super::A_MOMENT) between reading and writing.
    pub const COUNT_LATE: &str = "/count-late";
    /// As [`COUNT`], with [`A_WHILE`](super::A_WHILE) between reading and writing.
    pub const COUNT_SLOWLY: &str = "/count-slowly";
    /// Keeps four small fields: a user's number, name, theme, and the counter.
    pub const SIGN_IN: &str = "/sign-in";
    /// Deletes the session.
    pub const SIGN_OUT: &str = "/sign-out";
    /// Returns the user's number, or 0 if nobody is signed in.
    pub const USER: &str = "/user";

    /// All of them.
    pub const ALL: [&str; 8] =
        [UNTOUCHED, READ, COUNT, COUNT_LATE, COUNT_SLOWLY, SIGN_IN, SIGN_OUT, USER];
}

/// How long a handler waits for something else, such as a database.
pub const A_MOMENT: Duration = Duration::from_millis(1);

/// How long a slow request takes.
pub const A_WHILE: Duration = Duration::from_millis(100);

/// The number of the user who signs in.
pub const USER: u64 = 7;
/// The name of the user who signs in.
pub const NAME: &str = "Ada Lovelace";
/// The theme that the user has chosen.
pub const THEME: &str = "dark";
