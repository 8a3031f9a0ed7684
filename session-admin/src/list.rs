//! `session-admin list`.

use session_runtime::store::Store;

use crate::cli::{List, StoreArgs};
use crate::outcome::{Answer, Failure, Outcome};
use crate::show;

pub(crate) async fn run(store: &StoreArgs, args: &List) -> Outcome {
    let mut infos = store.open().await?.list(&args.principal).await?;
    // The session that was used last comes first.
    infos.sort_by_key(|info| (std::cmp::Reverse(info.last_seen()), info.key));
    let text = match args.json {
        true => show::json(&infos, args.show_values).map_err(|it| Failure::Store(it.into()))?,
        false => show::table(&infos, args.show_values),
    };
    show::print(&text)?;
    Ok(Answer::Yes)
}
