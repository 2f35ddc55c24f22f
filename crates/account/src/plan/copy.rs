//! COPY and MOVE: another mailbox names the same emails. No octet is copied.

use std::collections::HashMap;
use std::sync::Arc;

use imap::{Uid, UidSet, UidValidity};

use super::Planned;
use super::append::{Numbers, check_room, destination};
use super::expunge;
use super::keywords::Room;
use crate::{Added, Change, Mailbox, Permit, Refusal, Rights, State};

/// What COPYUID says (RFC 4315 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The destination's UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// The messages that were copied, by their UIDs in the source. What was asked for and had gone is not here.
    pub from: UidSet,
    /// Their UIDs in the destination, in the same order.
    pub to: UidSet,
}

/// Copies messages, with flags and INTERNALDATE, all or none (RFC 9051 §6.4.7). Those that have gone are passed over:
/// a client that copies what another one has just expunged must not see its mail stuck. Flags that there is no right to
/// set are left out (RFC 4314 §4). `now` is in unix seconds.
pub fn copy(
    state: &State,
    from: Permit,
    uids: &UidSet,
    to: Option<Permit>,
    now: i64,
) -> Result<Planned<Copied>, Refusal> {
    let source = state.mailbox(from.mailbox).ok_or(Refusal::NoSuchMailbox)?;
    check_room(state, source.messages.select(uids).count())?;
    copied(state, from, uids, to, now)
}

fn copied(
    state: &State,
    from: Permit,
    uids: &UidSet,
    to: Option<Permit>,
    now: i64,
) -> Result<Planned<Copied>, Refusal> {
    let source = state.mailbox(from.mailbox).ok_or(Refusal::NoSuchMailbox)?;
    from.rights.allow(Rights::READ)?;
    let (destination, rights) = destination(state, to)?;
    let room = Room::new(state, destination, None);
    let added = added((source, uids), (destination, rights, room), now)?;
    let mut copied = Copied { uid_validity: destination.uid_validity, from: UidSet::new(), to: UidSet::new() };
    let mut messages = Vec::with_capacity(added.len());
    for (uid, message) in added {
        copied.from.insert(uid);
        copied.to.insert(message.uid);
        messages.push(message);
    }
    let changes = if messages.is_empty() {
        Vec::new()
    } else {
        vec![Change::MessagesAdded { mailbox: destination.id, messages }]
    };
    Ok(Planned::new(changes, copied))
}

/// Moves messages: what [`copy`] does, and takes them out of the source in the same commit (RFC 6851 §3). It needs the
/// rights that both need (RFC 6851 §4.2).
pub fn move_messages(
    state: &State,
    from: Permit,
    uids: &UidSet,
    to: Option<Permit>,
    now: i64,
) -> Result<Planned<Copied>, Refusal> {
    expunge::may_take_away(state, from)?;
    let mut planned = copied(state, from, uids, to, now)?;
    planned.changes.extend(expunge::take_away(state, from, &planned.outcome.from)?.changes);
    Ok(planned)
}

fn added(
    (source, uids): (&Mailbox, &UidSet),
    (to, rights, mut room): (&Mailbox, Rights, Room<'_>),
    now: i64,
) -> Result<Vec<(Uid, Added)>, Refusal> {
    let mut numbers = Numbers(to.uid_next);
    let mut used = HashMap::new();
    for (_, record) in source.messages.select(uids) {
        used.entry(record.flags).or_insert_with(|| Arc::new(rights.keep(&source.flags.flags(record.flags))));
    }
    used.values().try_for_each(|flags| room.take(flags))?;
    let copies = source.messages.select(uids).map(|(_, record)| {
        let copy = Added {
            uid: numbers.give(None)?,
            email: record.email,
            size: record.size,
            internal_date: record.internal_date,
            save_date: now,
            flags: used.get(&record.flags).cloned().unwrap_or_default(),
            foreign: None,
        };
        Ok((record.uid, copy))
    });
    copies.collect()
}
