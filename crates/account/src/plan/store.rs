//! STORE: flags change.

use std::collections::HashMap;

use imap::{ModSeq, StoreMode, UidSet};

use super::Planned;
use super::append::check_keywords;
use crate::{Change, Flags, MailboxId, Refusal, State};

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
pub struct Stored {
    /// The messages that did not meet the condition: MODIFIED (RFC 7162 §3.1.3).
    pub modified: UidSet,
    /// The messages whose flags are other ones now.
    pub changed: UidSet,
}

/// Stores flags into messages (RFC 9051 §6.4.6). Those that have gone are passed over; one whose flags would stay as
/// they are keeps its modseq.
pub fn store(
    state: &State,
    mailbox: MailboxId,
    uids: &UidSet,
    (mode, flags): (StoreMode, &Flags),
    condition: Condition,
) -> Result<Planned<Stored>, Refusal> {
    let there = state.mailbox(mailbox).ok_or(Refusal::NoSuchMailbox)?;
    if mode != StoreMode::Remove {
        check_keywords(there, std::iter::once(flags))?;
    }
    let mut stored = Stored::default();
    let mut differs = HashMap::new();
    for (_, record) in there.messages.select(uids) {
        if let Condition::UnchangedSince(since) = condition
            && since.is_none_or(|since| record.modseq > since)
        {
            stored.modified.insert(record.uid);
            continue;
        }
        let set = record.flags;
        if *differs.entry(set).or_insert_with(|| there.flags.peek(set, mode, flags) != Some(set)) {
            stored.changed.insert(record.uid);
        }
    }
    let change = || Change::FlagsChanged { mailbox, uids: stored.changed.clone(), mode, flags: flags.clone() };
    let changes = if stored.changed.is_empty() { Vec::new() } else { vec![change()] };
    Ok(Planned::new(changes, stored))
}
