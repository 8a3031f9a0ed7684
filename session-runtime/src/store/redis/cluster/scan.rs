//! Reads all sessions of a cluster, one primary after the other.
//!
//! Keys that move to another server during a scan could be left out. So the primaries and their
//! slots must be the same from the start of a scan to its end. Otherwise the scan fails.

use redis::Value;

use super::connections::Connections;
use crate::store::redis::answer;
use crate::store::redis::deadline::deadline_in;
use crate::store::redis::scan::{ServerPosition, begin_again, live};
use crate::store::redis::script::Operations;
use crate::store::redis::transport::{Transport, next_answer};
use crate::store::{Cursor, Page, StoreError};

/// Where a scan continues.
#[derive(Debug, Default, PartialEq, Eq)]
struct Position {
    /// The first slot of the primary to read.
    slot: u16,
    in_server: ServerPosition,
    /// The topology when the scan began. Empty for the first page.
    topology: String,
}

/// The primaries of a cluster, as one of its servers sees them.
struct Nodes {
    /// The first slot of each primary, in ascending order.
    slots: Vec<u16>,
    /// The first slot of this server.
    own: Option<u16>,
    /// Whether slots move to this server, or from it.
    is_moving: bool,
    /// A hash of the ids and slots of all primaries.
    topology: String,
}

pub(super) async fn page(
    connections: &Connections,
    operations: &Operations,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page, StoreError> {
    let Position { slot, in_server, topology } = match after {
        Some(after) => Position::parse(after.as_str()).ok_or_else(Cursor::foreign)?,
        None => Position::default(),
    };
    let mut commands = redis::pipe();
    in_server.add_command(&operations.keys, limit, &mut commands);
    commands.cmd("CLUSTER").arg("NODES");
    let deadline = deadline_in(connections.timeout());
    let answers = connections.send_to_slot(slot, &commands, deadline).await?;
    let mut answers = answers.into_iter();
    let keys = next_answer(&mut answers)?;
    let nodes = Nodes::parse(next_answer(&mut answers)?)?;
    if nodes.is_moving {
        return Err(begin_again("slots are moving between servers"));
    }
    if nodes.own != Some(slot) {
        connections.refresh_slots();
    }
    if nodes.own != Some(slot) || !topology.is_empty() && topology != nodes.topology {
        return Err(begin_again("the cluster has changed since the scan began"));
    }
    let found = in_server.read_answer(keys, &operations.keys)?;
    let sessions = live(connections, operations, &found.keys).await?;
    let next = match found.next {
        Some(in_server) => Some((slot, in_server)),
        None => nodes.slot_after(slot).map(|slot| (slot, ServerPosition::default())),
    };
    let next = next.map(|(slot, in_server)| Position { slot, in_server, topology: nodes.topology });
    Ok(Page { sessions, next: next.map(|next| Cursor::new(next.text())) })
}

impl Position {
    fn text(&self) -> String {
        format!("{}/{}/{}", self.slot, self.topology, self.in_server.text())
    }

    fn parse(text: &str) -> Option<Self> {
        let (slot, rest) = text.split_once('/')?;
        let (topology, in_server) = rest.split_once('/')?;
        let in_server = ServerPosition::parse(in_server)?;
        Some(Self { slot: slot.parse().ok()?, in_server, topology: topology.to_owned() })
    }
}

impl Nodes {
    /// Reads the answer to `CLUSTER NODES`. It has a line for each server: id, address, flags, five
    /// more words, then its slots.
    fn parse(answer: Value) -> Result<Self, StoreError> {
        let text: String = redis::from_redis_value(answer).map_err(|_| answer::unexpected())?;
        let (mut primaries, mut own, mut is_moving) = (Vec::new(), None, false);
        for line in text.lines() {
            let words: Vec<_> = line.split(' ').collect();
            let [id, _, flags, _, _, _, _, _, slots @ ..] = words.as_slice() else {
                return Err(answer::unexpected());
            };
            let is_self = flags.split(',').any(|flag| flag == "myself");
            // `[77->-id]` is a slot that moves. A server shows this only for itself.
            let (moving, slots): (Vec<&str>, Vec<&str>) =
                slots.iter().partition(|slot| slot.starts_with('['));
            is_moving |= is_self && !moving.is_empty();
            let Some(first) = slots.first() else { continue };
            let first = first.split('-').next().and_then(|slot| slot.parse::<u16>().ok());
            let first = first.ok_or_else(answer::unexpected)?;
            if is_self {
                own = Some(first);
            }
            primaries.push((first, format!("{id} {}\n", slots.join(" "))));
        }
        primaries.sort();
        let (slots, lines): (Vec<_>, Vec<_>) = primaries.into_iter().unzip();
        let topology = sha1_smol::Sha1::from(lines.concat()).digest().to_string();
        Ok(Self { slots, own, is_moving, topology })
    }

    /// The first slot of the next primary.
    fn slot_after(&self, slot: u16) -> Option<u16> {
        self.slots.iter().copied().find(|it| *it > slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: &str = "\
        a 127.0.0.1:1@10001 master - 0 1 3 connected 10923-16383\n\
        b 127.0.0.1:2@10002,host myself,master - 0 0 1 connected 0-5459 5461\n\
        d 127.0.0.1:4@10004 slave b 0 1 1 connected\n\
        c 127.0.0.1:3@10003 master,fail - 0 1 2 connected 5460 5462-10922\n";

    fn nodes(text: &str) -> Nodes {
        Nodes::parse(Value::BulkString(text.into())).unwrap()
    }

    #[test]
    fn primaries_are_read_in_the_order_of_their_slots() {
        let three = nodes(THREE);
        assert_eq!(three.slots, [0, 5460, 10923]);
        assert_eq!((three.own, three.is_moving), (Some(0), false));
        assert_eq!([three.slot_after(0), three.slot_after(10923)], [Some(5460), None]);
    }

    #[test]
    fn a_change_of_the_topology_is_noticed() {
        let topology = nodes(THREE).topology;
        let mut lines: Vec<_> = THREE.lines().collect();
        lines.reverse();
        let reversed = nodes(&lines.join("\n")).topology;
        assert_eq!(reversed, topology, "another server may list them in another order");
        assert_ne!(nodes(&THREE.replace(" 5461", "")).topology, topology);
        let taken_over = nodes(&THREE.replace("\nc ", "\ne ")).topology;
        assert_ne!(taken_over, topology, "a replica took over");
        assert!(nodes(&THREE.replace("5461\n", "5461 [5461->-c]\n")).is_moving);
    }

    #[test]
    fn positions_are_read_back() {
        let position = Position { slot: 5460, topology: "0a".to_owned(), ..Position::default() };
        assert_eq!(Position::parse(&position.text()), Some(position));
        assert!(Position::parse("5460/0a").is_none() && Position::parse("").is_none());
    }
}
