//! Sends Redis commands to Webdis over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use redis::{Arg, Cmd, Pipeline, Value};
use tokio::time::Instant;

use super::http::Pool;
use crate::store::StoreError;
use crate::store::redis::deadline::timed_out;
use crate::store::redis::transport::Transport;

/// Sends commands to Webdis.
pub(super) struct Connections {
    pub(super) pool: Pool,
    pub(super) timeout: Duration,
}

impl Transport for Connections {
    async fn send(&self, _: &[u8], command: &Cmd, deadline: Instant) -> Result<Value, StoreError> {
        let sent = tokio::time::timeout_at(deadline, self.pool.post(body(command))).await;
        let (status, answer) = sent.map_err(|_| StoreError::backend(timed_out()))??;
        read(status, &answer)
    }

    /// Takes one round trip for each command.
    async fn send_all(
        &self,
        key: &[u8],
        commands: &Pipeline,
        deadline: Instant,
    ) -> Result<Vec<Value>, StoreError> {
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands.cmd_iter() {
            answers.push(self.send(key, command, deadline).await?);
        }
        Ok(answers)
    }

    /// Takes one round trip for each hash.
    async fn read_hashes(&self, keys: &[Vec<u8>]) -> Result<Vec<Value>, StoreError> {
        let mut hashes = Vec::with_capacity(keys.len());
        for key in keys {
            hashes.push(self.read_hash(key).await?);
        }
        Ok(hashes)
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// The body of a request: the command and its arguments, with slashes in between, then `.raw`. With
/// that ending Webdis answers in the format of Redis, which keeps every byte. Dots in arguments are
/// encoded, because Webdis takes the text after the last dot for the ending.
fn body(command: &Cmd) -> Bytes {
    let mut body = String::new();
    for argument in command.args_iter() {
        let Arg::Simple(argument) = argument else { continue };
        if !body.is_empty() {
            body.push('/');
        }
        body.extend(percent_encode(argument, NON_ALPHANUMERIC));
    }
    body.push_str(".raw");
    body.into()
}

fn read(status: StatusCode, answer: &[u8]) -> Result<Value, StoreError> {
    let message = match status {
        // Errors of Redis have this status too.
        StatusCode::OK => return redis::parse_redis_value(answer).map_err(StoreError::backend),
        StatusCode::FORBIDDEN => {
            "Webdis refuses the command: its `acl` must allow `EVAL`, `EVALSHA` and `HGETALL` to \
             this client, or the user or password is wrong"
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            "the session is larger than Webdis allows: see its `http_max_request_size`"
        }
        StatusCode::SERVICE_UNAVAILABLE => "Webdis has no connection to Redis, or has lost it",
        _ => return Err(StoreError::backend(format!("Webdis answers with the status {status}"))),
    };
    Err(StoreError::backend(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_encoded() {
        let mut command = redis::cmd("SET");
        command.arg("a/b.txt").arg(&b"\0%\xff \""[..]).arg("");
        assert_eq!(body(&command), "SET/a%2Fb%2Etxt/%00%25%FF%20%22/.raw");
    }

    #[test]
    fn answers_that_are_cut_off_or_foreign_are_errors() {
        // The second one is how Webdis answers a list within a list.
        for answer in ["", "*2\r\n$1\r\nC\r\n", "<html>", "$5\r\nab\r\n"] {
            assert!(read(StatusCode::OK, answer.as_bytes()).is_err(), "{answer:?}");
        }
        assert_eq!(read(StatusCode::OK, b":1\r\n").unwrap(), Value::Int(1));
        let message = format!("{:?}", read(StatusCode::FORBIDDEN, b"").unwrap_err());
        assert!(message.contains("`EVALSHA`"), "{message}");
    }
}
