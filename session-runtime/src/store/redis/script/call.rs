//! The scripts that run in the server.

use std::fmt;
use std::sync::LazyLock;

/// A script, and the name under which a server remembers it.
pub(crate) struct Script {
    code: &'static str,
    sha1: LazyLock<String>,
}

macro_rules! scripts {
    (
        $($(#[doc = $doc:literal])* $(#[cfg($cfg:meta)])? $name:ident: $($file:literal),+;)+
    ) => {
        $($(#[doc = $doc])* $(#[cfg($cfg)])? pub(crate) static $name: Script = {
            const CODE: &str = concat!($(include_str!($file)),+);
            Script { code: CODE, sha1: LazyLock::new(|| sha1(CODE)) }
        };)+

        #[cfg(test)]
        const ALL: &[&Script] = &[$($(#[cfg($cfg)])? &$name),+];
    };
}

scripts! {
    CREATE: "common.lua", "create.lua";
    UPDATE: "quick.lua", "common.lua", "patch.lua", "update.lua";
    // What several updates do to one field each.
    UPDATE_MANY: "update_many.lua";
    RENAME: "common.lua", "patch.lua", "rename.lua";
    DELETE: "common.lua", "delete.lua";
    // Ends a batch of a principal's sessions.
    DELETE_ALL: "common.lua", "delete_all.lua";
    // The ids in a principal's index.
    IDS: "common.lua", "ids.lua";
    // Marks a session as moved, on a cluster.
    #[cfg(feature = "redis-cluster")]
    TAKE: "common.lua", "patch.lua", "take.lua";
    // Ends one of a principal's sessions, on a cluster.
    #[cfg(feature = "redis-cluster")]
    END: "common.lua", "end.lua";
    // Writes an entry of an index, on a cluster.
    #[cfg(feature = "redis-cluster")]
    ENTER: "common.lua", "enter.lua";
    // Removes entries of an index, on a cluster.
    #[cfg(feature = "redis-cluster")]
    FORGET: "common.lua", "forget.lua";
}

impl Script {
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    pub(crate) fn sha1(&self) -> &str {
        &self.sha1
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sha1())
    }
}

fn sha1(code: &str) -> String {
    sha1_smol::Sha1::from(code).digest().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_told_apart() {
        let mut names: Vec<_> = ALL.iter().map(|script| script.sha1()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert!(names.iter().all(|name| name.len() == 40));
    }
}
