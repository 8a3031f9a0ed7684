//! Responses with a server error, on a site that does not save the changes of such requests.

use std::time::Duration;

use http::StatusCode;
use session_runtime::CookieCommand;

use crate::site::{Site, Visit, keep, visitor_of};

async fn visitor() -> (Site, Option<String>) {
    visitor_of(Site::with(|builder| builder.skip_commit_on_server_error(true))).await
}

#[tokio::test]
async fn server_errors_save_renewals_alone_if_asked() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let session = handle.session::<Visit>().await.unwrap();
    session.add_counter(1);
    session.set_user_id(Some(7));
    let finished = handle.finish(StatusCode::BAD_GATEWAY).await;
    assert!(matches!(finished.cookie, CookieCommand::Set(_)), "{finished:?}");
    keep(&mut cookie, &finished);
    site.visit(&mut cookie, async |session| {
        assert_eq!((session.counter(), session.user_id()), (1, Some(7)));
    })
    .await;
}

#[tokio::test]
async fn what_a_server_error_leaves_unsaved_stays_unsaved() {
    let (site, mut cookie) = visitor().await;
    let handle = site.begin(&cookie);
    let task = handle.session::<Visit>().await.unwrap();
    task.update_items(|items| items.push("unsaved".into()));
    // Something else is saved: a touch.
    site.clock.advance(Duration::from_secs(30 * 60));
    assert!(handle.finish(StatusCode::BAD_GATEWAY).await.error.is_none());
    assert!(task.items().is_empty());
    task.update_items(|items| items.push("saved".into()));
    task.commit().await.unwrap();
    assert_eq!(site.visit(&mut cookie, async |session| session.items()).await, ["saved"]);

    // In a new session the principal is saved.
    let handle = site.begin(&None);
    let task = handle.session::<Visit>().await.unwrap();
    task.set_user_id(Some(7));
    task.update_items(|items| items.push("unsaved".into()));
    assert!(handle.finish(StatusCode::BAD_GATEWAY).await.error.is_none());
    assert_eq!((task.user_id(), task.items()), (Some(7), vec![]));
}

#[tokio::test]
async fn a_server_error_is_told_as_it_is_though_the_session_has_gone() {
    let (site, cookie) = visitor().await;
    site.visit(&mut cookie.clone(), async |session| session.destroy()).await;
    let late = site.begin(&cookie);
    late.session::<Visit>().await.unwrap().add_counter(1);
    let finished = late.finish(StatusCode::BAD_GATEWAY).await;
    assert!(finished.error.is_none(), "nothing was to be saved: {finished:?}");
}
