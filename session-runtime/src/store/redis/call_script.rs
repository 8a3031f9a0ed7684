//! Calling a script: by its SHA-1, and with its code if the server has not cached it.

use redis::{ServerErrorKind, Value};
use tokio::time::Instant;

use super::deadline::deadline_in;
use super::replicas::{Durable, ReplicaWait};
use super::script::ScriptCall;
use super::transport::{Transport, checked, next_answer};
use crate::store::StoreError;

/// A [`Transport`] that calls scripts.
pub(super) trait CallScript: Transport {
    /// Calls a script.
    fn call_script(
        &self,
        call: &ScriptCall,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send {
        self.call_script_until(call, deadline_in(self.timeout()))
    }

    /// Calls a script, and answers before the deadline.
    fn call_script_until(
        &self,
        call: &ScriptCall,
        deadline: Instant,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send {
        async move {
            let mut answer = self.send(call.key(), call.command(), deadline).await?;
            if is_unknown_script(&answer) {
                let with_code = call.command_with_code();
                answer = Box::pin(self.send(call.key(), &with_code, deadline)).await?;
            }
            checked(answer)
        }
    }

    /// Calls a script that deletes or moves a session. With `durable`, it succeeds only if replicas
    /// have acknowledged what the script wrote.
    fn call_durably(
        &self,
        call: &ScriptCall,
        durable: Option<&Durable<Self>>,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send
    where
        Self: Sized,
    {
        async move {
            match durable {
                Some(Durable { connections, wait }) => {
                    Box::pin(connections.call_script_and_wait(call, *wait)).await
                }
                None => self.call_script(call).await,
            }
        }
    }

    /// Calls a script, then waits for replicas.
    fn call_script_and_wait(
        &self,
        call: &ScriptCall,
        wait: ReplicaWait,
    ) -> impl Future<Output = Result<Value, StoreError>> + Send {
        async move {
            let deadline = deadline_in(self.timeout().saturating_add(wait.timeout));
            let commands = wait.after(call.command().clone());
            let mut answers = self.send_all(call.key(), &commands, deadline).await?;
            if answers.first().is_some_and(is_unknown_script) {
                let with_code = wait.after(call.command_with_code());
                answers = self.send_all(call.key(), &with_code, deadline).await?;
            }
            let mut answers = answers.into_iter();
            let answer = next_answer(&mut answers)?;
            wait.check(&next_answer(&mut answers)?)?;
            Ok(answer)
        }
    }
}

impl<T: Transport> CallScript for T {}

/// Whether the server has not cached the script, and so has not run it.
pub(super) fn is_unknown_script(answer: &Value) -> bool {
    matches!(answer, Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript))
}
