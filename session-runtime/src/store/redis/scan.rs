//! Reads all sessions of a server, a page at a time.

use redis::{Pipeline, Value};

use super::answer;
use super::deadline::deadline_in;
use super::layout::KeyNames;
use super::list::CHUNK;
use super::script::{Operations, SCAN};
use super::transport::{Transport, next_answer};
use crate::id::StoreKey;
use crate::store::{Cursor, Loaded, Page, SessionInfo, StoreError};

/// How many places of its key table a server may look at for one page. It serves nobody else
/// meanwhile.
const MAX_PLACES: usize = 10_000;

/// Where the scan of one server continues.
///
/// The server's cursor is a place in its table of keys. Every run of a server has another table:
/// with an old cursor, a restarted server or a replica that took over would leave sessions out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ServerPosition {
    run: String,
    cursor: u64,
}

/// One page of keys.
pub(super) struct Found {
    pub(super) keys: Vec<StoreKey>,
    /// `None` after the last page.
    pub(super) next: Option<ServerPosition>,
}

/// Reads one page of the sessions of one server.
pub(super) async fn page(
    transport: &impl Transport,
    operations: &Operations,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page, StoreError> {
    let position = match after {
        Some(after) => ServerPosition::parse(after.as_str()).ok_or_else(Cursor::foreign)?,
        None => ServerPosition::default(),
    };
    let mut commands = redis::pipe();
    position.add_command(&operations.keys, limit, &mut commands);
    let answers = transport.send_all(&[], &commands, deadline_in(transport.timeout())).await?;
    let answer = next_answer(&mut answers.into_iter())?;
    let found = position.read_answer(answer, &operations.keys)?;
    let sessions = live(transport, operations, &found.keys).await?;
    Ok(Page { sessions, next: found.next.map(|next| Cursor::new(next.text())) })
}

/// Reads the sessions under these keys that are live.
pub(super) async fn live(
    transport: &impl Transport,
    operations: &Operations,
    keys: &[StoreKey],
) -> Result<Vec<SessionInfo>, StoreError> {
    let mut sessions = Vec::with_capacity(keys.len());
    for chunk in keys.chunks(CHUNK) {
        let names: Vec<_> = chunk.iter().map(|key| operations.keys.session(key)).collect();
        for (key, hash) in chunk.iter().zip(transport.read_hashes(&names).await?) {
            if let Loaded::Live(record) = answer::loaded(hash)? {
                sessions.push(SessionInfo { key: *key, record });
            }
        }
    }
    Ok(sessions)
}

impl ServerPosition {
    pub(super) fn text(&self) -> String {
        format!("{}/{}", self.cursor, self.run)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (cursor, run) = text.split_once('/')?;
        Some(Self { run: run.to_owned(), cursor: cursor.parse().ok()? })
    }

    /// Adds the command that reads a page of keys from here on.
    pub(super) fn add_command(&self, keys: &KeyNames, limit: usize, commands: &mut Pipeline) {
        commands.cmd("EVAL").arg(SCAN).arg(0).arg(&self.run).arg(self.cursor);
        commands.arg(pattern(keys.prefix())).arg(limit.clamp(1, MAX_PLACES));
    }

    /// Reads the answer to that command.
    pub(super) fn read_answer(&self, answer: Value, keys: &KeyNames) -> Result<Found, StoreError> {
        let mut texts = answer::texts(answer)?.into_iter();
        let run = texts.next().ok_or_else(answer::unexpected)?;
        let Some(cursor) = texts.next() else {
            return Err(begin_again("the server was restarted, or it is another server"));
        };
        let cursor = cursor.parse().map_err(|_| answer::unexpected())?;
        let key = |name: String| name.strip_prefix(keys.prefix())?.parse().ok();
        Ok(Found {
            keys: texts.filter_map(key).collect(),
            next: (cursor != 0).then_some(Self { run, cursor }),
        })
    }
}

/// The pattern, as `SCAN` reads it, for all keys with this prefix.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('*');
    pattern
}

pub(super) fn begin_again(why: &str) -> StoreError {
    StoreError::backend(format!("the scan cannot continue and must begin again: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_back() {
        let position = ServerPosition { run: "0a1b".to_owned(), cursor: u64::MAX };
        assert_eq!(ServerPosition::parse(&position.text()), Some(position));
        let first = ServerPosition::default();
        assert_eq!(ServerPosition::parse(&first.text()), Some(first));
        for wrong in ["", "7", "x/run", "-1/run"] {
            assert_eq!(ServerPosition::parse(wrong), None);
        }
    }

    #[test]
    fn patterns_match_the_prefix_literally() {
        assert_eq!(pattern("session:"), "session:*");
        assert_eq!(pattern(r"a*[b]?\"), r"a\*\[b\]\?\\*");
    }
}
