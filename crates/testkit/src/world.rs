//! What there is before a transcript begins: an account with its mailboxes and messages.

use std::sync::Arc;

use account::plan::{self, NewMessage};
use account::{Flags, Permit, Planned, Refusal, Rights, State};
use imap::{Flag, InternalDate, MailboxName, StoreMode, Uid, UidSet};
use session::{Settings, Transport};
use store::{Account, AccountId, Actor, Credentials, Store};

use crate::gate::{FixedGate, PASSWORD, USER};
use crate::mail;
use crate::memory::BEGIN;
use crate::run::Door;
use crate::transcript::{Given, Mail, Transcript};

/// The largest message, unless a transcript says otherwise.
const APPEND_LIMIT: u64 = 50 * 1024 * 1024;

/// The same for all messages of one APPEND.
const APPEND_OCTETS: u64 = 256 * 1024 * 1024;

/// A store with one user's account.
pub struct World {
    /// The store.
    pub store: Store,
    /// The user's account.
    pub account: Arc<Account>,
    id: AccountId,
    mails: u32,
}

impl World {
    /// Makes [`USER`]'s account in a store.
    pub fn new(store: Store) -> Result<Self, String> {
        Self::with_password(store, None)
    }

    /// The same for a server that asks the directory who comes in.
    pub fn with_password(store: Store, credentials: Option<&Credentials>) -> Result<Self, String> {
        let id = store.directory().add(USER, credentials, BEGIN).map_err(told)?;
        let account = store.account(id).map_err(told)?;
        Ok(Self { store, account, id, mails: 0 })
    }

    /// Does what the `given`s of a transcript say.
    pub fn prepare(&mut self, transcript: &Transcript) -> Result<(), String> {
        transcript.givens.iter().try_for_each(|given| self.given(given))
    }

    /// What sessions need.
    pub fn settings(&self, transcript: &Transcript) -> Settings {
        let users = vec![(USER.to_owned(), PASSWORD.to_owned(), self.id)];
        let limit = transcript.givens.iter().find_map(|given| match given {
            Given::AppendLimit(octets) => Some(*octets),
            _ => None,
        });
        Settings {
            gate: Arc::new(FixedGate::new(self.store.clone(), users)),
            append_limit: limit.unwrap_or(APPEND_LIMIT),
            append_octets: APPEND_OCTETS,
            store: self.store.clone(),
            journal: Arc::new(|_, _| ()),
        }
    }

    /// What protects the connections of a transcript at first.
    pub fn transport(transcript: &Transcript) -> Transport {
        if transcript.has(&Given::PlaintextRefused) { Transport::Plain } else { Transport::PlainTrusted }
    }

    /// Whether the store is whole: its own check is clean, and the fold of its log is its state.
    pub fn check(&self) -> Result<(), String> {
        crate::check::account(&self.account)
    }

    /// Runs a plan.
    pub fn commit<T: Send + 'static>(
        &self,
        emails: Vec<store::Message>,
        plan: impl FnMut(&State) -> Result<Planned<T>, Refusal> + Send + 'static,
    ) -> Result<T, String> {
        let actor = Actor::default();
        self.account.commit(&actor, BEGIN, emails, plan).map(|done| done.outcome).map_err(|error| format!("{error:?}"))
    }

    fn given(&mut self, given: &Given) -> Result<(), String> {
        match given {
            Given::Mailbox(mailbox) => self.make(mailbox),
            Given::NoMailbox(mailbox) => {
                let name = name(mailbox)?;
                self.commit(Vec::new(), move |state| plan::delete(state, (&name, Rights::ALL))).map(drop)
            }
            Given::Messages { mailbox, count, flags } => {
                self.make(mailbox)?;
                (0..*count).try_for_each(|_| self.add(mailbox, &Mail::Numbered, flags, None))
            }
            Given::Message { mailbox, mail, flags, date } => {
                self.make(mailbox)?;
                self.add(mailbox, mail, flags, date.as_deref())
            }
            Given::Without { mailbox, uid } => {
                let name = name(mailbox)?;
                let uids: UidSet = Uid::new(*uid).into_iter().collect();
                let deleted = Flags::from_wire(&[Flag::Deleted]);
                self.commit(Vec::new(), move |state| {
                    let id = state.named(&name).ok_or(Refusal::NoSuchMailbox)?.id;
                    plan::store(state, Permit::owner(id), &uids, (StoreMode::Add, &deleted), plan::Condition::Always)
                })?;
                let (name, uids) = (self::name(mailbox)?, Uid::new(*uid).into_iter().collect::<UidSet>());
                self.commit(Vec::new(), move |state| {
                    let id = state.named(&name).ok_or(Refusal::NoSuchMailbox)?.id;
                    plan::expunge(state, Permit::owner(id), Some(&uids))
                })
                .map(drop)
            }
            Given::BeginsAt { mailbox, uid } => {
                self.make(mailbox)?;
                let (name, uid) = (name(mailbox)?, Uid::new(*uid).ok_or("UID 0")?);
                self.commit(Vec::new(), move |state| {
                    let mailbox = state.named(&name).ok_or(Refusal::NoSuchMailbox)?;
                    plan::take_numbers(state, mailbox.id, mailbox.uid_validity, uid)
                })
            }
            Given::Subscribed(mailbox) => {
                let name = name(mailbox)?;
                self.commit(Vec::new(), move |state| plan::subscribe(state, &name))
            }
            Given::NotSubscribed(mailbox) => {
                let name = name(mailbox)?;
                self.commit(Vec::new(), move |state| plan::unsubscribe(state, &name))
            }
            Given::AppendLimit(_)
            | Given::PlaintextRefused
            | Given::Recent
            | Given::OnlyInMemory
            | Given::Opening(..) => Ok(()),
        }
    }

    fn make(&self, mailbox: &str) -> Result<(), String> {
        let name = name(mailbox)?;
        if self.account.state().map_err(told)?.named(&name).is_some() {
            return Ok(());
        }
        self.commit(Vec::new(), move |state| plan::create(state, (&name, Rights::ALL), &[], BEGIN)).map(drop)
    }

    fn add(&mut self, mailbox: &str, mail: &Mail, flags: &[String], date: Option<&str>) -> Result<(), String> {
        let octets = match mail {
            Mail::Numbered => {
                self.mails += 1;
                mail::numbered(self.mails)
            }
            Mail::Named(name) => mail::named(name)?,
        };
        let internal_date = match date {
            None => InternalDate::new(BEGIN, 0),
            Some(text) => InternalDate::parse(text.as_bytes()).ok_or_else(|| format!("{text:?} is no date-time"))?,
        };
        let flags: Vec<Flag> = flags.iter().map(|f| flag(f)).collect::<Result<_, _>>()?;
        let mut upload = self.store.upload();
        upload.push(&octets).map_err(told)?;
        let message = upload.finish().map_err(told)?;
        let new = NewMessage {
            size: message.size(),
            internal_date,
            flags: Flags::from_wire(&flags),
            uid: None,
            foreign: None,
        };
        let name = name(mailbox)?;
        self.commit(vec![message], move |state| {
            let to = state.named(&name).map(|m| Permit::owner(m.id));
            plan::append(state, to, std::slice::from_ref(&new), BEGIN)
        })
        .map(drop)
    }
}

impl Door for World {
    fn deliver(&mut self, mailbox: &str, mail: &Mail) -> Result<(), String> {
        self.add(mailbox, mail, &[], None)
    }
}

fn name(text: &str) -> Result<MailboxName, String> {
    MailboxName::new(text).map_err(|error| format!("{text:?}: {error}"))
}

fn flag(text: &str) -> Result<Flag, String> {
    let system = [Flag::Answered, Flag::Flagged, Flag::Deleted, Flag::Seen, Flag::Draft];
    if let Some(flag) = system.into_iter().find(|flag| flag.as_str().eq_ignore_ascii_case(text)) {
        return Ok(flag);
    }
    imap::Keyword::new(text).map(Flag::Keyword).ok_or_else(|| format!("{text:?} is no flag"))
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}
