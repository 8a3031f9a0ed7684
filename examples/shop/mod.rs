//! The accounts site, for any framework: its session, its users and its answers.

mod answer;
mod cart;
mod devices;
mod pages;
mod password;
mod sign_in;
mod users;
mod visit;
#[cfg(test)]
pub(crate) mod walk;

use session_runtime::{Session, Sessions};

pub(crate) use self::answer::{Answer, Failure, Outcome};
pub(crate) use self::cart::{add, empty, home};
pub(crate) use self::devices::{devices, end_device, end_others};
pub(crate) use self::password::{change_password, confirm, confirm_page, password_page};
pub(crate) use self::sign_in::{sign_in, sign_in_page, sign_out, sign_up, sign_up_page};
pub(crate) use self::users::Users;
pub(crate) use self::visit::Visit;

/// The fields of the forms.
pub(crate) mod forms {
    pub(crate) use super::cart::Added;
    pub(crate) use super::devices::Device;
    pub(crate) use super::password::{Confirmation, NewPassword};
    pub(crate) use super::sign_in::{Credentials, NewUser};
}

/// What all requests share.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) sessions: Sessions,
    pub(crate) users: Users,
}

/// Who is signed in.
struct User {
    id: i64,
    name: String,
}

impl Site {
    /// The user of this session, if it has one.
    async fn user(&self, session: &Session<Visit>) -> Result<Option<User>, Failure> {
        let Some(id) = session.user_id() else { return Ok(None) };
        Ok(self.users.name(id).await?.map(|name| User { id, name }))
    }
}

/// The user of this session. If nobody is signed in, the handler returns a redirect to the sign-in
/// page.
macro_rules! user_or_sign_in {
    ($site:expr, $session:expr) => {
        match $site.user($session).await? {
            Some(user) => user,
            None => {
                $session.flash_notices(Notice::bad("Please sign in first."));
                return Ok(Answer::see_other("/sign-in"));
            }
        }
    };
}
use user_or_sign_in;
