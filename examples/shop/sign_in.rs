//! Signing up, in and out.

use serde::Deserialize;
use session_runtime::Session;
use session_runtime::csrf::Csrf;

use super::pages::{Frame, SignIn, SignUp};
use super::visit::Notice;
use super::{Answer, Outcome, Site, Visit};

/// `GET /sign-up`
pub(crate) async fn sign_up_page(site: &Site, session: Session<Visit>, csrf: Csrf) -> Outcome {
    Answer::page(&SignUp { frame: Frame::new(site, &session, &csrf).await? })
}

#[derive(Deserialize)]
pub(crate) struct NewUser {
    name: String,
    password: String,
}

/// `POST /sign-up`
pub(crate) async fn sign_up(
    site: &Site,
    session: Session<Visit>,
    form: NewUser,
    browser: Option<String>,
) -> Outcome {
    let name = form.name.trim().to_owned();
    if name.is_empty() || form.password.chars().count() < 8 {
        session
            .flash_notices(Notice::bad("A name, and a password of at least 8 characters, please."));
        return Ok(Answer::see_other("/sign-up"));
    }
    let Some(id) = site.users.add(name.clone(), form.password).await? else {
        session.flash_notices(Notice::bad("That name is taken."));
        return Ok(Answer::see_other("/sign-up"));
    };
    begin(&session, id, browser);
    session.flash_notices(Notice::good(format!("Welcome, {name}!")));
    Ok(Answer::see_other("/"))
}

/// `GET /sign-in`
pub(crate) async fn sign_in_page(site: &Site, session: Session<Visit>, csrf: Csrf) -> Outcome {
    Answer::page(&SignIn { frame: Frame::new(site, &session, &csrf).await? })
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
    /// Present if the box is ticked.
    keep: Option<String>,
}

/// `POST /sign-in`
pub(crate) async fn sign_in(
    site: &Site,
    session: Session<Visit>,
    form: Credentials,
    browser: Option<String>,
) -> Outcome {
    let Some(id) = site.users.check(form.name.trim().to_owned(), form.password).await? else {
        let failures = session.add_failures(1);
        session.flash_notices(Notice::bad(format!(
            "Name and password do not match. Failed attempts: {failures}."
        )));
        return Ok(Answer::see_other("/sign-in"));
    };
    begin(&session, id, browser);
    session.remember(form.keep.is_some());
    session.flash_notices(Notice::good("You are signed in."));
    Ok(Answer::see_other("/"))
}

/// Signs the user in, which gives the session a new id. A guest's cart stays. If another user is
/// signed in, their session is deleted, cart included.
fn begin(session: &Session<Visit>, id: i64, browser: Option<String>) {
    if session.user_id().is_some_and(|user| user != id) {
        session.destroy();
    }
    session.set_user_id(Some(id));
    session.set_browser(browser);
    session.clear_failures();
    session.clear_confirmed();
}

/// `POST /sign-out`
pub(crate) async fn sign_out(session: Session<Visit>) -> Outcome {
    session.destroy();
    // Starts a new session, which holds only this message.
    session.flash_notices(Notice::good("You are signed out."));
    Ok(Answer::see_other("/"))
}
