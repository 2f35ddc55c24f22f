//! COPY and MOVE: another mailbox names the same emails. No octet is copied.

use std::collections::HashMap;
use std::sync::Arc;

use imap::{UidSet, UidValidity};

use super::Planned;
use super::append::{Numbers, check_room, destination};
use super::expunge;
use super::keywords::Room;
use crate::{Added, Change, FlagSetId, Flags, Mailbox, Permit, Refusal, Rights, State, limits};

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
    check_room(state, to, source.messages.select(uids).count())?;
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
    let (destination, permit) = destination(state, to)?;
    let count = source.messages.select(uids).count();
    if count as u64 * limits::COPIED > permit.limits.work {
        return Err(Refusal::TooManyMessages);
    }
    let flags = taken_along((source, uids), state, (destination, permit))?;
    let mut numbers = Numbers(destination.uid_next);
    let mut copied = Copied { uid_validity: destination.uid_validity, from: UidSet::new(), to: UidSet::new() };
    let mut messages = Vec::with_capacity(count);
    for (_, record) in source.messages.select(uids) {
        let uid = numbers.give(None)?;
        copied.from.insert(record.uid);
        copied.to.insert(uid);
        messages.push(Added {
            uid,
            email: record.email,
            size: record.size,
            internal_date: record.internal_date,
            save_date: now,
            flags: flags.get(&record.flags).cloned().unwrap_or_default(),
            foreign: None,
        });
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

/// The flags that messages have there, by those that they have here.
fn taken_along(
    (source, uids): (&Mailbox, &UidSet),
    state: &State,
    (to, permit): (&Mailbox, Permit),
) -> Result<HashMap<FlagSetId, Arc<Flags>>, Refusal> {
    let mut used = HashMap::new();
    for (_, record) in source.messages.select(uids) {
        used.entry(record.flags).or_insert_with(|| Arc::new(permit.rights.keep(&source.flags.flags(record.flags))));
    }
    let mut room = Room::new(state, (to, permit.limits), None);
    used.values().try_for_each(|flags| room.take(flags))?;
    Ok(used)
}
