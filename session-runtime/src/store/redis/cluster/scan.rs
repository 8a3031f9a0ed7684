//! Reading all sessions of a cluster: one primary after the other.
//!
//! A scan of a server is a whole only while its keys stay there. So the primaries and their slots must
//! be at the end what they were when the scan began; where they are not, the scan fails.

use redis::Value;

use super::super::answer;
use super::super::call::Calls;
use super::super::scanner::{Place, begin_again, live};
use super::super::wire::{Wire, deadline, next};
use super::link::ClusterLink;
use crate::store::{Cursor, Page, StoreError};

/// Where a scan goes on.
struct Position {
    /// The first slot of the primary that is being read.
    slot: u16,
    place: Place,
    /// The primaries when the scan began; empty when it begins.
    shape: String,
}

/// The primaries of a cluster, as one of its servers sees them.
struct Nodes {
    /// The first slot of each, in order.
    slots: Vec<u16>,
    /// That of the server itself.
    own: Option<u16>,
    /// Whether keys move to the server, or from it.
    is_moving: bool,
    /// Ids and slots of all, as one short text.
    shape: String,
}

pub(super) async fn page(
    link: &ClusterLink,
    calls: &Calls,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page, StoreError> {
    let Position { slot, place, shape } = match after {
        Some(after) => Position::read(after.as_str()).ok_or_else(Cursor::foreign)?,
        None => Position { slot: 0, place: Place::default(), shape: String::new() },
    };
    let mut commands = redis::pipe();
    place.ask(&calls.names, limit, &mut commands);
    commands.cmd("CLUSTER").arg("NODES");
    let answers = link.send_to_slot(slot, &commands, deadline(link.timeout())).await?;
    let mut answers = answers.into_iter();
    let found = next(&mut answers)?;
    let nodes = Nodes::read(next(&mut answers)?)?;
    if nodes.is_moving {
        return Err(begin_again("slots are moving"));
    }
    if nodes.own != Some(slot) {
        link.look_again();
    }
    if nodes.own != Some(slot) || !shape.is_empty() && shape != nodes.shape {
        return Err(begin_again("the cluster has changed"));
    }
    let found = place.found(found, &calls.names)?;
    let sessions = live(link, calls, &found.keys).await?;
    let next = match found.next {
        Some(place) => Some((slot, place)),
        None => nodes.after(slot).map(|slot| (slot, Place::default())),
    };
    let next = next.map(|(slot, place)| Position { slot, place, shape: nodes.shape });
    Ok(Page { sessions, next: next.map(|next| Cursor::new(next.text())) })
}

impl Position {
    fn text(&self) -> String {
        format!("{}/{}/{}", self.slot, self.shape, self.place.text())
    }

    fn read(text: &str) -> Option<Self> {
        let (slot, rest) = text.split_once('/')?;
        let (shape, place) = rest.split_once('/')?;
        let place = Place::read(place)?;
        Some(Self { slot: slot.parse().ok()?, place, shape: shape.to_owned() })
    }
}

impl Nodes {
    /// Reads what `CLUSTER NODES` says: a line for each server, with its id, address, flags, five
    /// more words, and its slots.
    fn read(answer: Value) -> Result<Self, StoreError> {
        let text: String = redis::from_redis_value(answer).map_err(|_| answer::unexpected())?;
        let (mut primaries, mut own, mut is_moving) = (Vec::new(), None, false);
        for line in text.lines() {
            let words: Vec<_> = line.split(' ').collect();
            let [id, _, flags, _, _, _, _, _, slots @ ..] = words.as_slice() else {
                return Err(answer::unexpected());
            };
            let is_self = flags.split(',').any(|flag| flag == "myself");
            // `[77->-id]` is a slot that moves; a server shows its own alone.
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
        let shape = sha1_smol::Sha1::from(lines.concat()).digest().to_string();
        Ok(Self { slots, own, is_moving, shape })
    }

    /// The first slot of the next primary.
    fn after(&self, slot: u16) -> Option<u16> {
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
        Nodes::read(Value::BulkString(text.into())).unwrap()
    }

    #[test]
    fn primaries_are_read_in_the_order_of_their_slots() {
        let three = nodes(THREE);
        assert_eq!(three.slots, [0, 5460, 10923]);
        assert_eq!((three.own, three.is_moving), (Some(0), false));
        assert_eq!([three.after(0), three.after(10923)], [Some(5460), None]);
    }

    #[test]
    fn a_change_shows() {
        let shape = nodes(THREE).shape;
        let mut lines: Vec<_> = THREE.lines().collect();
        lines.reverse();
        assert_eq!(nodes(&lines.join("\n")).shape, shape, "as another server lists them");
        assert_ne!(nodes(&THREE.replace(" 5461", "")).shape, shape);
        assert_ne!(nodes(&THREE.replace("\nc ", "\ne ")).shape, shape, "a replica took over");
        assert!(nodes(&THREE.replace("5461\n", "5461 [5461->-c]\n")).is_moving);
    }

    #[test]
    fn positions_are_read_back() {
        let position = Position { slot: 5460, place: Place::default(), shape: "0a".to_owned() };
        let read = Position::read(&position.text()).unwrap();
        assert_eq!((read.slot, read.place, read.shape), (5460, position.place, position.shape));
        assert!(Position::read("5460/0a").is_none() && Position::read("").is_none());
    }
}
