//! When a write is on disk.

/// When a write is on disk: SQLite's `synchronous` setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Before the store answers: the write survives a loss of power. The default.
    #[default]
    Full,
    /// Some time later: the write survives the end of the process.
    ///
    /// A loss of power may undo the last writes, a logout included. The file stays intact. This is
    /// faster where syncing is slow.
    Normal,
}
