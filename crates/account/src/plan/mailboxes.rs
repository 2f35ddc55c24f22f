//! CREATE, DELETE, SUBSCRIBE, UNSUBSCRIBE, and what a new account begins with.

use imap::{MailboxName, SpecialUse, UidValidity};

use super::Planned;
use crate::{Change, MailboxId, Origin, Refusal, Rights, State, limits};

/// The mailboxes of a new account beside INBOX, each with its role.
const FIRST: [(&str, SpecialUse); 5] = [
    ("Drafts", SpecialUse::Drafts),
    ("Sent", SpecialUse::Sent),
    ("Junk", SpecialUse::Junk),
    ("Trash", SpecialUse::Trash),
    ("Archive", SpecialUse::Archive),
];

/// Makes a mailbox, and those above it that are missing (RFC 9051 §6.3.4). No two mailboxes of an account have the same
/// special use (RFC 6154 §3). `above` are the rights to the nearest mailbox above it, and are looked at first, so that a
/// refusal says nothing of what is there. `now` is in unix seconds.
pub fn create(
    state: &State,
    (name, above): (&MailboxName, Rights),
    special_use: &[SpecialUse],
    now: i64,
) -> Result<Planned<MailboxId>, Refusal> {
    above.allow(Rights::CREATE)?;
    if *name == MailboxName::Inbox && state.named(name).is_some() {
        return Err(Refusal::Inbox);
    }
    if state.named(name).is_some() {
        return Err(Refusal::AlreadyExists);
    }
    let taken = |role| state.by_name().any(|m| m.special_use.contains(role));
    if special_use.iter().any(taken) {
        return Err(Refusal::SpecialUseTaken);
    }
    let mut maker = Maker::new(state, now);
    for parent in missing_parents(state, name) {
        maker.make(parent, Vec::new())?;
    }
    let id = maker.make(name.clone(), special_use.to_vec())?;
    Ok(Planned::new(maker.changes, id))
}

/// Removes a mailbox with all its messages (RFC 9051 §6.3.5). Mailboxes below it stay. The outcome is its id.
pub fn delete(state: &State, (name, rights): (&MailboxName, Rights)) -> Result<Planned<MailboxId>, Refusal> {
    if *name == MailboxName::Inbox {
        return Err(Refusal::Inbox);
    }
    let mailbox = state.named(name).ok_or(Refusal::NoSuchMailbox)?;
    rights.allow(Rights::DELETE_MAILBOX)?;
    let (id, emails) = (mailbox.id, mailbox.messages.iter().map(|record| record.email).collect());
    Ok(Planned::new(vec![Change::MailboxDeleted { id, emails }], id))
}

/// Subscribes a name, whether a mailbox has it or not (RFC 9051 §6.3.7).
pub fn subscribe(state: &State, name: &MailboxName) -> Result<Planned<()>, Refusal> {
    if state.is_subscribed(name) {
        return Ok(Planned::new(Vec::new(), ()));
    }
    if state.subscriptions().count() >= limits::SUBSCRIPTIONS {
        return Err(Refusal::TooManyMailboxes);
    }
    Ok(Planned::new(vec![Change::Subscribed { name: name.clone() }], ()))
}

/// Unsubscribes a name; one that is not subscribed is no error.
pub fn unsubscribe(state: &State, name: &MailboxName) -> Result<Planned<()>, Refusal> {
    let subscribed = state.is_subscribed(name);
    let changes = subscribed.then(|| Change::Unsubscribed { name: name.clone() });
    Ok(Planned::new(changes.into_iter().collect(), ()))
}

/// What a new account begins with: its origin, a random number; INBOX, Drafts, Sent, Junk, Trash and Archive, subscribed
/// and with their roles. An account that has INBOX needs nothing. UIDVALIDITYs are given
/// from `now` on: unix seconds, or higher where an account before had such.
pub fn new_account(state: &State, origin: Origin, now: i64) -> Result<Planned<()>, Refusal> {
    if state.named(&MailboxName::Inbox).is_some() {
        return Ok(Planned::new(Vec::new(), ()));
    }
    // The store gave this number, whatever it thinks of the clock.
    let mut maker = Maker { now, ..Maker::new(state, now) };
    maker.make(MailboxName::Inbox, Vec::new())?;
    let mut names = vec![MailboxName::Inbox];
    for (name, role) in FIRST {
        let Ok(name) = MailboxName::new(name) else { continue };
        if state.named(&name).is_none() {
            maker.make(name.clone(), vec![role])?;
        }
        names.push(name);
    }
    let mut changes = give_origin(state, origin).changes;
    changes.extend(maker.changes);
    changes.extend(names.into_iter().map(|name| Change::Subscribed { name }));
    Ok(Planned::new(changes, ()))
}

/// Gives an account that 0.1 made its origin, a random number: its ids are others from then on, this one time. One that
/// has an origin keeps it.
pub fn give_origin(state: &State, origin: Origin) -> Planned<()> {
    let missing = state.ids().origin().is_none();
    Planned::new(missing.then_some(Change::OriginGiven { origin }).into_iter().collect(), ())
}

/// The names above this one that no mailbox has, highest first.
pub(super) fn missing_parents(state: &State, name: &MailboxName) -> Vec<MailboxName> {
    let above = std::iter::successors(name.parent(), MailboxName::parent);
    let mut missing: Vec<_> = above.take_while(|parent| state.named(parent).is_none()).collect();
    missing.reverse();
    missing
}

/// A clock beyond this (in 2089) is not believed: UIDVALIDITYs go on from the last one then.
const LATEST: i64 = u32::MAX as i64 - (1 << 29);

/// Makes mailboxes with the ids and UIDVALIDITYs that come next.
pub(super) struct Maker {
    /// What has been made so far.
    pub(super) changes: Vec<Change>,
    next: MailboxId,
    last_uid_validity: u32,
    now: i64,
    room: usize,
}

impl Maker {
    pub(super) fn new(state: &State, now: i64) -> Self {
        Self {
            changes: Vec::new(),
            next: state.next_mailbox(),
            last_uid_validity: state.last_uid_validity(),
            // As the store does for new accounts: a wild clock would use up all numbers at once.
            now: if now <= LATEST { now } else { 0 },
            room: limits::MAILBOXES.saturating_sub(state.mailbox_count()),
        }
    }

    pub(super) fn make(&mut self, name: MailboxName, special_use: Vec<SpecialUse>) -> Result<MailboxId, Refusal> {
        self.room = self.room.checked_sub(1).ok_or(Refusal::TooManyMailboxes)?;
        let id = self.next;
        self.next = id.next();
        let uid_validity = self.uid_validity()?;
        self.changes.push(Change::MailboxCreated { id, name, uid_validity, special_use });
        Ok(id)
    }

    /// The time, so that a mailbox made again has a higher one (RFC 9051 §2.3.1.1), and above all that were given, so
    /// that a clock that went back does no harm.
    fn uid_validity(&mut self) -> Result<UidValidity, Refusal> {
        let above = self.last_uid_validity.checked_add(1).ok_or(Refusal::OutOfNumbers)?;
        let given = u32::try_from(self.now).unwrap_or(0).max(above);
        self.last_uid_validity = given;
        UidValidity::new(given).ok_or(Refusal::OutOfNumbers)
    }
}
