//! The handle of an account.

use std::ops::ControlFlow;
use std::sync::Arc;

use account::{Commit, EmailId, MailboxId, Planned, Refusal, State};
use imap::{ModSeq, Uid};

use crate::{AccountId, Actor, Body, CommitError, Committed, Error, Message, Piece, Pin, Report, Watch};

/// An account: its newest durable state, and the only way in which that changes. There is one for each account in a
/// process, and its files are opened when its data is first used.
#[derive(Debug)]
pub struct Account {
    id: AccountId,
}

impl Account {
    /// Its name in the store.
    pub fn id(&self) -> AccountId {
        self.id
    }

    /// The newest durable state.
    pub fn state(&self) -> Result<Arc<State>, Error> {
        unimplemented!()
    }

    /// Makes what `plan` plans durable, with the emails that it names: email `i` is `state.next_email() + i` in the
    /// state that the plan is given. Returns when it is on disk. `plan` is asked again if another process was first,
    /// so it must not do anything else. `now` is in unix seconds.
    pub fn commit<T: Send + 'static>(
        &self,
        _who: &Actor,
        _now: i64,
        _emails: Vec<Message>,
        _plan: impl FnMut(&State) -> Result<Planned<T>, Refusal> + Send + 'static,
    ) -> Result<Committed<T>, CommitError> {
        unimplemented!()
    }

    /// Calls `wake` after each commit, by whomever, once it is durable and [`Account::state`] has it; without any
    /// lock, from any thread. It must not wait.
    pub fn watch(&self, _wake: impl Fn() + Send + Sync + 'static) -> Watch {
        unimplemented!()
    }

    /// Shows the structures of emails, as [`mime::Stored::parse`] reads them, in the order asked for. Runs of ascending
    /// ids are one sequential scan. An email that is not there ends it with [`Error::NoSuchEmail`].
    pub fn structures(
        &self,
        _emails: &mut dyn Iterator<Item = EmailId>,
        _visit: &mut dyn FnMut(EmailId, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        unimplemented!()
    }

    /// The structure of one email.
    pub fn structure(&self, _email: EmailId) -> Result<Vec<u8>, Error> {
        unimplemented!()
    }

    /// The octets of one email.
    pub fn body(&self, _email: EmailId) -> Result<Body, Error> {
        unimplemented!()
    }

    /// Shows all octets of many emails, in the order asked for, each in one piece or, where it is larger than 256 KiB,
    /// in several. Each is checked against its hash before its last piece is shown.
    pub fn bodies(
        &self,
        _emails: &mut dyn Iterator<Item = EmailId>,
        _visit: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        unimplemented!()
    }

    /// Keeps all that a state names while the pin lives.
    pub fn pin(&self, _state: &Arc<State>) -> Pin {
        unimplemented!()
    }

    /// Claims the messages below `uid_next` (the mailbox's UIDNEXT as the session sees it) that no session has claimed
    /// yet, and gives the first of their UIDs: those from it up are `\Recent` in this session and in no other
    /// (RFC 3501 §2.3.2). What came in while no process served the account counts as seen.
    pub fn claim_recent(&self, _mailbox: MailboxId, _uid_next: Uid) -> Uid {
        unimplemented!()
    }

    /// The log after a modseq, oldest first, as far back as it is kept.
    pub fn log(&self, _after: Option<ModSeq>) -> Result<Vec<Commit>, Error> {
        unimplemented!()
    }

    /// Checks all of it: every checksum, every hash, every invariant.
    pub fn check(&self) -> Result<Report, Error> {
        unimplemented!()
    }

    /// Looks whether another process has committed something; if so, folds it in and wakes those who watch.
    pub fn poll(&self) -> Result<(), Error> {
        unimplemented!()
    }
}
