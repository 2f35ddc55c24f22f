//! One account's truth: all rows of its log, and all states that they have led to.

use std::collections::BTreeMap;
use std::sync::Arc;

use account::{Change, Commit, EmailId, FlagSetId, Mailbox, MailboxId, State, codec};
use imap::{MailboxName, ModSeq, Uid};
use store::engine::Engine;

use crate::model::{FlagSet, Picture};

/// Whether an account is to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Nobody has begun to remove it.
    Kept,
    /// Somebody has begun to: it may be gone.
    Doomed,
    /// Somebody was told that it is gone.
    Removed,
}

/// A durable account.
pub(super) struct Ledger {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) fate: Fate,
    /// How many are about to remove it.
    pub(super) removers: usize,
    /// What was before the first commit, and what each led to.
    states: Vec<Arc<State>>,
    /// Who made each commit.
    actors: Vec<String>,
    /// All messages that ever were: by mailbox and UID, with the commit that brought them.
    added: BTreeMap<(MailboxId, Uid), (EmailId, usize)>,
    /// What each email says of itself: the number in its subject.
    marks: BTreeMap<EmailId, u64>,
    /// All mailboxes that ever were, by UIDVALIDITY.
    mailboxes: BTreeMap<u64, MailboxId>,
}

impl Ledger {
    /// Of what an engine keeps.
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        Self {
            engine,
            fate: Fate::Kept,
            removers: 0,
            states: vec![Arc::default()],
            actors: Vec::new(),
            added: BTreeMap::new(),
            marks: BTreeMap::new(),
            mailboxes: BTreeMap::new(),
        }
    }

    /// The durable state, as of the last look.
    pub(super) fn state(&self) -> &Arc<State> {
        &self.states[self.now()]
    }

    /// How many commits there were as of the last look.
    pub(super) fn now(&self) -> usize {
        self.actors.len()
    }

    /// The state after so many commits.
    pub(super) fn at(&self, commits: usize) -> &State {
        &self.states[commits.min(self.now())]
    }

    /// Whether something was so at any time since there were so many commits.
    pub(super) fn was(&self, since: usize, so: impl Fn(&State) -> bool) -> bool {
        self.states[since.min(self.now())..].iter().any(|state| so(state))
    }

    /// Whether a session has made a commit since there were so many that did this: from a state to the next.
    pub(super) fn did(&self, since: usize, session: u64, this: impl Fn(&State, &State) -> bool) -> bool {
        let commits = since..self.now();
        commits
            .into_iter()
            .any(|at| session_of(&self.actors[at]) == Some(session) && this(&self.states[at], &self.states[at + 1]))
    }

    /// Folds in what has become durable, and gives it. What was durable before has to be there still, unless the account
    /// may be gone.
    pub(super) fn follow(&mut self) -> Result<Vec<Commit>, String> {
        match (self.read(), self.fate) {
            (_, Fate::Removed) | (Err(_), Fate::Doomed) => Ok(Vec::new()),
            (read, _) => read,
        }
    }

    fn read(&mut self) -> Result<Vec<Commit>, String> {
        let known = self.state().modseq();
        let newest = match self.engine.newest() {
            Err(store::Error::NoSuchAccount) => None,
            other => other.map_err(|error| format!("the log cannot be read: {error}"))?,
        };
        if newest == known {
            return Ok(Vec::new());
        }
        if newest < known {
            return Err(format!("the log ended at {known:?} and ends at {newest:?}"));
        }
        let rows = self.engine.log(known, usize::MAX >> 1);
        let rows = rows.map_err(|error| format!("the log cannot be read: {error}"))?;
        let mut commits = Vec::new();
        for row in rows {
            let changes = codec::read_changes(&row.changes).map_err(|error| format!("row {}: {error}", row.modseq))?;
            let commit = Commit { modseq: row.modseq, at: row.at, actor: row.actor, changes };
            let mut state = (**self.state()).clone();
            state.apply(&commit).map_err(|error| format!("row {} does not follow: {error}", row.modseq))?;
            self.note(&commit.changes)?;
            self.states.push(Arc::new(state));
            self.actors.push(commit.actor.clone());
            commits.push(commit);
        }
        Ok(commits)
    }

    fn note(&mut self, changes: &[Change]) -> Result<(), String> {
        for change in changes {
            match change {
                Change::MailboxCreated { id, uid_validity, .. } => {
                    if let Some(old) = self.mailboxes.insert(uid_validity.get().into(), *id) {
                        return Err(format!("UIDVALIDITY {uid_validity} of mailbox {id} was mailbox {old}'s"));
                    }
                }
                Change::MessagesAdded { mailbox, messages } => {
                    for message in messages {
                        self.note_message((*mailbox, message.uid), message.email)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn note_message(&mut self, (mailbox, uid): (MailboxId, Uid), email: EmailId) -> Result<(), String> {
        if let Some((old, _)) = self.added.insert((mailbox, uid), (email, self.now())) {
            return Err(format!("UID {uid} of mailbox {mailbox} was email {old} already"));
        }
        if !self.marks.contains_key(&email) {
            let mut octets = Vec::new();
            self.engine.chunk(email, 0, &mut octets).map_err(|error| format!("email {email}: {error}"))?;
            let mark = mark_in(&octets).ok_or_else(|| format!("email {email} is not what was sent"))?;
            self.marks.insert(email, mark);
        }
        Ok(())
    }

    /// Somebody is told of a modseq, which has to be durable by now.
    pub(super) fn tell(&self, modseq: u64) -> Result<(), String> {
        let newest = self.state().modseq().map_or(0, ModSeq::get);
        if modseq > newest {
            return Err(format!("modseq {modseq} was told, but the log ends at {newest}"));
        }
        Ok(())
    }

    /// Somebody is told how many messages the mailbox has that had a name since there were so many commits: so many at
    /// least have been there.
    pub(super) fn count(&self, name: &str, since: usize, count: usize) -> Result<(), String> {
        let had = |id| self.was(since, |state| named(state, name) == Some(id));
        let counted = self.mailboxes.iter().filter(|(_, id)| had(**id)).map(|(valid, _)| self.count_in(*valid, count));
        counted.reduce(Result::or).unwrap_or_else(|| Err(format!("there was no {name}")))
    }

    /// The same of the mailbox that has or had a UIDVALIDITY.
    pub(super) fn count_in(&self, uid_validity: u64, count: usize) -> Result<(), String> {
        let id = self.valid(uid_validity);
        let ever = self.added.keys().filter(|(mailbox, _)| Some(*mailbox) == id).count();
        if count > ever {
            return Err(format!("mailbox {id:?} is said to have {count} messages, and never had more than {ever}"));
        }
        Ok(())
    }

    /// The mailbox that has or had a UIDVALIDITY, whether it is there or not.
    pub(super) fn valid(&self, uid_validity: u64) -> Option<MailboxId> {
        self.mailboxes.get(&uid_validity).copied()
    }

    /// The same, as it is.
    pub(super) fn mailbox(&self, uid_validity: u64) -> Option<&Arc<Mailbox>> {
        self.state().mailbox(self.valid(uid_validity)?)
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
        let key = (self.valid(uid_validity)?, Uid::new(uid)?);
        self.added.get(&key).map(|(email, _)| *email)
    }

    /// Where the message of a number came in: the state before, and the mailbox.
    pub(super) fn came_in(&self, mark: u64) -> Option<(&State, MailboxId)> {
        let brought = |email| self.marks.get(email) == Some(&mark);
        let first = self.added.iter().filter(|(_, (email, _))| brought(email)).min_by_key(|(_, (_, at))| *at);
        first.map(|((mailbox, _), (_, at))| (self.at(*at), *mailbox))
    }

    /// Whether those of some messages that are there still have a keyword.
    pub(super) fn has_keyword(&self, uid_validity: u64, uids: &[u32], keyword: &str) -> Result<(), String> {
        let Some(mailbox) = self.mailbox(uid_validity) else { return Ok(()) };
        for uid in uids {
            let Some(record) = Uid::new(*uid).and_then(|uid| mailbox.messages.by_uid(uid)) else { continue };
            let flags = flags(mailbox, record.flags);
            if !flags.contains(keyword) {
                return Err(format!("{keyword} was stored for UID {uid}, which has {flags:?}"));
            }
        }
        Ok(())
    }

    /// Whether a picture is what is, as far as the client has been told. Of a mailbox that has gone nothing is seen.
    pub(super) fn compare(&self, picture: &Picture) -> Result<(), String> {
        let mailbox = self.mailbox(picture.uid_validity);
        let is: Vec<(u32, FlagSet)> = mailbox.into_iter().flat_map(|m| contents(m)).collect();
        let same = is.len() == picture.messages.len()
            && is.iter().zip(&picture.messages).all(|((uid, flags), known)| {
                known.uid.is_none_or(|known| known == *uid) && known.flags.as_ref().is_none_or(|known| known == flags)
            });
        if same {
            return Ok(());
        }
        let known = picture.messages.iter().map(|known| (known.uid, known.flags.clone())).collect::<Vec<_>>();
        let name = mailbox.map_or_else(|| "a mailbox that has gone".to_owned(), |mailbox| mailbox.name.to_string());
        Err(format!("the client sees {known:?} in {name}, but there is {is:?}"))
    }
}

/// The mailbox of a name.
pub(super) fn named(state: &State, name: &str) -> Option<MailboxId> {
    state.named(&MailboxName::new(name).ok()?).map(|mailbox| mailbox.id)
}

/// The session that somebody is, if they are one.
pub(super) fn session_of(actor: &str) -> Option<u64> {
    let rest = actor.strip_prefix("session ")?;
    rest.split(',').next()?.parse().ok()
}

fn contents(mailbox: &Mailbox) -> impl Iterator<Item = (u32, FlagSet)> {
    mailbox.messages.iter().map(|record| (record.uid.get(), flags(mailbox, record.flags)))
}

fn flags(mailbox: &Mailbox, id: FlagSetId) -> FlagSet {
    mailbox.flags.flags(id).to_wire().iter().map(|flag| flag.as_str().to_ascii_lowercase()).collect()
}

/// The message of that number.
pub(super) fn message(mark: u64) -> Vec<u8> {
    format!("Subject: number {mark}\r\n\r\nThis is {mark}.\r\n").into_bytes()
}

/// The number of a message.
fn mark_in(octets: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(octets);
    let (_, rest) = text.split_once("Subject: number ")?;
    let (number, body) = rest.split_once("\r\n\r\nThis is ")?;
    (body.strip_suffix(".\r\n")? == number).then(|| number.parse().ok())?
}
