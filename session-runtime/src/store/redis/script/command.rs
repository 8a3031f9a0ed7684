//! A script and its `EVALSHA` command. [`CallScript`](super::super::call_script) sends it.

use std::sync::OnceLock;

use redis::{Arg, Cmd, ToRedisArgs};

/// The code of a script, and the SHA-1 under which a server caches it.
pub(in crate::store::redis) struct Script {
    code: &'static str,
    sha1: OnceLock<String>,
}

/// Makes a [`Script`] of one or more files, one after the other.
macro_rules! script {
    ($($file:literal),+) => {
        $crate::store::redis::script::Script::new(concat!($(include_str!($file)),+))
    };
}
pub(in crate::store::redis) use script;

impl Script {
    pub(in crate::store::redis) const fn new(code: &'static str) -> Self {
        Self { code, sha1: OnceLock::new() }
    }

    fn sha1(&self) -> &str {
        self.sha1.get_or_init(|| sha1_smol::Sha1::from(self.code).digest().to_string())
    }
}

/// A script with its keys and arguments: an `EVALSHA` command.
pub(in crate::store::redis) struct ScriptCall {
    script: &'static Script,
    command: Cmd,
}

/// Most calls for one key need no more arguments and bytes than this.
const ARGUMENTS: usize = 16;
const BYTES: usize = 256;

/// The first key's position in the command, after `EVALSHA`, the SHA-1 and the number of keys.
const FIRST_KEY: usize = 3;

impl ScriptCall {
    pub(in crate::store::redis) fn new(script: &'static Script, keys: &[&[u8]]) -> Self {
        let factor = keys.len().max(1);
        let mut command = Cmd::with_capacity(ARGUMENTS * factor, BYTES * factor);
        command.arg("EVALSHA").arg(script.sha1()).arg(keys.len()).arg(keys);
        Self { script, command }
    }

    pub(in crate::store::redis) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        self.command.arg(argument);
        self
    }

    pub(in crate::store::redis) fn command(&self) -> &Cmd {
        &self.command
    }

    pub(in crate::store::redis) fn into_command(self) -> Cmd {
        self.command
    }

    /// The same call as an `EVAL` command, for a server that has not cached the script.
    pub(in crate::store::redis) fn command_with_code(&self) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.script.code);
        for argument in self.arguments().skip(2) {
            command.arg(argument);
        }
        command
    }

    /// The first key. On a cluster it decides which server runs the script.
    pub(in crate::store::redis) fn key(&self) -> &[u8] {
        self.arguments().nth(FIRST_KEY).unwrap_or_default()
    }

    fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        self.command.args_iter().filter_map(|argument| match argument {
            Arg::Simple(argument) => Some(argument),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_sent_by_hash_or_with_its_code() {
        static SCRIPT: Script = Script::new("return 1");
        let call = ScriptCall::new(&SCRIPT, &[b"one", b"two"]).arg("x");
        let texts = |command: &Cmd| {
            let texts = command.args_iter().map(|argument| match argument {
                Arg::Simple(argument) => String::from_utf8(argument.to_vec()).unwrap(),
                _ => panic!("a cursor"),
            });
            texts.collect::<Vec<_>>()
        };
        let sha1 = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";
        assert_eq!(texts(call.command()), ["EVALSHA", sha1, "2", "one", "two", "x"]);
        let with_code = texts(&call.command_with_code());
        assert_eq!(with_code, ["EVAL", "return 1", "2", "one", "two", "x"]);
        assert_eq!(call.key(), b"one");
    }
}
