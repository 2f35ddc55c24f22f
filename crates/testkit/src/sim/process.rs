//! A process: a store of its own over what all processes share.

use std::path::PathBuf;
use std::sync::Arc;

use account::plan::{self, NewMessage};
use account::{Flags, Permit};
use imap::{InternalDate, MailboxName};
use parking_lot::Mutex;
use session::{Now, Peer, Session, Transport};
use store::backend::Standing;
use store::{Account, AccountId, Actor, CommitError, Store};

use super::truth::{Failures, Truth, message};
use crate::gate::{FixedGate, PASSWORD, USER};

/// The largest message.
const LARGEST: u64 = 1 << 20;

/// A store with those who serve it.
pub(super) struct Process {
    /// The store.
    pub(super) store: Store,
    id: AccountId,
    imap: Arc<session::Settings>,
    lmtp: Arc<delivery::Settings>,
}

impl Process {
    /// A process that has just started. The user is in its directory.
    pub(super) fn new(store: Store, id: AccountId) -> Self {
        let users = vec![(USER.to_owned(), PASSWORD.to_owned(), id)];
        let gate = Arc::new(FixedGate::new(store.clone(), users));
        let imap = session::Settings { gate, append_limit: LARGEST, append_octets: LARGEST, store: store.clone() };
        let lmtp = delivery::Settings {
            store: store.clone(),
            hostname: "mx.example.org".to_owned(),
            size_limit: LARGEST,
            routing: delivery::Routing::default(),
            journal: Arc::new(|_, _| ()),
        };
        Self { store, id, imap: Arc::new(imap), lmtp: Arc::new(lmtp) }
    }

    /// Where the account is kept, once it has been made.
    pub(super) fn made(&self) -> Option<PathBuf> {
        let directory = self.store.directory();
        let made = directory.standing(self.id).is_ok_and(|standing| standing == Standing::Made);
        made.then(|| directory.place(self.id).into())
    }

    /// Somebody connects by IMAP.
    pub(super) fn session(&self, waker: session::Waker, now: Now) -> Session {
        let peer = Peer { address: None, session: 1 };
        Session::new(self.imap.clone(), peer, Transport::PlainTrusted, waker, now)
    }

    /// A mail server connects.
    pub(super) fn lmtp(&self, now: Now) -> delivery::Lmtp {
        let peer = Peer { address: None, session: 2 };
        delivery::Lmtp::new(self.lmtp.clone(), peer, now)
    }

    /// Looks for what other processes did, as a server does every second for those who are logged in.
    pub(super) fn poll(&self) -> Result<(), store::Error> {
        self.store.account(self.id)?.poll()
    }

    /// Puts a message into INBOX without any session, as the command line does.
    pub(super) fn import(&self, mark: u64, now: i64) -> Result<(u64, u32), CommitError> {
        let account = self.store.account(self.id)?;
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
        Ok((u64::from(done.outcome.uid_validity.get()), uid))
    }

    /// The same, held against the truth.
    pub(super) fn bring(&self, mark: u64, now: i64, truth: &Mutex<Truth>) -> Result<(), String> {
        match self.import(mark, now) {
            Ok((validity, uid)) => {
                let mut truth = truth.lock();
                truth.follow()?;
                truth.holds(validity, uid, mark)
            }
            Err(_) if truth.lock().failures == Failures::Expected => Ok(()),
            Err(error) => Err(format!("message {mark} was not taken: {error}")),
        }
    }

    /// Looks at the newest state: it has to be durable, and whole.
    pub(super) fn observe(&self, truth: &Mutex<Truth>) -> Result<(), String> {
        let state = match self.store.account(self.id).and_then(|account| account.state()) {
            Ok(state) => state,
            Err(_) if truth.lock().failures == Failures::Expected => return Ok(()),
            Err(error) => return Err(format!("there is no state: {error}")),
        };
        let mut truth = truth.lock();
        truth.follow()?;
        truth.tell(state.modseq().map_or(0, imap::ModSeq::get))?;
        if state.named(&MailboxName::Inbox).is_none() {
            return Err("an account without INBOX is shown".to_owned());
        }
        Ok(())
    }

    /// Whether the account's state is the durable one.
    pub(super) fn is_current(&self, truth: &mut Truth) -> Result<(), String> {
        self.state_is(truth).map(drop)
    }

    /// The account's state is the durable one, and its check is clean.
    pub(super) fn is_whole(&self, truth: &mut Truth) -> Result<(), String> {
        let report = self.state_is(truth)?.check().map_err(|error| format!("the check failed: {error}"))?;
        if report.is_clean() { Ok(()) } else { Err(format!("the check found {:?}", report.problems)) }
    }

    fn state_is(&self, truth: &mut Truth) -> Result<Arc<Account>, String> {
        let account = self.store.account(self.id).map_err(|error| error.to_string())?;
        let state = account.state().map_err(|error| format!("there is no state: {error}"))?;
        // The first look makes a new account.
        truth.follow()?;
        if *state != **truth.state() {
            return Err(format!("the state is that of {:?}, not of {:?}", state.modseq(), truth.state().modseq()));
        }
        Ok(account)
    }
}
