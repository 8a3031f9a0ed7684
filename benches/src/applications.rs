//! The applications that are compared.

/// An application under test: a program, and what it is told.
#[derive(Debug)]
pub(crate) struct Application {
    /// What tables call it.
    pub(crate) label: &'static str,
    /// Its folder in `benches`.
    pub(crate) folder: &'static str,
    /// Which of the program's applications.
    pub(crate) name: &'static str,
    pub(crate) framework: Framework,
    pub(crate) store: Store,
}

/// What it is built on; the bare application of the same framework is subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    Axum,
    Actix,
}

/// Where its sessions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// In the process, or in the cookie: nothing is waited for.
    Memory,
    Redis,
    Sqlite,
    /// It has none.
    None,
}

impl Application {
    pub(crate) fn is_ours(&self) -> bool {
        self.folder == OURS
    }
}

impl Framework {
    /// The application without sessions.
    pub(crate) fn bare(self) -> &'static Application {
        match self {
            Self::Axum => &BARE_AXUM,
            Self::Actix => &BARE_ACTIX,
        }
    }
}

const OURS: &str = "ours";

static BARE_AXUM: Application =
    ours("axum without sessions", "axum-bare", Framework::Axum, Store::None);
static BARE_ACTIX: Application =
    ours("actix-web without sessions", "actix-bare", Framework::Actix, Store::None);

/// This library first.
pub(crate) static ALL: &[Application] = &[
    ours("session-runtime", "axum-memory", Framework::Axum, Store::Memory),
    ours("session-runtime", "axum-store", Framework::Axum, Store::Redis),
    ours("session-runtime", "axum-store", Framework::Axum, Store::Sqlite),
    ours("session-runtime, actix-web", "actix-memory", Framework::Actix, Store::Memory),
    ours("session-runtime, actix-web", "actix-store", Framework::Actix, Store::Redis),
];

const fn ours(
    label: &'static str,
    name: &'static str,
    framework: Framework,
    store: Store,
) -> Application {
    Application { label, folder: OURS, name, framework, store }
}
