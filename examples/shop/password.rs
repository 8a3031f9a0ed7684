//! Changing the password. The site first asks for the old one; that confirmation lasts ten minutes.

use serde::Deserialize;
use session_runtime::csrf::Csrf;
use session_runtime::{Session, StoreKey};

use super::pages::{Confirm, Frame, Password};
use super::visit::Notice;
use super::{Answer, Outcome, Site, Visit, user_or_sign_in};

/// `GET /confirm`
pub(crate) async fn confirm_page(site: &Site, session: Session<Visit>, csrf: Csrf) -> Outcome {
    user_or_sign_in!(site, &session);
    Answer::page(&Confirm { frame: Frame::new(site, &session, &csrf).await? })
}

#[derive(Deserialize)]
pub(crate) struct Confirmation {
    password: String,
}

/// `POST /confirm`
pub(crate) async fn confirm(site: &Site, session: Session<Visit>, form: Confirmation) -> Outcome {
    let user = user_or_sign_in!(site, &session);
    if site.users.check(user.name, form.password).await?.is_none() {
        let failures = session.add_failures(1);
        session.flash_notices(Notice::bad(format!(
            "That is not your password. Failed attempts: {failures}."
        )));
        return Ok(Answer::see_other("/confirm"));
    }
    // The session gains rights. A copy of the old cookie must not get them.
    session.renew();
    session.set_confirmed(true);
    session.clear_failures();
    Ok(Answer::see_other("/password"))
}

/// `GET /password`
pub(crate) async fn password_page(site: &Site, session: Session<Visit>, csrf: Csrf) -> Outcome {
    user_or_sign_in!(site, &session);
    if !session.confirmed() {
        return Ok(Answer::see_other("/confirm"));
    }
    Answer::page(&Password { frame: Frame::new(site, &session, &csrf).await? })
}

#[derive(Deserialize)]
pub(crate) struct NewPassword {
    password: String,
}

/// `POST /password`
pub(crate) async fn change_password(
    site: &Site,
    session: Session<Visit>,
    form: NewPassword,
) -> Outcome {
    let user = user_or_sign_in!(site, &session);
    if !session.confirmed() {
        return Ok(Answer::see_other("/confirm"));
    }
    if form.password.chars().count() < 8 {
        session.flash_notices(Notice::bad("A password of at least 8 characters, please."));
        return Ok(Answer::see_other("/password"));
    }
    site.users.set_password(user.id, form.password).await?;
    // Somebody else who knows the old password may be signed in.
    if let Some(this) = session.id() {
        site.sessions.delete_others::<Visit>(&user.id, &this.parse::<StoreKey>()?).await?;
    }
    session.clear_confirmed();
    session
        .flash_notices(Notice::good("The password is changed. All other devices are signed out."));
    Ok(Answer::see_other("/devices"))
}
