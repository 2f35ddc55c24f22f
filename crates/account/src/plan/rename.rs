//! RENAME.

use std::collections::HashMap;
use std::sync::Arc;

use imap::{MailboxName, UidSet};

use super::mailboxes::{Maker, missing_parents};
use super::{Planned, expunge};
use crate::{Added, Change, Refusal, Rights, State};

/// Gives a mailbox, and all below it, another name (RFC 9051 §6.3.6). INBOX stays and is emptied into a new mailbox
/// instead. Names above the new one that are missing are made. `rights` are those to the mailbox, `above` those to the
/// nearest mailbox above its new name (RFC 4314 §4); they are looked at first, so that a refusal says nothing of what is
/// there. `now` is in unix seconds.
pub fn rename(
    state: &State,
    (from, rights): (&MailboxName, Rights),
    (to, above): (&MailboxName, Rights),
    now: i64,
) -> Result<Planned<()>, Refusal> {
    rights.allow(Rights::DELETE_MAILBOX)?;
    above.allow(Rights::CREATE)?;
    if state.named(to).is_some() || *to == MailboxName::Inbox {
        return Err(Refusal::AlreadyExists);
    }
    if *from == MailboxName::Inbox {
        return empty_inbox(state, to, now);
    }
    if to.is_child_of(from) {
        return Err(Refusal::BelowItself);
    }
    let mut maker = Maker::new(state, now);
    for parent in missing_parents(state, to) {
        maker.make(parent, Vec::new())?;
    }
    let own = state.named(from).map(|m| Change::MailboxRenamed { id: m.id, name: to.clone() });
    let mut renamed: Vec<Change> = own.into_iter().collect();
    for child in state.below(from) {
        let Some(Ok(name)) = child.name.renamed(from, to) else { return Err(Refusal::NameTooLong) };
        if state.named(&name).is_some() {
            return Err(Refusal::AlreadyExists);
        }
        renamed.push(Change::MailboxRenamed { id: child.id, name });
    }
    if renamed.is_empty() {
        return Err(Refusal::NoSuchMailbox);
    }
    let mut changes = maker.changes;
    changes.extend(renamed);
    Ok(Planned::new(changes, ()))
}

/// "Renaming INBOX is permitted and has special behavior": its messages move to the new mailbox, INBOX is left empty,
/// and what is below INBOX stays where it is.
fn empty_inbox(state: &State, to: &MailboxName, now: i64) -> Result<Planned<()>, Refusal> {
    let inbox = state.named(&MailboxName::Inbox).ok_or(Refusal::NoSuchMailbox)?;
    let mut maker = Maker::new(state, now);
    for parent in missing_parents(state, to) {
        maker.make(parent, Vec::new())?;
    }
    let new = maker.make(to.clone(), Vec::new())?;
    let mut changes = maker.changes;
    let mut flags = HashMap::new();
    let messages: Vec<Added> = inbox
        .messages
        .iter()
        .map(|record| Added {
            uid: record.uid,
            email: record.email,
            size: record.size,
            internal_date: record.internal_date,
            save_date: now,
            flags: Arc::clone(flags.entry(record.flags).or_insert_with(|| Arc::new(inbox.flags.flags(record.flags)))),
            foreign: None,
        })
        .collect();
    if !messages.is_empty() {
        let uids: UidSet = messages.iter().map(|m| m.uid).collect();
        changes.push(Change::MessagesAdded { mailbox: new, messages });
        changes.extend(expunge::expunged(inbox, &uids));
    }
    Ok(Planned::new(changes, ()))
}
