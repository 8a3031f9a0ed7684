//! Fields that are shared instead of copied.

use std::sync::Arc;

use http::StatusCode;
use session_runtime::SessionSchema;

use crate::site::{Site, keep};

#[derive(SessionSchema)]
struct Shop {
    items: Arc<Vec<String>>,
}

#[tokio::test]
async fn a_shared_field_is_read_without_a_copy_and_rewritten_like_any_other() {
    let (site, mut cookie) = (Site::new(), None);
    for expected in [1, 2] {
        let handle = site.begin(&cookie);
        let session = handle.session::<Shop>().await.unwrap();
        session.update_items(|items| Arc::make_mut(items).push("tea".to_owned()));
        assert!(Arc::ptr_eq(&session.items(), &session.items()));
        assert_eq!(session.items().len(), expected);
        keep(&mut cookie, &handle.finish(StatusCode::OK).await);
    }
}
