//! APPEND, REPLACE, delivery and import: messages come in.

use std::sync::Arc;

use imap::{InternalDate, Keyword, Uid, UidSet, UidValidity};

use super::Planned;
use super::expunge::may_take_away;
use super::keywords::Room;
use crate::{Added, Change, EmailId, Flags, Foreign, Mailbox, MailboxId, Permit, Refusal, Rights, State, SystemFlags};

/// A message whose octets the store already holds, ready to be named by a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Its size in octets.
    pub size: u32,
    /// INTERNALDATE.
    pub internal_date: InternalDate,
    /// The flags that it comes with.
    pub flags: Flags,
    /// The UID that it had elsewhere, for import; `None` takes the next one. One below UIDNEXT is not taken over: the
    /// next one is.
    pub uid: Option<Uid>,
    /// The id that it had in another account, if it was copied from there (RFC 8474 §5.1):
    /// [`ObjectIds::taken_along`](crate::ObjectIds::taken_along).
    pub foreign: Option<Foreign>,
}

/// What APPENDUID says (RFC 4315 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The mailbox that took them.
    pub mailbox: MailboxId,
    /// Its UIDVALIDITY.
    pub uid_validity: UidValidity,
    /// The UIDs given, in the order of the messages.
    pub uids: UidSet,
    /// The keywords that [`deliver`] left out of some messages.
    pub left_out: Vec<Keyword>,
}

/// What becomes of keywords for which the mailbox has no room.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NoRoom {
    Refuse,
    LeaveOut,
}

/// Adds messages to a mailbox, all or none (RFC 9051 §6.3.12, RFC 3502). The message at place `i` is the commit's
/// email `state.next_email() + i`. Flags that there is no right to set are left out (RFC 4314 §4). `now` is in unix
/// seconds.
pub fn append(
    state: &State,
    to: Option<Permit>,
    messages: &[NewMessage],
    now: i64,
) -> Result<Planned<Appended>, Refusal> {
    check_room(state, to, messages.len())?;
    added(state, to, messages, now, NoRoom::Refuse)
}

/// What [`append`] does, for mail that somebody else sent or that comes from elsewhere: it is not refused for its keywords.
/// A message for whose keywords the mailbox has no room keeps its system flags.
pub fn deliver(
    state: &State,
    to: Option<Permit>,
    messages: &[NewMessage],
    now: i64,
) -> Result<Planned<Appended>, Refusal> {
    check_room(state, to, messages.len())?;
    added(state, to, messages, now, NoRoom::LeaveOut)
}

fn added(
    state: &State,
    to: Option<Permit>,
    messages: &[NewMessage],
    now: i64,
    no_room: NoRoom,
) -> Result<Planned<Appended>, Refusal> {
    let (mailbox, permit) = destination(state, to)?;
    let mut room = Room::new(state, (mailbox, permit.limits), None);
    let mut flags: Vec<Arc<Flags>> =
        messages.iter().map(|message| Arc::new(permit.rights.keep(&message.flags))).collect();
    let mut left_out = Vec::new();
    for flags in &mut flags {
        if let Err(refusal) = room.take(flags) {
            if no_room == NoRoom::Refuse {
                return Err(refusal);
            }
            left_out.extend(flags.keywords().iter().cloned());
            *flags = Arc::new(flags.without_keywords());
        }
    }
    let mut emails = std::iter::successors(Some(state.next_email()), |e| Some(e.next()));
    let mut numbers = Numbers(mailbox.uid_next);
    let mut new = Vec::with_capacity(messages.len());
    for (message, flags) in messages.iter().zip(flags) {
        new.push(Added {
            uid: numbers.give(message.uid)?,
            email: emails.next().unwrap_or(EmailId::FIRST),
            size: message.size,
            internal_date: message.internal_date,
            save_date: now,
            flags,
            foreign: message.foreign,
        });
    }
    let uids = new.iter().map(|m| m.uid).collect();
    let left_out = Flags::new(SystemFlags::default(), left_out).keywords().to_vec();
    let outcome = Appended { mailbox: mailbox.id, uid_validity: mailbox.uid_validity, uids, left_out };
    let changes =
        if new.is_empty() { Vec::new() } else { vec![Change::MessagesAdded { mailbox: mailbox.id, messages: new }] };
    Ok(Planned::new(changes, outcome))
}

/// Puts a message into `to` and takes `old` out of `from`, both or neither (RFC 8508 §3.2). It needs the rights that
/// taking away and APPEND need (RFC 8508 §4.1).
pub fn replace(
    state: &State,
    (from, old): (Permit, Uid),
    to: Option<Permit>,
    message: &NewMessage,
    now: i64,
) -> Result<Planned<Appended>, Refusal> {
    let source = may_take_away(state, from)?;
    let email = source.messages.by_uid(old).ok_or(Refusal::NoSuchMessage)?.email;
    let mut planned = added(state, to, std::slice::from_ref(message), now, NoRoom::Refuse)?;
    planned.changes.push(Change::Expunged {
        mailbox: source.id,
        uids: std::iter::once(old).collect(),
        emails: vec![email],
    });
    Ok(planned)
}

/// Takes over UIDVALIDITY and UIDNEXT of the server that a mailbox is imported from. Only a mailbox that has never had
/// a message takes another UIDVALIDITY: a UID must never name two messages. One that has it already skips UIDs, so that
/// those which the other server gave to messages that have gone are not given again.
pub fn take_numbers(
    state: &State,
    mailbox: MailboxId,
    uid_validity: UidValidity,
    uid_next: Uid,
) -> Result<Planned<()>, Refusal> {
    let there = state.mailbox(mailbox).ok_or(Refusal::NoSuchMailbox)?;
    let same = there.uid_validity == uid_validity;
    if same && there.uid_next.is_none_or(|next| next >= uid_next) {
        return Ok(Planned::new(Vec::new(), ()));
    }
    if !same && there.uid_next != Some(Uid::MIN) {
        return Err(Refusal::NotEmpty);
    }
    Ok(Planned::new(vec![Change::NumbersTaken { mailbox, uid_validity, uid_next }], ()))
}

/// The mailbox that messages are to go to, if they may come in.
pub(super) fn destination(state: &State, to: Option<Permit>) -> Result<(&Mailbox, Permit), Refusal> {
    let permit = to.ok_or(Refusal::NoSuchDestination)?;
    let mailbox = state.mailbox(permit.mailbox).ok_or(Refusal::NoSuchDestination)?;
    permit.rights.allow(Rights::INSERT)?;
    Ok((mailbox, permit))
}

/// Refuses more messages than an account may have.
pub(super) fn check_room(state: &State, to: Option<Permit>, more: usize) -> Result<(), Refusal> {
    let limits = to.map(|permit| permit.limits).unwrap_or_default();
    let fits = state.totals().messages.saturating_add(more as u64) <= limits.messages;
    if fits || more == 0 { Ok(()) } else { Err(Refusal::AccountFull) }
}

/// Gives UIDs from UIDNEXT up.
pub(super) struct Numbers(pub(super) Option<Uid>);

impl Numbers {
    /// The wished UID if it is not below UIDNEXT, else UIDNEXT.
    pub(super) fn give(&mut self, wish: Option<Uid>) -> Result<Uid, Refusal> {
        let next = self.0.ok_or(Refusal::OutOfNumbers)?;
        let uid = wish.map_or(next, |wish| wish.max(next));
        self.0 = uid.next();
        Ok(uid)
    }
}
