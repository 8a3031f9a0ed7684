//! The command line.

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use session_runtime::StoreKey;
use session_runtime::record::Principal;

const MORE: &str = "\
Examples:
  export SESSION_STORE=sqlite:sessions.db
  session-admin list --principal user_id=7
  session-admin end --principal user_id=7 --except rRzHYaA0Wb1fU0VhbWnDPg
  session-admin copy --to redis://localhost

Exit codes:
  0  done, and everything is as it should be
  1  done, but something is wrong: the cookie is not valid, there is no such session, sessions are
     missing in the copy
  2  wrong arguments
  3  the store cannot be used, or failed; or the output cannot be written

The id of a session is the one that the application logs and that `Session::id()` returns. The
cookie holds another one, so the id is no secret. Values of fields are printed only with
--show-values.";

/// Lists, ends, sweeps, copies and explains the sessions of a store.
#[derive(Parser)]
#[command(version, after_help = MORE, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Args)]
pub(crate) struct StoreArgs {
    /// The URL of the store, as in the application: sqlite:sessions.db, redis://host:6379/0,
    /// redis-cluster://host:6379, webdis://host:7379, postgres://user@host/database,
    /// mongodb://host/database, with their options. Other users of the machine can read arguments,
    /// so put a URL with a password into the variable.
    #[arg(long = "store", value_name = "URL", env = "SESSION_STORE", hide_env_values = true)]
    #[arg(global = true)]
    pub(crate) url: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the live sessions of a principal, which is somebody who is signed in.
    List(List),
    /// End one session, or all sessions of a principal.
    End(End),
    /// Remove expired sessions. Redis and MongoDB do it by themselves.
    Sweep,
    /// Copy all live sessions to another store, and check that they are there.
    #[command(long_about = COPY)]
    Copy(Copy),
    /// Say whether a cookie leads to a live session, and if not, why. The variable SESSION_KEYS
    /// must hold the application's keys.
    Explain(Explain),
    /// Say whether the store answers.
    Health,
}

#[derive(Args)]
pub(crate) struct List {
    /// Whose sessions: the stored key of the principal field and its value as JSON text, such as
    /// user_id=7, or 'user="anna"' with the quotes.
    #[arg(long, value_name = "KEY=JSON", value_parser = principal)]
    pub(crate) principal: Principal,
    /// Print a JSON array.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the values of the fields, not only their names.
    #[arg(long)]
    pub(crate) show_values: bool,
}

#[derive(Args)]
#[group(skip)]
#[command(group = ArgGroup::new("whom").required(true).args(["id", "principal"]))]
pub(crate) struct End {
    /// The session with this id.
    #[arg(value_name = "ID", allow_hyphen_values = true)]
    pub(crate) id: Option<StoreKey>,
    /// All sessions of a principal: the stored key of its field and its value as JSON text.
    #[arg(long, value_name = "KEY=JSON", value_parser = principal)]
    pub(crate) principal: Option<Principal>,
    /// Keep the session with this id.
    #[arg(long, value_name = "ID", conflicts_with = "id", allow_hyphen_values = true)]
    pub(crate) except: Option<StoreKey>,
}

const COPY: &str = "\
Copy all live sessions of --store to another store, and check that they are there.

Ids, fields, times and principals stay the same, so every cookie still leads to its session. \
Sessions that the target already has are not changed, so the command may be interrupted and \
repeated. Nothing is removed from the source.

To move an application that runs: first let all its processes use `MigratingStore::new(old, new)`. \
Then copy from the old store to the new one. Then empty the old store. Only then let the \
application use just the new store.

Without a `MigratingStore`, stop the application, copy into an empty store, and start it with the \
new one. If it runs during the copy, a session that is ended in the source after it was copied \
lives on in the target.";

#[derive(Args)]
pub(crate) struct Copy {
    /// The URL of the target. PostgreSQL creates its table only with the option migrate=true.
    #[arg(long, value_name = "URL", env = "SESSION_STORE_TO", hide_env_values = true)]
    pub(crate) to: String,
}

#[derive(Args)]
pub(crate) struct Explain {
    /// The value of the cookie, or the whole `Cookie` header of a request. Without it, the command
    /// reads the standard input. A cookie in the arguments stays in the shell's history, and
    /// everybody who reads it there can use the session.
    #[arg(value_name = "COOKIE", allow_hyphen_values = true)]
    pub(crate) cookie: Option<String>,
    /// The cookie's name.
    #[arg(long, value_name = "NAME", default_value = "__Host-id")]
    pub(crate) name: String,
    /// How the session is protected, if the cookie itself holds it. Then no store is asked, so the
    /// command cannot say whether the session was ended.
    #[arg(long, value_name = "HOW")]
    pub(crate) held: Option<Held>,
}

/// How a session is protected that the cookie itself holds.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Held {
    /// `CookieStore::sealed`
    Sealed,
    /// `CookieStore::signed`
    Signed,
}

fn principal(text: &str) -> Result<Principal, String> {
    let Some((key, value)) = text.split_once('=') else {
        return Err("there is no `=`; write e.g. user_id=7".to_owned());
    };
    match serde_json::from_str::<&serde_json::value::RawValue>(value) {
        Ok(value) => Ok(Principal::new(key, value.get())),
        Err(_) => Err(format!(
            "the value is not JSON; write a string in quotes: '{key}={}'",
            serde_json::Value::from(value)
        )),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn principals_are_json_text() {
        assert_eq!(principal("user_id=7").unwrap(), Principal::new("user_id", "7"));
        let anna = Principal::new("user", r#""anna=1""#);
        assert_eq!(principal(r#"user="anna=1""#).unwrap(), anna);
        assert!(principal("user=anna").unwrap_err().contains(r#"'user="anna"'"#));
        assert!(principal("user").unwrap_err().contains('='));
    }
}
