//! What is true: read from beneath the stores, row by row, as it becomes durable.

use std::collections::BTreeMap;
use std::sync::Arc;

use account::{Change, Commit, EmailId, Mailbox, MailboxId, State, codec};
use imap::{MailboxName, ModSeq, Uid};
use store::engine::{Engine, Row};
use testkit_vfs::Disk;

use crate::model::{FlagSet, Picture};

/// Whether something was broken, so that commands may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failures {
    /// Nothing was: every command succeeds.
    NoneDue,
    /// Something was.
    Expected,
}

/// The durable account.
pub(super) struct Truth {
    pub(super) failures: Failures,
    pub(super) engine: Arc<dyn Engine>,
    /// The disk that the engine is on: nothing happens to it while we look.
    disk: Option<Disk>,
    /// Whether the account's files are away: nothing becomes durable until they are back.
    pub(super) away: bool,
    state: Arc<State>,
    /// All messages that ever were: by mailbox and UID.
    added: BTreeMap<(MailboxId, Uid), EmailId>,
    /// What each email says of itself: the number in its subject.
    marks: BTreeMap<EmailId, u64>,
}

impl Truth {
    /// Of what an engine keeps.
    pub(super) fn new(engine: Arc<dyn Engine>, disk: Option<Disk>) -> Self {
        let failures = Failures::NoneDue;
        let state = Arc::default();
        Self { failures, engine, disk, away: false, state, added: BTreeMap::new(), marks: BTreeMap::new() }
    }

    /// The durable state, as of the last look.
    pub(super) fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Folds in what has become durable. What was durable before has to be there still.
    pub(super) fn follow(&mut self) -> Result<(), String> {
        match self.disk.clone() {
            _ if self.away => Ok(()),
            None => self.read(),
            // Without power nobody sees anything.
            Some(disk) if disk.is_off() => Ok(()),
            Some(disk) => disk.calmly(|| self.read()),
        }
    }

    fn read(&mut self) -> Result<(), String> {
        let newest = match self.engine.newest() {
            Err(store::Error::NoSuchAccount) => None,
            other => other.map_err(|error| format!("the log cannot be read: {error}"))?,
        };
        if newest == self.state.modseq() {
            return Ok(());
        }
        if newest < self.state.modseq() {
            return Err(format!("the log ended at {:?} and ends at {newest:?}", self.state.modseq()));
        }
        let mut state = (*self.state).clone();
        while state.modseq() < newest {
            let rows = self.engine.log(state.modseq(), usize::MAX >> 1);
            let rows = rows.map_err(|error| format!("the log cannot be read: {error}"))?;
            if rows.is_empty() {
                return Err(format!("the log ends before {newest:?}"));
            }
            self.fold(&mut state, rows)?;
        }
        self.state = Arc::new(state);
        Ok(())
    }

    fn fold(&mut self, state: &mut State, rows: Vec<Row>) -> Result<(), String> {
        for row in rows {
            let changes = codec::read_changes(&row.changes).map_err(|error| format!("row {}: {error}", row.modseq))?;
            let commit = Commit { modseq: row.modseq, at: row.at, actor: row.actor, changes };
            state.apply(&commit).map_err(|error| format!("row {} does not follow: {error}", row.modseq))?;
            self.note(&commit.changes)?;
        }
        Ok(())
    }

    fn note(&mut self, changes: &[Change]) -> Result<(), String> {
        for change in changes {
            let Change::MessagesAdded { mailbox, messages } = change else { continue };
            for message in messages {
                if let Some(old) = self.added.insert((*mailbox, message.uid), message.email) {
                    return Err(format!("UID {} of mailbox {mailbox} was email {old} already", message.uid));
                }
                if !self.marks.contains_key(&message.email) {
                    let mark = self.mark(message.email)?;
                    self.marks.insert(message.email, mark);
                }
            }
        }
        Ok(())
    }

    /// Reads what an email says of itself.
    fn mark(&self, email: EmailId) -> Result<u64, String> {
        let mut octets = Vec::new();
        self.engine.chunk(email, 0, &mut octets).map_err(|error| format!("email {email}: {error}"))?;
        mark_in(&octets).ok_or_else(|| format!("email {email} is not what was sent"))
    }

    /// Somebody is told of a modseq, which has to be durable by now.
    pub(super) fn tell(&self, modseq: u64) -> Result<(), String> {
        let newest = self.state.modseq().map_or(0, ModSeq::get);
        if modseq > newest {
            return Err(format!("modseq {modseq} was told, but the log ends at {newest}"));
        }
        Ok(())
    }

    /// Somebody is told how many messages a mailbox has: so many at least have been there.
    pub(super) fn count(&self, name: &str, count: usize) -> Result<(), String> {
        let id = self.named(name).map(|mailbox| mailbox.id);
        let ever = self.added.keys().filter(|(mailbox, _)| Some(*mailbox) == id).count();
        if count > ever {
            return Err(format!("{name} is said to have {count} messages, and never had more than {ever}"));
        }
        Ok(())
    }

    /// The mailbox with that UIDVALIDITY.
    pub(super) fn valid(&self, uid_validity: u64) -> Option<&Arc<Mailbox>> {
        self.state.by_name().find(|mailbox| u64::from(mailbox.uid_validity.get()) == uid_validity)
    }

    /// A mailbox by its name.
    pub(super) fn named(&self, name: &str) -> Option<&Arc<Mailbox>> {
        self.state.named(&MailboxName::new(name).ok()?)
    }

    /// Whether the message that a mailbox has, or had, under a UID is the one with that number.
    pub(super) fn holds(&self, uid_validity: u64, uid: u32, mark: u64) -> Result<(), String> {
        let found = self.email(uid_validity, uid).and_then(|email| self.marks.get(&email));
        match found {
            Some(found) if *found == mark => Ok(()),
            found => Err(format!("message {mark} should be UID {uid} of {uid_validity}, but that is {found:?}")),
        }
    }

    /// The email that a mailbox has, or had, under a UID.
    pub(super) fn email(&self, uid_validity: u64, uid: u32) -> Option<EmailId> {
        let key = (self.valid(uid_validity)?.id, Uid::new(uid)?);
        self.added.get(&key).copied()
    }

    /// Whether a message with that number ever came in.
    pub(super) fn came_in(&self, mark: u64) -> Result<(), String> {
        let came = self.marks.values().any(|found| *found == mark);
        came.then_some(()).ok_or_else(|| format!("message {mark} was taken and is not there"))
    }

    /// Whether those of some messages that are there still have a keyword.
    pub(super) fn has_keyword(&self, uid_validity: u64, uids: &[u32], keyword: &str) -> Result<(), String> {
        let Some(mailbox) = self.valid(uid_validity) else { return Ok(()) };
        for uid in uids {
            let Some(record) = Uid::new(*uid).and_then(|uid| mailbox.messages.by_uid(uid)) else { continue };
            let flags = flags(mailbox, record.flags);
            if !flags.contains(keyword) {
                return Err(format!("{keyword} was stored for UID {uid}, which has {flags:?}"));
            }
        }
        Ok(())
    }

    /// Whether a picture is what is, as far as the client has been told.
    pub(super) fn compare(&self, picture: &Picture) -> Result<(), String> {
        let Some(mailbox) = self.valid(picture.uid_validity) else { return Ok(()) };
        let is: Vec<(u32, FlagSet)> =
            mailbox.messages.iter().map(|record| (record.uid.get(), flags(mailbox, record.flags))).collect();
        let same = is.len() == picture.messages.len()
            && is.iter().zip(&picture.messages).all(|((uid, flags), known)| {
                known.uid.is_none_or(|known| known == *uid) && known.flags.as_ref().is_none_or(|known| known == flags)
            });
        if same {
            return Ok(());
        }
        let known = picture.messages.iter().map(|known| (known.uid, known.flags.clone())).collect::<Vec<_>>();
        Err(format!("the client sees {known:?} in {}, but there is {is:?}", mailbox.name))
    }
}

fn flags(mailbox: &Mailbox, id: account::FlagSetId) -> FlagSet {
    mailbox.flags.flags(id).to_wire().iter().map(|flag| flag.as_str().to_ascii_lowercase()).collect()
}

/// The message of that number.
pub(super) fn message(mark: u64) -> Vec<u8> {
    format!("Subject: number {mark}\r\n\r\nThis is {mark}.\r\n").into_bytes()
}

/// The number of a message.
pub(super) fn mark_in(octets: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(octets);
    let (_, rest) = text.split_once("Subject: number ")?;
    let (number, body) = rest.split_once("\r\n\r\nThis is ")?;
    (body.strip_suffix(".\r\n")? == number).then(|| number.parse().ok())?
}
