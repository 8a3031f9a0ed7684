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
        // The command line lets nothing else through.
        _ => Err(Failure::Usage("give either an id or --principal".to_owned())),
    }
}

async fn one(store: &AnyStore, id: &StoreKey) -> Outcome {
    let found = store.load(id).await?;
    // Also where there is none: a request that is just about to create it comes too late then.
    store.delete(id).await?;
    if let Loaded::Live(_) = found {
        show::print(&format!("ended {id}\n"))?;
        return Ok(Answer::Yes);
    }
    show::print(&format!("there is no live session {id}\n"))?;
    Ok(Answer::No)
}

async fn all(store: &AnyStore, principal: &Principal, except: Option<&StoreKey>) -> Outcome {
    let ended = store.delete_all(principal, except).await?;
    show::print(&format!("ended {}\n", show::sessions(ended as u64)))?;
    Ok(Answer::Yes)
}
