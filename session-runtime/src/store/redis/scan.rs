//! Reading all sessions of a server, a page at a time.

use redis::{Pipeline, Value};

use super::answer;
use super::call::Calls;
use super::layout::Names;
use super::lister::BATCH;
use super::wire::{Wire, deadline, next};
use crate::id::StoreKey;
use crate::store::{Cursor, Loaded, Page, SessionInfo, StoreError};

const CODE: &str = include_str!("scan.lua");

/// How many places of its table a server looks at in one go, during which it serves nobody else.
const MOST: usize = 10_000;

/// Where a server's own scan goes on.
///
/// Its cursor tells a place in its table of keys, which is another one in every run of a server: after
/// a restart, or on a replica that took over, it would leave sessions out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    run: String,
    cursor: u64,
}

/// What a server found from a place on.
pub(super) struct Found {
    pub(super) keys: Vec<StoreKey>,
    /// `None` if that was all.
    pub(super) next: Option<Place>,
}

/// Reads the sessions of the one server.
pub(super) async fn page(
    wire: &impl Wire,
    calls: &Calls,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page, StoreError> {
    let place = match after {
        Some(after) => Place::read(after.as_str()).ok_or_else(Cursor::foreign)?,
        None => Place::default(),
    };
    let mut commands = redis::pipe();
    place.ask(&calls.names, limit, &mut commands);
    let answers = wire.send(&[], &commands, deadline(wire.timeout())).await?;
    let found = place.found(next(&mut answers.into_iter())?, &calls.names)?;
    let sessions = live(wire, calls, &found.keys).await?;
    Ok(Page { sessions, next: found.next.map(|next| Cursor::new(next.text())) })
}

/// Those of the keys that have a live session.
pub(super) async fn live(
    wire: &impl Wire,
    calls: &Calls,
    keys: &[StoreKey],
) -> Result<Vec<SessionInfo>, StoreError> {
    let mut sessions = Vec::with_capacity(keys.len());
    for batch in keys.chunks(BATCH) {
        let names: Vec<_> = batch.iter().map(|key| calls.names.session(key)).collect();
        for (key, hash) in batch.iter().zip(wire.hashes(&names).await?) {
            if let Loaded::Live(record) = answer::loaded(hash)? {
                sessions.push(SessionInfo { key: *key, record });
            }
        }
    }
    Ok(sessions)
}

impl Place {
    pub(super) fn text(&self) -> String {
        format!("{}/{}", self.cursor, self.run)
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let (cursor, run) = text.split_once('/')?;
        Some(Self { run: run.to_owned(), cursor: cursor.parse().ok()? })
    }

    /// Adds the command that looks for names of sessions from here on.
    pub(super) fn ask(&self, names: &Names, limit: usize, commands: &mut Pipeline) {
        commands.cmd("EVAL").arg(CODE).arg(0).arg(&self.run).arg(self.cursor);
        commands.arg(pattern(names.prefix())).arg(limit.clamp(1, MOST));
    }

    /// Reads the answer to that.
    pub(super) fn found(&self, answer: Value, names: &Names) -> Result<Found, StoreError> {
        let mut texts = answer::ids(answer)?.into_iter();
        let run = texts.next().ok_or_else(answer::unexpected)?;
        let Some(cursor) = texts.next() else {
            return Err(begin_again("the server is another one"));
        };
        let cursor = cursor.parse().map_err(|_| answer::unexpected())?;
        let key = |name: String| name.strip_prefix(names.prefix())?.parse().ok();
        let keys = texts.filter_map(key).collect();
        Ok(Found { keys, next: (cursor != 0).then_some(Self { run, cursor }) })
    }
}

/// All names with a prefix, in the server's language for patterns.
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
    StoreError::backend(format!("the scan cannot go on, it must begin again: {why} since it began"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back() {
        let place = Place { run: "0a1b".to_owned(), cursor: u64::MAX };
        assert_eq!(Place::read(&place.text()), Some(place));
        assert_eq!(Place::read(&Place::default().text()), Some(Place::default()));
        for wrong in ["", "7", "x/run", "-1/run"] {
            assert_eq!(Place::read(wrong), None);
        }
    }

    #[test]
    fn prefixes_are_no_patterns() {
        assert_eq!(pattern("session:"), "session:*");
        assert_eq!(pattern(r"a*[b]?\"), r"a\*\[b\]\?\\*");
    }
}
