//! COPY and MOVE into another mailbox, be it of another account.
//!
//! Within an account that is one commit, and no octet is copied. Between two the octets are read from the one and come
//! into the other as those of any message do; one commit there adds all messages or none, and a MOVE takes them away by
//! a second commit in the account that they came from. While one account commits nothing of the other one is locked, so
//! transfers in opposite directions never wait for each other. A [`Note`] says that a MOVE is under way, from before its
//! first commit until after its second: stopped between them, messages are in both mailboxes, and [`both`] names them.

pub(crate) mod both;
pub(crate) mod note;

use std::fmt;
use std::sync::Arc;

use account::plan::{self, Copied, NewMessage};
use account::{Mailbox, Permit, Planned, Record, Refusal, Rights, State, limits};
use imap::UidSet;

use self::note::{End, Note};
use crate::engine::BODY_CHUNK;
use crate::upload::Room;
use crate::{Account, Actor, CommitError, Error, Message, Store, Upload};

/// Messages that are to go to another mailbox.
#[derive(Clone, Debug)]
pub struct Picked {
    /// Whose they are.
    pub account: Arc<Account>,
    /// The mailbox that has them.
    pub from: Permit,
    /// Which ones. Those that have gone are passed over.
    pub uids: UidSet,
}

type Find = dyn Fn(&State) -> Option<Permit> + Send + Sync;

/// The mailbox that messages are to go to, looked for in each newest state of its account.
#[derive(Clone)]
pub struct Destination {
    account: Arc<Account>,
    find: Arc<Find>,
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination").field("account", &self.account.id()).finish_non_exhaustive()
    }
}

impl Destination {
    /// The mailbox of an account that `find` finds.
    pub fn new(account: Arc<Account>, find: impl Fn(&State) -> Option<Permit> + Send + Sync + 'static) -> Self {
        Self { account, find: Arc::new(find) }
    }
}

/// How a MOVE went that got at least as far as its first commit.
#[derive(Clone, Debug)]
pub struct Moved {
    /// What was copied.
    pub copied: Copied,
    /// The account that the messages came from, after they were taken away; or why they are still there, so that they are
    /// in both mailboxes now.
    pub taken_away: Result<Arc<State>, CommitError>,
}

impl Store {
    /// Copies messages, all or none. Flags that there is no right to set are left out; emails keep their ids
    /// (RFC 8474 §5.1). `now` is in unix seconds.
    pub fn copy(&self, who: &Actor, now: i64, picked: &Picked, to: &Destination) -> Result<Copied, CommitError> {
        if picked.account.id() == to.account.id() {
            let _work = self.work(picked);
            let (from, uids, find) = (picked.from, picked.uids.clone(), to.find.clone());
            let plan = move |state: &State| plan::copy(state, from, &uids, find(state), now);
            return Ok(picked.account.commit(who, now, Vec::new(), plan)?.outcome);
        }
        let freight = self.load(picked, to, now)?;
        freight.unload(who, now, to)
    }

    /// Moves messages: copies them, and takes them away where they were. None is ever in neither mailbox.
    pub fn move_messages(
        &self,
        who: &Actor,
        now: i64,
        picked: &Picked,
        to: &Destination,
    ) -> Result<Moved, CommitError> {
        let from = picked.from;
        if picked.account.id() == to.account.id() {
            let _work = self.work(picked);
            let (uids, find) = (picked.uids.clone(), to.find.clone());
            let plan = move |state: &State| plan::move_messages(state, from, &uids, find(state), now);
            let done = picked.account.commit(who, now, Vec::new(), plan)?;
            return Ok(Moved { copied: done.outcome, taken_away: Ok(done.state) });
        }
        // Whether they may be taken away is asked before anything is copied.
        plan::take_away(&*picked.account.state()?, from, &UidSet::new())?;
        let freight = self.load(picked, to, now)?;
        let note = match freight.new.is_empty() {
            true => None,
            false => Some(freight.note(picked, to, now).write(self.rows())?),
        };
        let copied = freight.unload(who, now, to);
        if let (Err(CommitError::Refused(_)), Some(note)) = (&copied, &note) {
            note.remove(self.rows())?;
        }
        let copied = copied?;
        let uids = copied.from.clone();
        let take_away = move |state: &State| match state.mailbox(from.mailbox) {
            Some(_) => plan::take_away(state, from, &uids),
            // They have gone with their mailbox.
            None => Ok(Planned { changes: Vec::new(), outcome: UidSet::new() }),
        };
        let taken_away = picked.account.commit(who, now, Vec::new(), take_away).map(|done| done.state);
        if let (Ok(_), Some(note)) = (&taken_away, &note) {
            // A note that is left behind names nothing any more, and goes with a sweep.
            let _left = note.remove(self.rows());
        }
        Ok(Moved { copied, taken_away })
    }

    /// Reads what is to go, if it may go and may come in.
    fn load(&self, picked: &Picked, to: &Destination, now: i64) -> Result<Freight, CommitError> {
        let state = picked.account.state()?;
        let _kept = picked.account.pin(&state);
        let mailbox = state.mailbox(picked.from.mailbox).ok_or(Refusal::NoSuchMailbox)?;
        picked.from.rights.allow(Rights::READ)?;
        let there = to.account.state()?;
        let permit = (to.find)(&there);
        plan::append(&there, permit, &[], now)?;
        let into = permit.and_then(|permit| there.mailbox(permit.mailbox)).ok_or(Refusal::NoSuchDestination)?;
        let mut freight = Freight::into(into.clone());
        let mut room = self.room();
        for (_, record) in mailbox.messages.select(&picked.uids) {
            if freight.new.len() >= limits::TRANSFER {
                return Err(Refusal::TooManyMessages.into());
            }
            let upload = self.upload_into(room);
            let (message, rest) = read(&picked.account, record, upload)?;
            room = rest;
            freight.uids.insert(record.uid);
            freight.new.push(NewMessage {
                size: message.size(),
                internal_date: record.internal_date,
                flags: mailbox.flags.flags(record.flags),
                uid: None,
                foreign: state.ids().taken_along(record.email),
            });
            freight.messages.push(message);
        }
        Ok(freight)
    }
}

/// Reads a message and takes it in again: what comes in is scanned anew, and has to be what was read.
fn read(account: &Account, record: &Record, mut upload: Upload) -> Result<(Message, Room), Error> {
    let mut body = account.body(record.email)?;
    let mut octets = Vec::new();
    while upload.len() < body.size() {
        octets.clear();
        body.read(upload.len(), BODY_CHUNK as u64, &mut octets)?;
        upload.push(&octets)?;
    }
    let (message, room) = upload.finish_with_room()?;
    if message.hash() != body.hash() {
        return Err(Error::damaged(format!("octets of email {}", record.email)));
    }
    Ok((message, room))
}

/// Messages on their way from one account to another one.
struct Freight {
    /// The mailbox that they are for, as it was before they come.
    into: Arc<Mailbox>,
    /// Their UIDs where they come from.
    uids: UidSet,
    new: Vec<NewMessage>,
    messages: Vec<Message>,
}

impl Freight {
    fn into(mailbox: Arc<Mailbox>) -> Self {
        Self { into: mailbox, uids: UidSet::new(), new: Vec::new(), messages: Vec::new() }
    }

    fn note(&self, picked: &Picked, to: &Destination, at: i64) -> Note {
        Note {
            from: End { account: picked.account.id(), mailbox: picked.from.mailbox },
            to: End { account: to.account.id(), mailbox: self.into.id },
            uids: self.uids.clone(),
            first: self.into.uid_next_shown(),
            at,
        }
    }

    /// Adds all of it to where it is to go, or nothing. It goes to the mailbox that was found first, whatever names have
    /// changed meanwhile: that one a note names.
    fn unload(self, who: &Actor, now: i64, to: &Destination) -> Result<Copied, CommitError> {
        let (find, into, new) = (to.find.clone(), self.into.id, self.new);
        let find = move |state: &State| find(state).filter(|permit| permit.mailbox == into);
        let plan = move |state: &State| plan::append(state, find(state), &new, now);
        let added = to.account.commit(who, now, self.messages, plan)?.outcome;
        Ok(Copied { uid_validity: added.uid_validity, from: self.uids, to: added.uids })
    }
}
