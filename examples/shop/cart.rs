//! The home page, with a counter and a cart. A guest has both, and keeps them after signing in.

use serde::Deserialize;
use session_runtime::Session;
use session_runtime::csrf::Csrf;

use super::pages::{Frame, Home};
use super::visit::Notice;
use super::{Answer, Outcome, Site, Visit};

/// What can be bought.
const GOODS: &[&str] = &["Tea", "Honey", "Cups"];

/// `GET /`
pub(crate) async fn home(site: &Site, session: Session<Visit>, csrf: Csrf) -> Outcome {
    Answer::page(&Home {
        visits: session.add_visits(1),
        goods: GOODS,
        cart: session.cart().into_iter().collect(),
        frame: Frame::new(site, &session, &csrf).await?,
    })
}

#[derive(Deserialize)]
pub(crate) struct Added {
    item: String,
}

/// `POST /cart`
pub(crate) async fn add(session: Session<Visit>, form: Added) -> Outcome {
    let Some(&item) = GOODS.iter().find(|item| **item == form.item) else {
        session.flash_notices(Notice::bad("There is no such thing here."));
        return Ok(Answer::see_other("/"));
    };
    // If two tabs add at once, both are counted.
    session.update_cart(move |cart| *cart.entry(item.to_owned()).or_default() += 1);
    session.flash_notices(Notice::good(format!("{item} is in the cart.")));
    Ok(Answer::see_other("/"))
}

/// `POST /cart/empty`
pub(crate) async fn empty(session: Session<Visit>) -> Outcome {
    session.clear_cart();
    session.flash_notices(Notice::good("The cart is empty."));
    Ok(Answer::see_other("/"))
}
