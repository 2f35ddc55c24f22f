//! APPEND, REPLACE, delivery and import: messages come in.

use std::collections::HashSet;
use std::sync::Arc;

use imap::{InternalDate, Keyword, Uid, UidSet, UidValidity};

use super::Planned;
use super::expunge::may_take_away;
use crate::{Added, Change, EmailId, Flags, Foreign, Mailbox, MailboxId, Permit, Refusal, Rights, State, limits};

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
    check_room(state, messages.len())?;
    added(state, to, messages, now)
}

fn added(state: &State, to: Option<Permit>, messages: &[NewMessage], now: i64) -> Result<Planned<Appended>, Refusal> {
    let (mailbox, rights) = destination(state, to)?;
    let flags: Vec<Arc<Flags>> = messages.iter().map(|message| Arc::new(rights.keep(&message.flags))).collect();
    check_keywords(mailbox, flags.iter().map(|flags| &**flags))?;
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
    let outcome = Appended { mailbox: mailbox.id, uid_validity: mailbox.uid_validity, uids };
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
    let mut planned = added(state, to, std::slice::from_ref(message), now)?;
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

/// The mailbox that messages are to go to, and the rights to it, if they may come in.
pub(super) fn destination(state: &State, to: Option<Permit>) -> Result<(&Mailbox, Rights), Refusal> {
    let Permit { mailbox, rights } = to.ok_or(Refusal::NoSuchDestination)?;
    let mailbox = state.mailbox(mailbox).ok_or(Refusal::NoSuchDestination)?;
    rights.allow(Rights::INSERT)?;
    Ok((mailbox, rights))
}

/// Refuses more messages than an account may have.
pub(super) fn check_room(state: &State, more: usize) -> Result<(), Refusal> {
    let fits = state.totals().messages.saturating_add(more as u64) <= limits::MESSAGES;
    if fits || more == 0 { Ok(()) } else { Err(Refusal::AccountFull) }
}

/// Refuses what would make a mailbox know more keywords than it may.
pub(super) fn check_keywords<'a>(mailbox: &Mailbox, flags: impl Iterator<Item = &'a Flags>) -> Result<(), Refusal> {
    let keywords = flags.flat_map(Flags::keywords);
    let unknown: HashSet<&Keyword> = keywords.filter(|keyword| mailbox.flags.keyword(keyword).is_none()).collect();
    let known = mailbox.flags.keywords().len();
    if !unknown.is_empty() && known + unknown.len() > limits::KEYWORDS {
        return Err(Refusal::TooManyKeywords);
    }
    Ok(())
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
