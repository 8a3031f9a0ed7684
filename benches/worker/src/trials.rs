//! What speed is for: whether concurrent requests of one session get it right.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::Error;
use crate::app::{A_WHILE, App, USER, path};
use crate::serve::{cookie_of, newcomer, visit};

const INCREMENTS: u64 = 1_000;
const AT_ONCE: usize = 50;

/// What came of 1,000 increments of one session's counter.
pub(crate) struct Increments {
    /// Answered with 200, but not counted.
    lost: u64,
    /// Answered with another status.
    refused: u64,
}

impl fmt::Display for Increments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refused {
            0 => write!(f, "{}", self.lost),
            refused => write!(f, "{}, and {refused} failed", self.lost),
        }
    }
}

/// Increments one session's counter 1,000 times.
pub(crate) async fn lost_updates<A: App>(app: &Rc<A>, late: bool) -> Result<Increments, Error> {
    let path = if late { path::COUNT_LATE } else { path::COUNT };
    // It has counted once. One browser sends all requests, so a newer cookie replaces the older one.
    let jar = Rc::new(RefCell::new(newcomer(&**app, path::COUNT).await?));
    let (left, refused) = (Rc::new(Cell::new(INCREMENTS)), Rc::new(Cell::new(0)));
    let clients = (0..AT_ONCE).map(|_| {
        let (app, jar) = (app.clone(), jar.clone());
        let (left, refused) = (left.clone(), refused.clone());
        tokio::task::spawn_local(async move {
            while let Some(rest) = left.get().checked_sub(1) {
                left.set(rest);
                let cookie = jar.borrow().clone();
                let response = app.call(path, Some(cookie)).await;
                if A::status(&response) != 200 {
                    refused.set(refused.get() + 1);
                }
                if let Some(newer) = cookie_of::<A>(&response) {
                    jar.replace(newer);
                }
                tokio::task::yield_now().await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await?;
    }
    let cookie = jar.borrow().clone();
    let response = visit(&**app, path::READ, Some(cookie)).await?;
    let counted: u64 = A::text(response).await.parse()?;
    let refused = refused.get();
    Ok(Increments { lost: (INCREMENTS + 1 - refused).saturating_sub(counted), refused })
}

/// Whether a visitor who signs out while a slow request is under way is signed in after it.
pub(crate) async fn resurrection<A: App>(app: &Rc<A>) -> Result<bool, Error> {
    let cookie = newcomer(&**app, path::SIGN_IN).await?;
    let user = async || {
        let response = visit(&**app, path::USER, Some(cookie.clone())).await?;
        Ok::<u64, Error>(A::text(response).await.parse()?)
    };
    if user().await? != USER {
        return Err("nobody is signed in after `/sign-in`".into());
    }
    let slow = {
        let (app, cookie) = (app.clone(), cookie.clone());
        tokio::task::spawn_local(async move {
            // What it answers does not matter: 409 is right.
            drop(app.call(path::COUNT_SLOWLY, Some(cookie)).await);
        })
    };
    tokio::time::sleep(A_WHILE / 4).await;
    visit(&**app, path::SIGN_OUT, Some(cookie.clone())).await?;
    slow.await?;
    Ok(user().await? == USER)
}
