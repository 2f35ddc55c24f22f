//! A process: a store of its own over what all processes share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use account::plan::{self, NewMessage};
use account::{Flags, Permit};
use imap::{InternalDate, MailboxName};
use parking_lot::Mutex;
use session::{Now, Peer, Session, Transport};
use store::backend::Standing;
use store::{Account, AccountId, Actor, CommitError, Store};

use super::ledger::message;
use super::porter::Porter;
use super::truth::{Failures, Truth};
use crate::gate::USER;

/// The largest message.
const LARGEST: u64 = 1 << 20;

/// A store with those who serve it.
pub(super) struct Process {
    /// The store.
    pub(super) store: Store,
    /// Who lets clients in.
    pub(super) porter: Arc<Porter>,
    /// The last number of a session, of all processes.
    sessions: Arc<AtomicU64>,
    imap: Arc<session::Settings>,
    lmtp: Arc<delivery::Settings>,
}

impl Process {
    /// A process that has just started.
    pub(super) fn new(store: Store, sessions: Arc<AtomicU64>) -> Self {
        let porter = Arc::new(Porter::new(store.clone()));
        let imap = session::Settings {
            gate: porter.clone(),
            append_limit: LARGEST,
            append_octets: LARGEST,
            store: store.clone(),
            journal: Arc::new(|_, _| ()),
        };
        let lmtp = delivery::Settings {
            store: store.clone(),
            hostname: "mx.example.org".to_owned(),
            size_limit: LARGEST,
            routing: delivery::Routing::default(),
            journal: Arc::new(|_, _| ()),
        };
        Self { store, porter, sessions, imap: Arc::new(imap), lmtp: Arc::new(lmtp) }
    }

    /// The account that is there.
    fn account(&self) -> Result<Arc<Account>, store::Error> {
        let entry = self.store.directory().find_by_name(USER)?.ok_or(store::Error::NoSuchAccount)?;
        self.store.account(entry.id)
    }

    /// Makes the account, if there is none; gives its number if it is new.
    pub(super) fn make(&self, now: i64) -> Result<Option<AccountId>, store::Error> {
        match self.store.directory().add(USER, None, now) {
            Ok(id) => Ok(Some(id)),
            Err(store::Error::NameTaken(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same, held against the truth.
    pub(super) fn found(&self, now: i64, truth: &Mutex<Truth>) -> Result<(), String> {
        let made = self.make(now);
        let mut truth = truth.lock();
        match made {
            Ok(Some(id)) => truth.made(id),
            Err(error) if truth.failures == Failures::NoneDue => Err(format!("no account was made: {error}")),
            Ok(None) | Err(_) => truth.look(),
        }
    }

    /// Removes the account that is there, with all its mail, as the command line does.
    pub(super) fn remove(&self, truth: &Mutex<Truth>) -> Result<(), String> {
        let found = self.store.directory().find_by_name(USER);
        let id = match found {
            Ok(Some(entry)) => entry.id,
            Err(error) if truth.lock().failures == Failures::NoneDue => return Err(error.to_string()),
            Ok(None) | Err(_) => return Ok(()),
        };
        truth.lock().dooms(id);
        let removed = self.store.remove(id);
        let mut truth = truth.lock();
        match removed {
            Ok(()) => truth.removed(id),
            // Somebody else was faster.
            Err(store::Error::NoSuchAccount) => truth.spared(id),
            Err(error) => {
                truth.spared(id)?;
                if truth.failures == Failures::NoneDue { Err(format!("it was not removed: {error}")) } else { Ok(()) }
            }
        }
    }

    /// Where the account is kept, once it has been made.
    pub(super) fn made(&self) -> Option<PathBuf> {
        let directory = self.store.directory();
        let id = directory.find_by_name(USER).ok()??.id;
        let made = directory.standing(id).is_ok_and(|standing| standing == Standing::Made);
        made.then(|| directory.place(id).into())
    }

    /// Somebody connects by IMAP: the session, and its number.
    pub(super) fn session(&self, waker: session::Waker, now: Now) -> (u64, Session) {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        let peer = Peer { address: None, session: number };
        (number, Session::new(self.imap.clone(), peer, Transport::PlainTrusted, waker, now))
    }

    /// A mail server connects.
    pub(super) fn lmtp(&self, now: Now) -> delivery::Lmtp {
        let peer = Peer { address: None, session: 0 };
        delivery::Lmtp::new(self.lmtp.clone(), peer, now)
    }

    /// Looks for what other processes did, as a server does every second for those who are logged in.
    pub(super) fn poll(&self, truth: &Mutex<Truth>) -> Result<(), String> {
        for id in self.store.changed() {
            let polled = self.store.account(id).and_then(|account| account.poll());
            truth.lock().excuse(Some(id), polled)?;
        }
        Ok(())
    }

    /// Puts a message into INBOX without any session, as the command line does.
    pub(super) fn import(&self, mark: u64, now: i64) -> Result<(AccountId, u64, u32), CommitError> {
        let account = self.account()?;
        let mut upload = self.store.upload();
        upload.push(&message(mark))?;
        let message = upload.finish()?;
        let new = NewMessage {
            size: message.size(),
            internal_date: InternalDate::new(now, 0),
            flags: Flags::default(),
            uid: None,
            foreign: None,
        };
        let done = account.commit(&Actor::default(), now, vec![message], move |state| {
            let inbox = state.named(&MailboxName::Inbox).map(|mailbox| Permit::owner(mailbox.id));
            plan::append(state, inbox, std::slice::from_ref(&new), now)
        })?;
        let uid = done.outcome.uids.first().map_or(0, imap::Uid::get);
        Ok((account.id(), u64::from(done.outcome.uid_validity.get()), uid))
    }

    /// The same, held against the truth.
    pub(super) fn bring(&self, mark: u64, now: i64, truth: &Mutex<Truth>) -> Result<(), String> {
        let since = truth.lock().moment();
        let imported = self.import(mark, now);
        let mut truth = truth.lock();
        truth.follow()?;
        match imported {
            Ok((account, validity, uid)) => {
                truth.came_in(mark, None, &since)?;
                truth.ledger(account)?.holds(validity, uid, mark)
            }
            Err(_) if truth.failures == Failures::Expected || !truth.was_there(&since) => Ok(()),
            Err(error) => Err(format!("message {mark} was not taken: {error}")),
        }
    }

    /// Looks at the newest state: it has to be durable, and whole.
    pub(super) fn observe(&self, truth: &Mutex<Truth>) -> Result<(), String> {
        let since = truth.lock().moment();
        let seen = self.account().and_then(|account| Ok((account.id(), account.state()?)));
        let mut truth = truth.lock();
        truth.follow()?;
        let (id, state) = match seen {
            Ok(seen) => seen,
            Err(_) if truth.failures == Failures::Expected || !truth.was_there(&since) => return Ok(()),
            Err(error) => return Err(format!("there is no state: {error}")),
        };
        truth.ledger(id)?.tell(state.modseq().map_or(0, imap::ModSeq::get))?;
        if state.named(&MailboxName::Inbox).is_none() {
            return Err("an account without INBOX is shown".to_owned());
        }
        Ok(())
    }

    /// Whether the account's state is the durable one, if there is an account.
    pub(super) fn is_current(&self, truth: &mut Truth) -> Result<(), String> {
        self.state_is(truth).map(drop)
    }

    /// The account's state is the durable one, and its check is clean.
    pub(super) fn is_whole(&self, truth: &mut Truth) -> Result<(), String> {
        let Some(account) = self.state_is(truth)? else { return Ok(()) };
        let report = account.check().map_err(|error| format!("the check failed: {error}"))?;
        if report.is_clean() { Ok(()) } else { Err(format!("the check found {:?}", report.problems)) }
    }

    fn state_is(&self, truth: &mut Truth) -> Result<Option<Arc<Account>>, String> {
        let account = match self.account() {
            Err(store::Error::NoSuchAccount) if truth.there().is_none() => return Ok(None),
            account => account.map_err(|error| error.to_string())?,
        };
        let state = account.state().map_err(|error| format!("there is no state: {error}"))?;
        // The first look makes a new account.
        truth.follow()?;
        let is = truth.ledger(account.id())?.state();
        if state != *is {
            return Err(format!("the state is that of {:?}, not of {:?}", state.modseq(), is.modseq()));
        }
        Ok(Some(account))
    }
}
