//! EXPUNGE, UID EXPUNGE and CLOSE: messages go.

use imap::UidSet;

use super::Planned;
use crate::{Change, Mailbox, Permit, Refusal, Rights, State, SystemFlags};

/// Takes out the messages that have `\Deleted` (RFC 9051 §6.4.3), or of those just the ones in `only` (§6.4.9).
/// The outcome is what went.
pub fn expunge(state: &State, from: Permit, only: Option<&UidSet>) -> Result<Planned<UidSet>, Refusal> {
    let mailbox = state.mailbox(from.mailbox).ok_or(Refusal::NoSuchMailbox)?;
    from.rights.allow(Rights::EXPUNGE)?;
    let deleted = |r: &crate::Record| mailbox.flags.set(r.flags).system.contains(SystemFlags::DELETED);
    let uids: UidSet = if let Some(set) = only {
        mailbox.messages.select(set).map(|(_, r)| r).filter(|r| deleted(r)).map(|r| r.uid).collect()
    } else {
        let chunks = mailbox.messages.chunks().iter().filter(|c| c.summary().deleted > 0);
        chunks.flat_map(|c| c.records()).filter(|r| deleted(r)).map(|r| r.uid).collect()
    };
    Ok(Planned::new(expunged(mailbox, &uids).into_iter().collect(), uids))
}

/// Takes messages away, whether they have `\Deleted` or not: the end of a MOVE. Those that have gone are passed over. The
/// outcome is what went.
pub fn take_away(state: &State, from: Permit, uids: &UidSet) -> Result<Planned<UidSet>, Refusal> {
    let mailbox = may_take_away(state, from)?;
    let there: UidSet = mailbox.messages.select(uids).map(|(_, r)| r.uid).collect();
    Ok(Planned::new(expunged(mailbox, &there).into_iter().collect(), there))
}

/// The mailbox, if messages may be taken away from it.
pub(super) fn may_take_away(state: &State, from: Permit) -> Result<&Mailbox, Refusal> {
    let mailbox = state.mailbox(from.mailbox).ok_or(Refusal::NoSuchMailbox)?;
    from.rights.allow(Rights::TAKING_AWAY)?;
    Ok(mailbox)
}

/// The change that takes these messages out of a mailbox; `None` if it has none of them.
pub(super) fn expunged(mailbox: &Mailbox, uids: &UidSet) -> Option<Change> {
    let emails: Vec<_> = mailbox.messages.select(uids).map(|(_, r)| r.email).collect();
    (!emails.is_empty()).then(|| Change::Expunged { mailbox: mailbox.id, uids: uids.clone(), emails })
}
