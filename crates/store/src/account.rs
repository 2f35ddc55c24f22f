//! The handle of an account.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use crate::current::Current;
use account::{Commit, EmailId, MailboxId, Planned, Refusal, State};
use imap::{ModSeq, Uid};
use parking_lot::Mutex;

use crate::checkpoint::Saved;
use crate::engine::Engine;
use crate::pin::Pins;
use crate::queue::{Queue, Request};
use crate::shared::Shared;
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
    /// The newest durable state; `None` while the account is closed.
    pub(crate) state: Current,
    /// Commits that wait for their turn.
    pub(crate) queue: Queue,
    /// Held by the one who makes the state move on.
    pub(crate) head: Mutex<Head>,
    /// The last checkpoint. Locked after `head`, if both.
    pub(crate) saved: Mutex<Saved>,
    /// The modseq of the newest state that was published, and of the newest one that watchers were told of.
    pub(crate) seen: AtomicU64,
    pub(crate) told: AtomicU64,
    pub(crate) watchers: Watchers,
    pub(crate) pins: Arc<Pins>,
    pub(crate) recent: Mutex<HashMap<MailboxId, Uid>>,
    used: AtomicBool,
    pub(crate) removed: AtomicBool,
    /// When it was last found in use, and when its log was last looked through for what is too old: unix seconds.
    pub(crate) used_at: AtomicI64,
    pub(crate) expired_at: AtomicI64,
}

/// What the one who makes the state move on has to know.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// A write failed: there may be more in the log than in the state.
    pub(crate) behind: bool,
}

impl Account {
    pub(crate) fn new(id: AccountId, engine: Arc<dyn Engine>, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            id,
            this: this.clone(),
            engine,
            shared,
            state: Current::default(),
            queue: Queue::default(),
            head: Mutex::default(),
            saved: Mutex::default(),
            seen: AtomicU64::new(0),
            told: AtomicU64::new(0),
            watchers: Watchers::default(),
            pins: Arc::default(),
            recent: Mutex::default(),
            used: AtomicBool::new(false),
            removed: AtomicBool::new(false),
            used_at: AtomicI64::new(0),
            expired_at: AtomicI64::new(i64::MIN),
        })
    }

    /// Its name in the store.
    pub fn id(&self) -> AccountId {
        self.id
    }

    /// The newest durable state.
    pub fn state(&self) -> Result<Arc<State>, Error> {
        self.touch()?;
        if let Some(state) = self.state.load() {
            return Ok(state);
        }
        let opened = {
            let mut head = self.head.lock();
            self.opened(&mut head)
        };
        self.tell();
        opened
    }

    /// The newest durable state, if it is in memory: the account is neither opened nor marked as used.
    pub fn state_if_open(&self) -> Option<Arc<State>> {
        self.state.load()
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
        self.touch()?;
        let told = Arc::new(Mutex::new(None));
        let tell = told.clone();
        let plan = Box::new(move |state: &State| {
            let planned = plan(state)?;
            *tell.lock() = Some(planned.outcome);
            Ok(planned.changes)
        });
        let state = self.commit_planned(Request::new(who, now, emails, plan))?;
        let outcome = told.lock().take().ok_or_else(|| Error::WrongPlan("it was never asked".to_owned()))?;
        Ok(Committed { state, outcome })
    }

    /// Calls `wake` after each commit, by whomever, once it is durable and [`Account::state`] has it; without any
    /// lock, from any thread. It must not wait.
    pub fn watch(&self, wake: impl Fn() + Send + Sync + 'static) -> Watch {
        self.watchers.watch(wake)
    }

    /// Shows the structures of emails, as [`mime::Stored::parse`] reads them, in the order asked for. Runs of ascending
    /// ids are one sequential scan. An email that is not there ends it with [`Error::NoSuchEmail`].
    pub fn structures(
        &self,
        emails: &mut dyn Iterator<Item = EmailId>,
        visit: &mut dyn FnMut(EmailId, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.touch()?;
        self.engine.emails(emails, &mut |email| visit(email.id, email.structure))
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
        self.touch()?;
        self.engine.emails(emails, &mut |email| visit(email.id, &email.hash))
    }

    /// The octets of one email.
    pub fn body(&self, email: EmailId) -> Result<Body, Error> {
        self.touch()?;
        Body::open(&self.engine, email)
    }

    /// Shows all octets of many emails, in the order asked for, each in one piece or, where it is larger than 256 KiB,
    /// in several. Each is checked against its hash before its last piece is shown.
    pub fn bodies(
        &self,
        emails: &mut dyn Iterator<Item = EmailId>,
        visit: &mut dyn FnMut(Piece<'_>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        self.touch()?;
        crate::body::bodies(&*self.engine, emails, visit)
    }

    /// Keeps all that a state names while the pin lives.
    pub fn pin(&self, state: &Arc<State>) -> Pin {
        self.pins.pin(state.modseq().map_or(0, ModSeq::get))
    }

    /// Claims the messages below `uid_next` (the mailbox's UIDNEXT as the session sees it) that no session has claimed
    /// yet, and gives the first of their UIDs: those from it up are `\Recent` in this session and in no other
    /// (RFC 3501 §2.3.2). What came in while no process served the account counts as seen.
    pub fn claim_recent(&self, mailbox: MailboxId, uid_next: Uid) -> Uid {
        let mut recent = self.recent.lock();
        let Some(first) = recent.get(&mailbox).copied().filter(|first| *first < uid_next) else { return uid_next };
        let state = self.state.load();
        let newest = state.as_ref().and_then(|state| state.mailbox(mailbox)).map(|mailbox| mailbox.uid_next_shown());
        if newest.is_some_and(|newest| newest > uid_next) {
            // More has come in than this session sees: that is left for the next one.
            recent.insert(mailbox, uid_next);
        } else {
            recent.remove(&mailbox);
        }
        first
    }

    /// What [`Account::claim_recent`] would give now, without claiming it: for STATUS and EXAMINE (RFC 3501 §6.3.2).
    pub fn recent_floor(&self, mailbox: MailboxId, uid_next: Uid) -> Uid {
        self.recent.lock().get(&mailbox).copied().unwrap_or(uid_next).min(uid_next)
    }

    /// The log after a modseq, oldest first, as far back as it is kept.
    pub fn log(&self, after: Option<ModSeq>) -> Result<Vec<Commit>, Error> {
        self.history(after)?.collect()
    }

    /// The same, read as it is asked for: a log may be long.
    pub fn history(&self, after: Option<ModSeq>) -> Result<Log, Error> {
        self.touch()?;
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
        self.touch()?;
        crate::open::salvage(&*self.engine)
    }

    /// Looks whether another process has committed something; if so, folds it in and wakes those who watch.
    pub fn poll(&self) -> Result<(), Error> {
        if self.removed.load(Ordering::Relaxed) {
            return Err(Error::NoSuchAccount);
        }
        let open = self.state.load().is_some();
        let nobody_cares = !open && self.watchers.is_empty();
        if nobody_cares || !self.engine.may_have_changed() {
            return Ok(());
        }
        let looked = {
            let mut head = self.head.lock();
            self.look(&mut head)
        };
        self.tell();
        looked
    }

    /// Marks it as used; an account that was removed cannot be.
    pub(crate) fn touch(&self) -> Result<(), Error> {
        if self.removed.load(Ordering::Relaxed) {
            return Err(Error::NoSuchAccount);
        }
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether it was used since this was last asked.
    pub(crate) fn was_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    /// Tells the watchers of what they have not been told of.
    pub(crate) fn tell(&self) {
        let seen = self.seen.load(Ordering::Acquire);
        if self.told.fetch_max(seen, Ordering::AcqRel) < seen {
            self.watchers.wake();
        }
    }

    /// Makes a durable state the one that everybody sees. The caller holds `head`.
    pub(crate) fn publish(&self, state: Arc<State>) {
        let modseq = state.modseq().map_or(0, ModSeq::get);
        self.state.store(Some(state));
        self.seen.fetch_max(modseq, Ordering::AcqRel);
    }

    /// Notes where the messages begin that nobody has claimed.
    pub(crate) fn note_arrivals(&self, changes: &[account::Change]) {
        for change in changes {
            if let account::Change::MessagesAdded { mailbox, messages } = change
                && let Some(first) = messages.first()
            {
                self.recent.lock().entry(*mailbox).or_insert(first.uid);
            }
        }
    }

    /// Gives back the files and the memory of an account that nobody works with at the moment; whether that went.
    pub(crate) fn try_close(&self) -> bool {
        /// A tail up to this long is folded faster at the next opening than a checkpoint is written now.
        const SHORT: u64 = 64;
        let Some(_head) = self.head.try_lock() else { return false };
        if self.tail() > SHORT && self.checkpoint().is_err() {
            // The log has it all; the next opening takes longer.
            self.saved.lock().forget();
        }
        self.drop_all();
        true
    }

    /// The same, waiting for its turn and with a checkpoint of all there is.
    pub(crate) fn close(&self) -> Result<bool, Error> {
        let _head = self.head.lock();
        let written = self.checkpoint();
        self.drop_all();
        written
    }

    /// The caller holds `head`.
    fn drop_all(&self) {
        self.state.store(None);
        self.saved.lock().forget();
        // Closing has nothing left to do that could fail: what matters is durable.
        let _ = self.engine.close();
    }

    /// It is not there any more, for anybody.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        self.removed.store(true, Ordering::Relaxed);
        let _head = self.head.lock();
        self.drop_all();
        self.engine.destroy()
    }

    /// Whether it remembers something that no file has.
    pub(crate) fn has_news(&self) -> bool {
        !self.recent.lock().is_empty()
    }

    /// About how many octets of memory its state takes.
    pub(crate) fn weight(&self) -> usize {
        const BESIDE: usize = 64 << 10;
        let state = self.state.load();
        let messages = state.iter().flat_map(|state| state.by_name()).map(|mailbox| mailbox.messages.len());
        BESIDE + messages.sum::<usize>() * size_of::<account::Record>()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state.load().is_some()
    }
}
