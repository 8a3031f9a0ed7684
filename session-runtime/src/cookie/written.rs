//! `Set-Cookie` headers to be.

/// The values of one or more `Set-Cookie` headers: several if a session is spread over several
/// cookies.
#[derive(Clone, PartialEq, Eq)]
pub struct SetCookies {
    first: String,
    more: Vec<String>,
}

impl SetCookies {
    pub(crate) fn new(first: String) -> Self {
        Self { first, more: Vec::new() }
    }

    pub(crate) fn extend(&mut self, more: impl IntoIterator<Item = String>) {
        self.more.extend(more);
    }

    /// Each value, to go into a header of its own.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.first).chain(self.more.iter().map(String::as_str))
    }
}

impl std::fmt::Debug for SetCookies {
    /// Shows how many there are, never a value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SetCookies({})", 1 + self.more.len())
    }
}
