//! STORE: flags change.

use std::collections::HashMap;

use imap::{ModSeq, StoreMode, UidSet};

use super::Planned;
use super::keywords::Room;
use crate::limits::Limits;
use crate::{Change, FlagSetId, Flags, Mailbox, Permit, Refusal, Rights, State};

/// When a message takes part in a STORE (RFC 7162 §3.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Always.
    Always,
    /// If nothing has changed it after this modseq; `None` is UNCHANGEDSINCE 0, which no message meets.
    UnchangedSince(Option<ModSeq>),
}

/// How a STORE went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlagsStored {
    /// The messages that did not meet the condition: MODIFIED (RFC 7162 §3.1.3).
    pub modified: UidSet,
    /// The messages whose flags are other ones now.
    pub changed: UidSet,
}

/// Stores flags into messages (RFC 9051 §6.4.6). Those that have gone are passed over; one whose flags would stay as
/// they are keeps its modseq. Flags that there is no right to change stay as they are; it is refused if that is so of all
/// (RFC 4314 §4).
pub fn store(
    state: &State,
    into: Permit,
    uids: &UidSet,
    (mode, flags): (StoreMode, &Flags),
    condition: Condition,
) -> Result<Planned<FlagsStored>, Refusal> {
    let mailbox = state.mailbox(into.mailbox).ok_or(Refusal::NoSuchMailbox)?;
    let steps = allowed(mailbox, into.rights, (mode, flags))?;
    let mut stored = FlagsStored::default();
    let mut changed = vec![UidSet::new(); steps.len()];
    let mut differs = HashMap::new();
    for (_, record) in mailbox.messages.select(uids) {
        if let Condition::UnchangedSince(since) = condition
            && since.is_none_or(|since| record.modseq > since)
        {
            stored.modified.insert(record.uid);
            continue;
        }
        let (by, messages) =
            differs.entry(record.flags).or_insert_with(|| (differing(mailbox, record.flags, &steps), 0));
        *messages += u32::from(!by.is_empty());
        for step in by.iter() {
            changed[*step].insert(record.uid);
        }
    }
    // What is about system flags alone needs none.
    if steps.iter().any(|(_, flags)| !flags.keywords().is_empty()) {
        check_room(state, (mailbox, into.limits), &differs, &steps)?;
    }
    stored.changed = changed.iter().fold(UidSet::new(), |all, uids| all.union(uids));
    let changes = changed.into_iter().zip(steps).filter(|(uids, _)| !uids.is_empty());
    let changes = changes.map(|(uids, (mode, flags))| Change::FlagsChanged { mailbox: mailbox.id, uids, mode, flags });
    Ok(Planned::new(changes.collect(), stored))
}

type Step = (StoreMode, Flags);

/// Refuses what the mailbox has no room for. `differs` has the combinations that are there, each with the steps that change
/// it and the number of messages.
fn check_room(
    state: &State,
    (mailbox, limits): (&Mailbox, Limits),
    differs: &HashMap<FlagSetId, (Vec<usize>, u32)>,
    steps: &[Step],
) -> Result<(), Refusal> {
    let mut leaving = mailbox.flags.each(|_| 0);
    let mut scratch = mailbox.flags.clone();
    let mut coming = Vec::new();
    for (id, (by, messages)) in differs.iter().filter(|(_, (by, _))| !by.is_empty()) {
        *leaving.of_mut(*id) += messages;
        let mut id = *id;
        for step in by {
            let (mode, flags) = &steps[*step];
            id = scratch.stored(id, *mode, flags);
            coming.push(id);
        }
    }
    let mut room = Room::new(state, (mailbox, limits), Some(leaving));
    coming.into_iter().try_for_each(|id| room.take(&scratch.flags(id)))
}

/// What may be done of a STORE: all of it, as it is, for who has all rights that it could need.
fn allowed(mailbox: &Mailbox, rights: Rights, (mode, flags): (StoreMode, &Flags)) -> Result<Vec<Step>, Refusal> {
    if rights.contains(Rights::FLAGGING) {
        return Ok(vec![(mode, flags.clone())]);
    }
    let kept = rights.keep(flags);
    // What replaces all flags is about each of them, one that is about none about nothing.
    let about_some = mode == StoreMode::Replace || flags.is_empty();
    if !rights.has_any(Rights::FLAGGING) || (!about_some && kept.is_empty()) {
        return Err(Refusal::NotAllowed);
    }
    if mode != StoreMode::Replace {
        return Ok(vec![(mode, kept)]);
    }
    // Those that may not be changed differ from message to message, so all others are replaced around them.
    let others = rights.keep(&mailbox.flags.all()).without(&kept);
    Ok(vec![(StoreMode::Add, kept), (StoreMode::Remove, others)])
}

/// Which of the steps, by their places, leave other flags than these. No two steps are about the same flag.
fn differing(mailbox: &Mailbox, set: FlagSetId, steps: &[Step]) -> Vec<usize> {
    let differs = |(_, (mode, flags)): &(usize, &Step)| mailbox.flags.peek(set, *mode, flags) != Some(set);
    steps.iter().enumerate().filter(differs).map(|(at, _)| at).collect()
}
