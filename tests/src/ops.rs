//! The operations that a client can send. They run in order on one session.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use session_runtime::store::SessionInfo;
use session_runtime::{Session, SessionError};

use crate::schema::Visit;

/// The body of `POST /op`. Each operation is an array of its name and its arguments.
#[derive(Deserialize)]
pub(crate) struct Request {
    ops: Vec<Vec<Value>>,
}

/// The answer of `POST /op`.
pub(crate) struct Outcome {
    pub(crate) status: u16,
    pub(crate) results: Vec<Value>,
}

impl Request {
    /// Reads the body, whatever its content type.
    pub(crate) fn parse(body: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(body)
    }

    /// Runs the operations. The answer to an unknown one is 400.
    pub(crate) async fn run(self, session: Session<Visit>) -> Outcome {
        let mut outcome = Outcome { status: 200, results: Vec::new() };
        for op in self.ops {
            match run(&session, &op, &mut outcome.status).await {
                Some(result) => outcome.results.push(result),
                None => return Outcome { status: 400, results: vec![json!({ "unknown": op })] },
            }
        }
        outcome
    }
}

async fn run(session: &Session<Visit>, op: &[Value], status: &mut u16) -> Option<Value> {
    let (name, arguments) = op.split_first()?;
    let text = || arguments.first()?.as_str().map(str::to_owned);
    let number = || arguments.first()?.as_u64();
    Some(match name.as_str()? {
        "counter" => json!(session.counter()),
        "add_counter" => json!(session.add_counter(number()?)),
        "sub_counter" => json!(session.sub_counter(number()?)),
        "set_counter" => {
            session.set_counter(number()?);
            Value::Null
        }
        "name" => json!(session.name()),
        "set_name" => {
            session.set_name(Some(text()?));
            Value::Null
        }
        "clear_name" => {
            session.clear_name();
            Value::Null
        }
        "has_name" => json!(session.has_name()),
        "items" => json!(session.items()),
        "clear_items" => {
            session.clear_items();
            Value::Null
        }
        "push_item" => {
            let item = text()?;
            json!(session.update_items(move |items| items.push(item.clone())))
        }
        "flash_notice" => {
            session.flash_notice(text()?);
            Value::Null
        }
        "take_notice" => json!(session.take_notice()),
        "peek_notice" => json!(session.peek_notice()),
        "flash_messages" => {
            session.flash_messages(text()?);
            Value::Null
        }
        "take_messages" => json!(session.take_messages()),
        "peek_messages" => json!(session.peek_messages()),
        "user_id" => json!(session.user_id()),
        "set_user_id" => {
            session.set_user_id(Some(number()?));
            Value::Null
        }
        "clear_user_id" => {
            session.clear_user_id();
            Value::Null
        }
        "renew" => {
            session.renew();
            Value::Null
        }
        "destroy" => {
            session.destroy();
            Value::Null
        }
        "remember" => {
            session.remember(arguments.first()?.as_bool()?);
            Value::Null
        }
        "commit" => match session.commit().await {
            Ok(()) => Value::Null,
            Err(error) => json!({ "error": kind(&error) }),
        },
        "is_new" => json!(session.is_new()),
        "id" => json!(session.id()),
        "expires_at" => json!(session.expires_at()),
        "sleep_ms" => {
            tokio::time::sleep(Duration::from_millis(number()?)).await;
            Value::Null
        }
        "status" => {
            *status = u16::try_from(number()?).ok()?;
            Value::Null
        }
        "panic" => panic!("the client asked for a panic"),
        _ => return None,
    })
}

fn kind(error: &SessionError) -> &'static str {
    match error {
        error if error.is_gone() => "gone",
        error if error.is_store() => "store",
        error if error.is_contended() => "contended",
        error if error.is_interrupted() => "interrupted",
        error if error.is_mismatch() => "mismatch",
        _ => "other",
    }
}

/// One entry of `GET /principals/{id}`; times in milliseconds since the epoch.
#[derive(Serialize)]
pub(crate) struct Listed {
    id: String,
    created_at: u64,
    last_seen: u64,
    expires_at: u64,
}

impl From<SessionInfo> for Listed {
    fn from(info: SessionInfo) -> Self {
        Self {
            id: info.id(),
            created_at: info.record.created_at.as_millis(),
            last_seen: info.last_seen().as_millis(),
            expires_at: info.record.expires_at.as_millis(),
        }
    }
}
