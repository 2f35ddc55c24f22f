//! The handle of an account.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Weak};

use account::{Commit, EmailId, Limits, MailboxId, Planned, Refusal, State};
use imap::ModSeq;
use parking_lot::Mutex;

use crate::derive::Reach;
use crate::engine::Engine;
use crate::lock::{Lock, Rank};
use crate::phase::Current;
use crate::pin::Pins;
use crate::queue::{Queue, Request};
use crate::recent::Recent;
use crate::shared::Shared;
use crate::tail::Tail;
use crate::turn::{self, Stop};
use crate::watch::Watchers;
use crate::{AccountId, Actor, Body, CommitError, Committed, Error, Log, Message, Piece, Pin, Problem, Report, Watch};

/// An account: its newest durable state, and the only way in which that changes. There is one for each account in a
/// process, and its files are opened when its data is first used.
#[derive(Debug)]
pub struct Account {
    pub(crate) id: AccountId,
    pub(crate) this: Weak<Account>,
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) shared: Arc<Shared>,
    /// Whether it is open, and its newest durable state.
    pub(crate) current: Current,
    /// Commits that wait for their turn.
    pub(crate) queue: Queue,
    /// Held by the one who makes the state move on, opens or closes.
    pub(crate) head: Lock<Head>,
    pub(crate) watchers: Watchers,
    pub(crate) pins: Arc<Pins>,
    pub(crate) recent: Recent,
    pub(crate) reach: Lock<Reach>,
    used: AtomicBool,
    /// When it was last found in use, and when its log was last looked through for what is too old: in seconds as
    /// [`Time`](crate::time::Time) counts them.
    pub(crate) used_at: AtomicI64,
    pub(crate) expired_at: AtomicI64,
    /// Whether its file may have room to give back.
    pub(crate) shrinks: AtomicBool,
}

/// The right to make an account's state move on, to open and to close it: one at a time.
#[derive(Debug)]
pub(crate) struct Head(());

impl Account {
    pub(crate) fn new(id: AccountId, engine: Arc<dyn Engine>, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            id,
            this: this.clone(),
            engine,
            shared,
            current: Current::default(),
            queue: Queue::default(),
            head: Lock::new(Rank::Head, Head(())),
            watchers: Watchers::default(),
            pins: Arc::default(),
            recent: Recent::default(),
            reach: Lock::new(Rank::Derived, Reach::default()),
            used: AtomicBool::new(false),
            used_at: AtomicI64::new(0),
            expired_at: AtomicI64::new(i64::MIN),
            shrinks: AtomicBool::new(true),
        })
    }

    /// How much it may hold.
    pub fn limits(&self) -> Limits {
        self.shared.options.limits
    }

    /// Its name in the store.
    pub fn id(&self) -> AccountId {
        self.id
    }

    /// The newest durable state.
    pub fn state(&self) -> Result<Arc<State>, Error> {
        self.touch();
        if let Some(state) = self.current.state() {
            return Ok(state);
        }
        let opened = {
            let mut head = self.head.lock();
            self.opened(&mut head)
        };
        self.watchers.tell();
        opened
    }

    /// The newest durable state, if it is in memory: the account is neither opened nor marked as used.
    pub fn state_if_open(&self) -> Option<Arc<State>> {
        self.current.state()
    }

    /// Makes what `plan` plans durable, with the emails that it names: email `i` is `state.next_email() + i` in the
    /// state that the plan is given. Returns when it is on disk. `plan` is asked again if another process was first,
    /// so it must not do anything else. `now` is in unix seconds.
    pub fn commit<T: Send + 'static>(
        &self,
        who: &Actor,
        now: i64,
        emails: Vec<Message>,
        mut plan: impl FnMut(&State) -> Result<Planned<T>, Refusal> + Send + 'static,
    ) -> Result<Committed<T>, CommitError> {
        self.touch();
        let told = Arc::new(Mutex::new(None));
        let tell = told.clone();
        let plan = Box::new(move |state: &State| {
            let planned = plan(state)?;
            *tell.lock() = Some(planned.outcome);
            Ok(planned.changes)
        });
        let named = emails.into_iter().map(|message| self.engine.put(&message).map(|body| (message, body)));
        let named: Vec<_> = named.collect::<Result<_, Error>>()?;
        let bodies: Vec<_> = named.iter().map(|(_, body)| body.clone()).collect();
        let committed = self.commit_planned(Request::new(who, now, named, plan));
        if let Err(CommitError::Refused(_)) = committed {
            bodies.iter().try_for_each(|body| self.engine.discard(body))?;
        }
        let state = committed?;
        let outcome = told.lock().take().ok_or_else(|| Error::WrongPlan("it was never asked".to_owned()))?;
        Ok(Committed { state, outcome })
    }

    /// Calls `wake` after each commit, by whomever, once it is durable and [`Account::state`] has it; without any
    /// lock, from any thread. It must not wait.
    pub fn watch(&self, wake: impl Fn() + Send + Sync + 'static) -> Watch {
        turn::pass(Stop::Ask);
        self.watchers.watch(wake)
    }

    /// Shows the structures of emails, as [`mime::Stored::parse`] reads them, in the order asked for and as this program
    /// derives them, whoever wrote them. Runs of ascending ids are one sequential scan. An email that is not there ends it with [`Error::NoSuchEmail`].
    pub fn structures(
        &self,
        emails: &mut dyn Iterator<Item = EmailId>,
        visit: &mut dyn FnMut(EmailId, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.touch();
        let see = &mut |email: crate::engine::Email<'_>| match self.derived_anew(&email) {
            None => visit(email.id, email.structure),
            Some(structure) => visit(email.id, structure.as_bytes()),
        };
        self.engine.emails(emails, see).map_err(|error| self.explain(error))
    }

    /// The structure of one email.
    pub fn structure(&self, email: EmailId) -> Result<Vec<u8>, Error> {
        let mut found = Vec::new();
        self.structures(&mut std::iter::once(email), &mut |_, structure| {
            found = structure.to_vec();
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Shows the BLAKE3 hashes of emails, in the order asked for. An email that is not there ends it with
    /// [`Error::NoSuchEmail`].
    pub fn hashes(
        &self,
        emails: &mut dyn Iterator<Item = EmailId>,
        visit: &mut dyn FnMut(EmailId, &[u8; 32]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.touch();
        self.engine.emails(emails, &mut |email| visit(email.id, &email.hash)).map_err(|error| self.explain(error))
    }

    /// The octets of one email.
    pub fn body(&self, email: EmailId) -> Result<Body, Error> {
        self.touch();
        Body::open(&self.engine, email).map_err(|error| self.explain(error))
    }

    /// Shows all octets of many emails, in the order asked for, each in one piece or, where it is larger than 256 KiB,
    /// in several. Each is checked against its hash before its last piece is shown.
    pub fn bodies(
        &self,
        emails: &mut dyn Iterator<Item = EmailId>,
        visit: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.touch();
        crate::body::bodies(&*self.engine, emails, visit).map_err(|error| self.explain(error))
    }

    /// Keeps all that a state names while the pin lives.
    pub fn pin(&self, state: &Arc<State>) -> Pin {
        self.pins.pin(state.modseq().map_or(0, ModSeq::get), None)
    }

    /// The same for a session that goes on to hold what this state has of a mailbox's messages, also when the account is
    /// closed.
    pub fn pin_view(&self, state: &Arc<State>, mailbox: MailboxId) -> Pin {
        let view = state.mailbox(mailbox).map(|view| (mailbox, &view.messages));
        self.pins.pin(state.modseq().map_or(0, ModSeq::get), view)
    }

    /// The log after a modseq, oldest first, as far back as it is kept.
    pub fn log(&self, after: Option<ModSeq>) -> Result<Vec<Commit>, Error> {
        self.history(after)?.collect()
    }

    /// The same, read as it is asked for: a log may be long.
    pub fn history(&self, after: Option<ModSeq>) -> Result<Log, Error> {
        self.touch();
        Ok(Log::new(self.engine.clone(), after))
    }

    /// Checks all of it: every checksum, every hash, every invariant. What is damaged is in the report; an error means
    /// that it could not be looked at.
    pub fn check(&self) -> Result<Report, Error> {
        self.state().map(drop).or_else(|error| if let Error::Damaged { .. } = error { Ok(()) } else { Err(error) })?;
        crate::check::check(&*self.engine)
    }

    /// What can still be read of an account that [`Account::state`] finds damaged, and what is wrong. For export: its
    /// emails can be read as ever. Where nothing is damaged, it is the newest state.
    pub fn salvage(&self) -> Result<(Arc<State>, Vec<Problem>), Error> {
        self.touch();
        crate::open::salvage(&*self.engine)
    }

    /// Looks whether another process has committed something. If so, who watches is woken; an account that is closed
    /// stays closed until one of them wants to see it.
    pub fn poll(&self) -> Result<(), Error> {
        if self.current.is_removed() {
            return Err(Error::NoSuchAccount);
        }
        if self.is_open() {
            let mut head = self.head.lock();
            self.catch_up(&mut head)?;
        } else if !self.watchers.is_empty() {
            self.watchers.saw(self.engine.glance().map_err(|error| self.explain(error))?);
        }
        self.watchers.tell();
        Ok(())
    }

    fn touch(&self) {
        turn::pass(Stop::Ask);
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    /// Whether it was used since this was last asked.
    pub(crate) fn was_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    /// Makes a durable state the one that everybody sees; it follows the one before by these rows. The caller holds `head`.
    pub(crate) fn publish(&self, _: &mut Head, state: Arc<State>, by: Tail) {
        let modseq = state.modseq();
        self.current.advance(state, by);
        self.watchers.saw(modseq);
    }

    /// Gives back the files and the memory of an account that nobody works with at the moment; whether that went.
    pub(crate) fn try_close(&self) -> bool {
        /// A tail up to this long is folded faster at the next opening than a checkpoint is written now.
        const SHORT: u64 = 64;
        let Some(mut head) = self.head.try_lock() else { return false };
        let tail = self.tail();
        if tail.commits > SHORT || tail.is_heavy() {
            // If it fails, the log has it all: the next opening takes longer.
            let _later = self.checkpoint();
        }
        self.let_go(&mut head);
        true
    }

    /// The same, waiting for its turn and with a checkpoint of all there is; whether one was written.
    pub(crate) fn close(&self) -> Result<bool, Error> {
        let mut head = self.head.lock();
        let written = self.checkpoint();
        self.let_go(&mut head);
        written
    }

    fn let_go(&self, _: &mut Head) {
        turn::pass(Stop::Close);
        self.current.close();
        // Closing has nothing left to do that could fail: what matters is durable.
        let _ = self.engine.close();
    }

    /// It is not there any more, for anybody.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        self.current.remove();
        let mut head = self.head.lock();
        self.let_go(&mut head);
        self.engine.destroy()
    }

    /// About how many octets of memory it takes now, open or closed.
    pub fn memory(&self) -> usize {
        self.weight().max(self.held())
    }

    /// About how many octets of memory it takes while it is open.
    pub(crate) fn weight(&self) -> usize {
        /// What the connections to its file keep in memory.
        const FILES: usize = 64 << 10;
        self.current.state().map_or(0, |state| FILES + state.weight())
    }

    /// How many of these stay when it is closed: sessions hold what they show.
    pub(crate) fn held(&self) -> usize {
        self.pins.weight()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.current.state().is_some()
    }
}
