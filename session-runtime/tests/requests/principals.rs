//! The principal after its field was renamed.

use http::StatusCode;
use session_runtime::SessionSchema;

use crate::site::{Site, keep};

/// The site's schema, a version later.
#[derive(SessionSchema)]
struct Account {
    #[session(principal, alias = "user_id")]
    account: Option<u64>,
}

/// The ids of the sessions that `Account` finds.
async fn listed(site: &Site) -> Vec<String> {
    let mut ids: Vec<_> = site.sessions.list::<Account>(&7).await.unwrap();
    ids.sort_by_key(|session| session.last_seen());
    ids.iter().map(|session| session.id().to_string()).collect()
}

#[tokio::test]
async fn sessions_of_before_the_rename_are_found_and_ended() {
    let site = Site::new();
    let (mut old, mut new) = (None, None);
    site.visit(&mut old, async |session| session.set_user_id(Some(7))).await;
    site.clock.advance(std::time::Duration::from_secs(1));
    // A separate deployment, because the two schemas claim the same key.
    let later = site.redeployed(|builder| builder);
    let handle = later.begin(&new);
    handle.session::<Account>().await.unwrap().set_account(Some(7));
    keep(&mut new, &handle.finish(StatusCode::OK).await);

    let ids = listed(&later).await;
    assert_eq!(ids.len(), 2);
    let here = ids[1].parse().unwrap();
    assert_eq!(later.sessions.delete_others::<Account>(&7, &here).await.unwrap(), 1);
    assert_eq!(listed(&later).await, ids[1..]);
    assert!(later.sessions.list::<Account>(&70).await.unwrap().is_empty());

    let handle = later.begin(&old);
    assert_eq!(handle.session::<Account>().await.unwrap().account(), None);
    assert_eq!(later.sessions.delete_all::<Account>(&7).await.unwrap(), 1);
    let handle = later.begin(&new);
    assert_eq!(handle.session::<Account>().await.unwrap().account(), None);
}
