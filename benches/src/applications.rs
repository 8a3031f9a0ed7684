//! The applications that are compared.

/// An application under test: a program and its arguments.
#[derive(Debug)]
pub(crate) struct Application {
    /// Its name in tables.
    pub(crate) label: &'static str,
    /// Its folder in `benches`.
    pub(crate) folder: &'static str,
    /// Which of the program's applications.
    pub(crate) name: &'static str,
    pub(crate) framework: Framework,
    pub(crate) store: Store,
}

/// The framework of an application. The bare application of the same framework is subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framework {
    Axum,
    Actix,
}

/// Where an application keeps its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// In the process or in the cookie, so no request waits for a server or a disk.
    Memory,
    Redis,
    Sqlite,
    /// The application has no sessions.
    None,
}

impl Store {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory or cookie",
            Self::Redis => "Redis",
            Self::Sqlite => "SQLite",
            Self::None => "none",
        }
    }
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
    on_axum("tower-sessions", "peers/tower-sessions", "memory", Store::Memory),
    on_axum("tower-sessions, signed", "peers/tower-sessions", "memory-signed", Store::Memory),
    on_axum("tower-sessions", "peers/tower-sessions-stores", "redis", Store::Redis),
    on_axum("tower-sessions", "peers/tower-sessions-stores", "sqlite", Store::Sqlite),
    on_axum("tower-sessions, WAL", "peers/tower-sessions-stores", "sqlite-wal", Store::Sqlite),
    on_axum("axum_session", "peers/axum-session", "memory", Store::Memory),
    on_axum("axum_session, signed", "peers/axum-session", "memory-signed", Store::Memory),
    on_axum("axum_session", "peers/axum-session", "redis", Store::Redis),
    on_axum("axum_session, WAL", "peers/axum-session", "sqlite-wal", Store::Sqlite),
    on_actix("actix-session, signed cookie", "cookie-signed", Store::Memory),
    on_actix("actix-session, private cookie", "cookie-private", Store::Memory),
    on_actix("actix-session", "redis", Store::Redis),
];

const fn ours(
    label: &'static str,
    name: &'static str,
    framework: Framework,
    store: Store,
) -> Application {
    Application { label, folder: OURS, name, framework, store }
}

const fn on_axum(
    label: &'static str,
    folder: &'static str,
    name: &'static str,
    store: Store,
) -> Application {
    Application { label, folder, name, framework: Framework::Axum, store }
}

const fn on_actix(label: &'static str, name: &'static str, store: Store) -> Application {
    Application { label, folder: "peers/actix-session", name, framework: Framework::Actix, store }
}
