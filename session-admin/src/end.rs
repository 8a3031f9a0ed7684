//! `session-admin end`.

use session_runtime::StoreKey;
use session_runtime::record::Principal;
use session_runtime::store::{AnyStore, Loaded, Store};

use crate::cli::{End, StoreArgs};
use crate::outcome::{Answer, Failure, Outcome};
use crate::show;

pub(crate) async fn run(store: &StoreArgs, args: &End) -> Outcome {
    match (&args.id, &args.principal) {
        (Some(id), None) => one(&store.open().await?, id).await,
        (None, Some(principal)) => all(&store.open().await?, principal, args.except.as_ref()).await,
        // The command line accepts exactly one of the two.
        _ => Err(Failure::Usage("give either an id or --principal".to_owned())),
    }
}

async fn one(store: &AnyStore, id: &StoreKey) -> Outcome {
    let found = store.load(id).await?;
    // Also if it was not found. A request that is about to create the session cannot do so then. A
    // session that was renewed is deleted under its new id, unless somebody signed in meanwhile.
    store.delete(id).await?;
    let (text, answer) = match found {
        Loaded::Live(_) => (format!("ended {id}\n"), Answer::Yes),
        Loaded::Gone => (format!("{id} was ended or renewed a moment ago\n"), Answer::No),
        Loaded::Absent => (format!("there is no live session {id}\n"), Answer::No),
    };
    show::print(&text)?;
    Ok(answer)
}

async fn all(store: &AnyStore, principal: &Principal, except: Option<&StoreKey>) -> Outcome {
    let ended = store.delete_all(principal, except).await?;
    show::print(&format!("ended {}\n", show::sessions(ended as u64)))?;
    Ok(Answer::Yes)
}
