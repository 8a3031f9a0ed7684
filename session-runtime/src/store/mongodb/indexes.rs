//! The indexes of the collection. Missing ones are created; existing ones are never changed.

use std::time::Duration;

use ::mongodb::Collection;
use ::mongodb::IndexModel;
use ::mongodb::bson::{Document, doc};
use ::mongodb::error::{Error, ErrorKind};
use ::mongodb::options::IndexOptions;

use crate::error::ConfigError;

/// How long after its expiry MongoDB removes a document.
///
/// It is long enough that neither a clock which is a little ahead nor the end of a tombstone
/// matters: this index never decides what is live.
const GRACE: Duration = Duration::from_secs(300);

/// Checks the indexes and creates missing ones; without `create` a missing one is an error.
pub(super) async fn ensure(
    collection: &Collection<Document>,
    create: bool,
) -> Result<(), ConfigError> {
    let failed = |error: Error| {
        let message = format!(
            "the indexes of the MongoDB collection `{}` cannot be read or created",
            collection.namespace()
        );
        ConfigError::with_source(message, error)
    };
    let missing = missing(collection, &present(collection).await.map_err(failed)?)?;
    if missing.is_empty() {
        return Ok(());
    }
    if !create {
        return Err(ConfigError::new(format_args!(
            "there is no MongoDB collection `{}`, or it does not have the indexes of a store",
            collection.namespace()
        )));
    }
    collection.create_indexes(missing).await.map_err(|error| match code(&error) {
        Some(85 | 86) => ConfigError::with_source(
            format!(
                "the MongoDB collection `{}` has other indexes under the names `session_keys`, \
                 `session_principal` or `session_expiry`; drop them with \
                 `db.getCollection({:?}).dropIndex(name)` in `mongosh`",
                collection.namespace(),
                collection.name()
            ),
            error,
        ),
        _ => failed(error),
    })?;
    // A new index has the collation of its collection, so this check finds such a collection.
    self::missing(collection, &present(collection).await.map_err(failed)?).map(drop)
}

fn wanted() -> [IndexModel; 3] {
    let index = |name: &str, keys, mut options: IndexOptions| {
        options.name = Some(name.to_owned());
        IndexModel::builder().keys(keys).options(options).build()
    };
    let options = IndexOptions::builder;
    [
        index("session_keys", doc! { "keys": 1 }, options().unique(true).build()),
        // Sparse: a session that nobody is signed in to has no entry.
        index(
            "session_principal",
            doc! { "principal.key": 1, "principal.value": 1 },
            options().sparse(true).build(),
        ),
        index("session_expiry", doc! { "expires_at": 1 }, options().expire_after(GRACE).build()),
    ]
}

async fn present(collection: &Collection<Document>) -> Result<Vec<IndexModel>, Error> {
    let mut cursor = match collection.list_indexes().await {
        // The collection does not exist yet.
        Err(error) if code(&error) == Some(26) => return Ok(Vec::new()),
        cursor => cursor?,
    };
    let mut found = Vec::new();
    while cursor.advance().await? {
        found.push(cursor.deserialize_current()?);
    }
    Ok(found)
}

/// The missing indexes.
///
/// # Errors
///
/// If an index exists with other options.
fn missing(
    collection: &Collection<Document>,
    present: &[IndexModel],
) -> Result<Vec<IndexModel>, ConfigError> {
    let mut missing = Vec::new();
    for wanted in wanted() {
        let same: Vec<_> = present.iter().filter(|it| same_keys(&it.keys, &wanted.keys)).collect();
        match same.iter().find(|it| !same_options(it, &wanted)) {
            Some(other) => return Err(wrong_index(collection, other, &wanted)),
            None if same.is_empty() => missing.push(wanted),
            None => {}
        }
    }
    Ok(missing)
}

/// Compares the keys only by name: servers write the direction as `1`, `1.0` or a long.
fn same_keys(one: &Document, other: &Document) -> bool {
    one.len() == other.len() && one.keys().eq(other.keys())
}

fn same_options(one: &IndexModel, other: &IndexModel) -> bool {
    let parts = |index: &IndexModel| {
        let options = index.options.clone().unwrap_or_default();
        (
            options.unique.unwrap_or(false),
            options.sparse.unwrap_or(false),
            options.expire_after,
            options.partial_filter_expression,
            options.collation.is_some(),
        )
    };
    parts(one) == parts(other)
}

fn wrong_index(
    collection: &Collection<Document>,
    index: &IndexModel,
    wanted: &IndexModel,
) -> ConfigError {
    let options = index.options.clone().unwrap_or_default();
    if options.collation.is_some() {
        return ConfigError::new(format_args!(
            "the MongoDB collection `{}` compares texts by a collation; \
             sessions need a collection that was created without one",
            collection.namespace()
        ));
    }
    let needed = match wanted.options.as_ref().and_then(|options| options.expire_after) {
        Some(grace) => format!("the option `expireAfterSeconds: {}`", grace.as_secs()),
        None if wanted.options.as_ref().is_some_and(|it| it.unique == Some(true)) => {
            "only the option `unique: true`".to_owned()
        }
        None => "only the option `sparse: true`".to_owned(),
    };
    ConfigError::new(format_args!(
        "the index `{name}` of the MongoDB collection `{namespace}` must have {needed}; \
         run `db.getCollection({collection:?}).dropIndex({name:?})` in `mongosh`, \
         and the next start creates it correctly",
        name = options.name.unwrap_or_default(),
        namespace = collection.namespace(),
        collection = collection.name(),
    ))
}

fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(error) => Some(error.code),
        _ => None,
    }
}
