//! The pages, as templates in `examples/templates`.

use askama::Template;
use session_runtime::Session;
use session_runtime::csrf::Csrf;

use super::visit::Notice;
use super::{Failure, Site, Visit};

/// What every page has.
#[derive(Default)]
pub(super) struct Frame {
    /// Who is signed in.
    pub(super) user: Option<String>,
    /// The messages since the last page.
    pub(super) notices: Vec<Notice>,
    /// The token of the page's forms.
    pub(super) csrf: String,
}

impl Frame {
    /// Takes the notices: they are shown once.
    pub(super) async fn new(
        site: &Site,
        session: &Session<Visit>,
        csrf: &Csrf,
    ) -> Result<Self, Failure> {
        let user = site.user(session).await?.map(|user| user.name);
        Ok(Self { user, notices: session.take_notices(), csrf: csrf.token() })
    }
}

#[derive(Template)]
#[template(path = "home.html")]
pub(super) struct Home {
    pub(super) frame: Frame,
    pub(super) visits: u64,
    pub(super) goods: &'static [&'static str],
    pub(super) cart: Vec<(String, u32)>,
}

#[derive(Template)]
#[template(path = "sign-in.html")]
pub(super) struct SignIn {
    pub(super) frame: Frame,
}

#[derive(Template)]
#[template(path = "sign-up.html")]
pub(super) struct SignUp {
    pub(super) frame: Frame,
}

#[derive(Template)]
#[template(path = "devices.html")]
pub(super) struct Devices {
    pub(super) frame: Frame,
    pub(super) devices: Vec<Device>,
}

/// One session of the user.
pub(super) struct Device {
    pub(super) id: String,
    pub(super) browser: String,
    pub(super) created: String,
    pub(super) last_seen: String,
    pub(super) is_this: bool,
}

#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct Confirm {
    pub(super) frame: Frame,
}

#[derive(Template)]
#[template(path = "password.html")]
pub(super) struct Password {
    pub(super) frame: Frame,
}

#[derive(Template)]
#[template(path = "gone.html")]
pub(super) struct Gone {
    pub(super) frame: Frame,
}
