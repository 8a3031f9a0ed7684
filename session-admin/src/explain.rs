//! `session-admin explain`.

use std::io::{BufRead, IsTerminal, Write};
use std::time::Duration;

use http::HeaderValue;
use session_runtime::{
    Backend, CookieOptions, CookiePrefix, CookieStore, ExplainedCookie, Keyring, Refusal, Sessions,
};

use crate::cli::{Explain, Held, StoreArgs};
use crate::outcome::{Answer, Failure, Outcome};
use crate::show;

pub(crate) async fn run(store: &StoreArgs, args: &Explain) -> Outcome {
    let keys = Keyring::from_env("SESSION_KEYS").map_err(usage)?;
    let backend: Backend = match args.held {
        Some(Held::Sealed) => CookieStore::sealed().max_chunks(CHUNKS).into(),
        Some(Held::Signed) => CookieStore::signed().max_chunks(CHUNKS).into(),
        None => store.open().await?.into(),
    };
    let sessions = Sessions::builder(backend)
        .keys(keys)
        .cookie(options(&args.name))
        // The timeout of the application is not known, so only the times in the cookie decide.
        .absolute_timeout(Duration::MAX)
        .build()
        .map_err(usage)?;
    let text = match &args.cookie {
        Some(cookie) if cookie != "-" => cookie.clone(),
        _ => read().map_err(|error| Failure::Usage(format!("no cookie on stdin: {error}")))?,
    };
    let cookies = sessions.explain([header(&args.name, &text)?]).await?;
    if cookies.is_empty() {
        show::print(&format!("not valid: there is no cookie `{}`\n", show::safe(&args.name)))?;
        return Ok(Answer::No);
    }
    for cookie in &cookies {
        show::print(&describe(cookie))?;
    }
    let is_live = cookies.iter().any(ExplainedCookie::is_live);
    Ok(if is_live { Answer::Yes } else { Answer::No })
}

/// The most chunks that an application can configure.
const CHUNKS: usize = 9;

/// Options with the name of the cookie. The others matter only for `Set-Cookie`.
fn options(name: &str) -> CookieOptions {
    let options = CookieOptions::new();
    for (text, prefix) in [("__Host-", CookiePrefix::Host), ("__Secure-", CookiePrefix::Secure)] {
        if let Some(name) = name.strip_prefix(text) {
            return options.name(name.to_owned()).prefix(prefix);
        }
    }
    options.name(name.to_owned()).prefix(CookiePrefix::None)
}

fn usage(error: impl std::fmt::Display) -> Failure {
    Failure::Usage(error.to_string())
}

/// Reads one line from the standard input.
fn read() -> std::io::Result<String> {
    if std::io::stdin().is_terminal() {
        writeln!(
            std::io::stderr(),
            "Type the cookie, then Enter. A terminal cuts a line after 4095 bytes: give a longer \
             cookie through a pipe or a file."
        )?;
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line)
}

/// The `Cookie` header that a request would send. Text without a `=` is only the value of the
/// cookie, which never has one.
fn header(name: &str, text: &str) -> Outcome<HeaderValue> {
    let text = text.trim();
    let text = text.strip_prefix("Cookie:").or(text.strip_prefix("cookie:")).unwrap_or(text).trim();
    let header = match text.contains('=') {
        true => text.to_owned(),
        false => format!("{name}={text}"),
    };
    HeaderValue::from_str(&header).map_err(|_| {
        Failure::Usage("the cookie has a character that no header can have".to_owned())
    })
}

fn describe(cookie: &ExplainedCookie) -> String {
    let mut text = match cookie.refusal {
        None => "valid: it leads to a live session\n".to_owned(),
        Some(refusal) => format!("not valid: {refusal}\n"),
    };
    if let Some(hint) = cookie.refusal.and_then(hint) {
        text += &format!("  {hint}\n");
    }
    if let Some(id) = &cookie.id {
        text += &format!("  id:      {id}\n");
    }
    if let Some(key) = cookie.key {
        let rest = if key == 1 { "" } else { ", not the first" };
        text += &format!("  key:     number {key} of the ring{rest}\n");
    }
    if let Some(created_at) = cookie.created_at {
        text += &format!("  created: {}\n", show::time(created_at));
    }
    if let Some(expires_at) = cookie.expires_at {
        text += &format!("  expires: {}\n", show::time(expires_at));
    }
    text
}

/// What the operator can check next.
fn hint(refusal: Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::Forged => Some(
            "it was changed or made up, its key is not in SESSION_KEYS any more, or --name is not \
             the name of the application's cookie",
        ),
        Refusal::Malformed => {
            Some("was it copied completely? does the cookie itself hold the session (--held)?")
        }
        Refusal::Unknown => {
            Some("it has expired, was ended more than a minute ago, or is in another store")
        }
        _ => None,
    }
}
