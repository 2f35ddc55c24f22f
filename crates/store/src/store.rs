//! All accounts of one backend.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::backend::{Backend, Changed, Files, Memory, Rows};
use crate::engine::Engine;
use crate::inspect::{Found, Inspection};
use crate::lock::{Lock, Rank};
use crate::shared::Shared;
use crate::swept::{Duty, Swept};
use crate::time::Time;
use crate::upload::Room;
use crate::work::Work;
use crate::{Account, AccountId, Directory, Error, Options, Picked, Space, Upload, sweep};

/// All accounts of one data folder, or of one process's memory. Cloning is free.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    /// In the order of their ids: what is done to all is done in the same order again.
    accounts: Lock<BTreeMap<AccountId, Arc<Account>>>,
    /// The directory's version when the accounts were last compared with it.
    compared: AtomicU64,
    /// When notes of MOVEs were last looked at, unix seconds.
    forgot_moved: AtomicI64,
    round: Lock<Round>,
    inspection: Lock<Inspection>,
}

/// Where the sweeps are on their round through the accounts that are closed. `begun` is in counted seconds.
#[derive(Debug)]
struct Round {
    begun: i64,
    after: Option<AccountId>,
    /// The one that is looked into again before the round goes on.
    again: Option<AccountId>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in a data folder. If there is none, or its parts do not belong together, it fails with
    /// [`Error::Folder`] and leaves all as it is.
    pub fn open(dir: &Path, options: Options) -> Result<Self, Error> {
        let files = Files::open(dir, &options)?;
        Self::with_backend(options, Arc::new(files))
    }

    /// The same for a data folder that may be absent or empty: a store is set up in it then.
    pub fn set_up(dir: &Path, options: Options) -> Result<Self, Error> {
        let files = Files::set_up(dir, &options)?;
        Self::with_backend(options, Arc::new(files))
    }

    /// A store that forgets everything when it is dropped: for tests and for trying things out.
    pub fn memory() -> Self {
        Self::memory_with(Options::default())
    }

    /// The same, with options.
    ///
    /// # Panics
    /// If the system has no random numbers.
    pub fn memory_with(options: Options) -> Self {
        // Memory gives back what was put into it.
        Self::with_backend(options, Arc::new(Memory::default())).expect("a store in memory opens")
    }

    /// A store whose accounts are kept by engines of the caller's choice: for tests of what happens when they fail.
    ///
    /// # Panics
    /// If the system has no random numbers.
    pub fn with_engines(
        options: Options,
        engines: impl Fn(AccountId) -> Arc<dyn Engine> + Send + Sync + 'static,
    ) -> Self {
        let backend = Arc::new(Memory::with_engines(engines));
        Self::with_backend(options, backend).expect("a store in memory opens")
    }

    /// A store that is kept by this backend. What is left of accounts that were removed goes.
    pub fn with_backend(options: Options, backend: Arc<dyn Backend>) -> Result<Self, Error> {
        let (time, inspected) = Time::open(backend.rows())?;
        // From this look on, what others change is a change.
        let compared = AtomicU64::new(backend.directory().refresh()?);
        let store = Self(Arc::new(Inner {
            shared: Arc::new(Shared::new(options, backend, time)),
            accounts: Lock::new(Rank::Accounts, BTreeMap::new()),
            compared,
            forgot_moved: AtomicI64::new(i64::MIN),
            round: Lock::new(Rank::Round, Round { begun: i64::MIN, after: None, again: None }),
            inspection: Lock::new(Rank::Inspection, Inspection::new(inspected)),
        }));
        match store.destroy_removed() {
            // The sweeps try again.
            Err(error) if error.is_of_a_disk_that_takes_nothing() => {}
            other => other?,
        }
        Ok(store)
    }

    /// The accounts, their addresses and credentials.
    pub fn directory(&self) -> &dyn Directory {
        self.0.shared.backend.directory()
    }

    /// Rows that are no account's own.
    pub fn rows(&self) -> &dyn Rows {
        self.0.shared.backend.rows()
    }

    /// The handle of an account. Costs next to nothing: no file is opened before its data is used.
    pub fn account(&self, id: AccountId) -> Result<Arc<Account>, Error> {
        if let Some(account) = self.0.accounts.lock().get(&id) {
            return Ok(account.clone());
        }
        self.directory().find(id)?.ok_or(Error::NoSuchAccount)?;
        let mut accounts = self.0.accounts.lock();
        let account = accounts.entry(id).or_insert_with(|| self.handle(id));
        Ok(account.clone())
    }

    /// Removes an account with all its mail, for ever. Its id is never given again.
    pub fn remove(&self, id: AccountId) -> Result<(), Error> {
        self.directory().remove(id)?;
        self.destroy_removed()
    }

    /// A message on its way in.
    pub fn upload(&self) -> Upload {
        self.upload_into(self.room())
    }

    /// Room for messages on their way in that are for one commit.
    pub fn room(&self) -> Room {
        Room::new(self.0.shared.backend.spool(), self.0.shared.shares.clone(), &self.0.shared.options)
    }

    /// Memory for messages that are copied within their account. One COPY that is refused for its size takes none.
    pub(crate) fn work(&self, picked: &Picked) -> Work {
        let octets = picked.uids.len().saturating_mul(account::limits::COPIED);
        self.0.shared.works.take(octets.min(self.0.shared.options.limits.work))
    }

    /// A message on its way in that waits there.
    pub fn upload_into(&self, room: Room) -> Upload {
        Upload::new(&self.0.shared.options, room)
    }

    /// What the disk still takes that the directory is on.
    pub fn space(&self) -> Space {
        self.0.shared.backend.space()
    }

    /// Nothing more can be opened: closes accounts that nobody uses, or else that nobody works with at this moment. How
    /// many there were; who uses one of them again opens it.
    pub fn give_back(&self) -> usize {
        self.0.shared.give_back()
    }

    /// The accounts in use here that others may have committed to: [`Account::poll`] looks at each. One question for all
    /// of them, where the backend can answer it.
    pub fn changed(&self) -> Vec<AccountId> {
        let changed = self.0.shared.backend.changed();
        let accounts = self.0.accounts.lock();
        match changed {
            Ok(Changed::These(ids)) => ids.into_iter().filter(|id| accounts.contains_key(id)).collect(),
            // Where it cannot be told, each is asked: better too often than not at all.
            Ok(Changed::AskEach) | Err(_) => accounts.keys().copied().collect(),
        }
    }

    /// What has to be done from time to time, every few seconds: checkpoints, retention, removal of emails that
    /// nothing names, structures that older rules made, closing of what is idle, following what other processes did to
    /// the directory. It waits for the disk. `now` is in unix seconds; a clock that jumps makes nothing older. What
    /// fails, or panics, keeps nothing else from being done.
    pub fn sweep(&self, now: i64) -> Swept {
        let time = &self.0.shared.time;
        let jump = time.see(now);
        let (unix, now) = (now, time.moment().seconds.cast_signed());
        let inspected = self.0.inspection.lock().inspected();
        let written =
            Swept::by(None, Duty::Time, || time.write_seldom(self.rows(), inspected).map(|()| Swept::default()));
        let mut swept = Swept { jump, ..written };
        swept = swept.and(Swept::by(None, Duty::Directory, || self.follow_directory()));
        let accounts: Vec<_> = self.0.accounts.lock().values().cloned().collect();
        let (mut open, closed): (Vec<_>, Vec<_>) = accounts.into_iter().partition(|account| account.is_open());
        let mut budget = self.0.shared.options.rederive;
        for account in &open {
            swept = swept.and(derive_anew(account, &mut budget)).and(sweep::open_account(account, now));
        }
        swept = swept.and(self.keep_memory(&mut open, closed.iter().map(|account| account.held()).sum()));
        drop((open, closed));
        swept = swept.and(Swept::by(None, Duty::Directory, || self.look_into_a_closed_one(now, &mut budget)));
        swept = swept.and(Swept::by(None, Duty::Transfers, || self.forget_moved_seldom(unix)));
        swept = swept.and(Swept::by(None, Duty::Inspection, || self.inspect(now.cast_unsigned())));
        let mut accounts = self.0.accounts.lock();
        accounts.retain(|_, account| Arc::strong_count(account) > 1 || account.is_open() || !account.recent.is_empty());
        swept
    }

    /// Writes the checkpoints that are due and closes all files; what is used again afterwards opens again.
    pub fn close(&self) -> Result<(), Error> {
        let accounts: Vec<_> = self.0.accounts.lock().values().cloned().collect();
        let open = accounts.iter().filter(|account| account.is_open());
        let mut closed = open.map(sweep::close).fold(Swept::default(), Swept::and);
        closed.failed.pop().map_or(Ok(()), |failure| Err(failure.error))?;
        let inspected = self.0.inspection.lock().inspected();
        self.0.shared.time.write(self.rows(), inspected)
    }

    /// Few MOVEs are between two accounts, and hardly one of them is stopped half-way.
    fn forget_moved_seldom(&self, now: i64) -> Result<Swept, Error> {
        const HOUR: i64 = 3600;
        let before = self.0.forgot_moved.load(Ordering::Relaxed);
        if now.saturating_sub(before) >= HOUR || now < before {
            self.forget_moved(now)?;
            self.0.forgot_moved.store(now, Ordering::Relaxed);
        }
        Ok(Swept::default())
    }

    fn handle(&self, id: AccountId) -> Arc<Account> {
        Account::new(id, self.0.shared.backend.engine(id), self.0.shared.clone())
    }

    /// Lets go of the accounts that another process has removed.
    fn follow_directory(&self) -> Result<Swept, Error> {
        let version = self.directory().refresh()?;
        if self.0.compared.load(Ordering::Relaxed) == version {
            return Ok(Swept::default());
        }
        let there: HashSet<AccountId> = self.directory().list()?.into_iter().map(|entry| entry.id).collect();
        let gone: Vec<_> = {
            let mut accounts = self.0.accounts.lock();
            accounts.extract_if(.., |id, _| !there.contains(id)).map(|(_, account)| account).collect()
        };
        let gone = gone.iter().map(|account| {
            let removed = Swept { removed: 1, ..Swept::default() };
            removed.and(removal(account.id(), || account.remove()))
        });
        let left = self.directory().removed()?;
        let left = left.into_iter().map(|id| removal(id, || self.destroy(id)));
        let followed = gone.chain(left).fold(Swept::default(), Swept::and);
        // What could not be removed is tried again by the next sweep.
        if followed.failed.is_empty() {
            self.0.compared.store(version, Ordering::Relaxed);
        }
        Ok(followed)
    }

    /// Removes the files of accounts that are not in the directory any more, also if whoever removed them was stopped
    /// half-way.
    fn destroy_removed(&self) -> Result<(), Error> {
        self.directory().removed()?.into_iter().try_for_each(|id| self.destroy(id))
    }

    fn destroy(&self, id: AccountId) -> Result<(), Error> {
        let known = self.0.accounts.lock().remove(&id);
        known.unwrap_or_else(|| self.handle(id)).remove()?;
        self.directory().forget_removed(id)
    }

    /// Closes accounts, the one that was used longest ago first, until what is in memory fits the budget. `held` is what
    /// sessions hold of accounts that are closed; it stays.
    fn keep_memory(&self, open: &mut [Arc<Account>], held: usize) -> Swept {
        open.sort_by_key(|account| account.used_at.load(Ordering::Relaxed));
        let sizes: Vec<_> = open.iter().map(|account| account.weight()).collect();
        let mut sum = held + sizes.iter().sum::<usize>();
        let mut swept = Swept::default();
        for (account, size) in open.iter().zip(sizes) {
            if sum <= self.0.shared.options.memory {
                break;
            }
            let freed = size.saturating_sub(account.held());
            // Whose sessions hold all that it has would only open again.
            if freed > 0 {
                swept = swept.and(sweep::close(account));
                sum -= freed;
            }
        }
        swept
    }

    /// Reads a little of what is stored, open or closed, to find damage.
    fn inspect(&self, seconds: u64) -> Result<Swept, Error> {
        let mut swept = Swept::default();
        let mut inspection = self.0.inspection.lock();
        while swept.inspected < self.0.shared.options.inspect && inspection.is_due(seconds) {
            let Some(id) = inspection.account(|after| self.directory().after(after))? else { break };
            let octets = self.0.shared.options.inspect - swept.inspected;
            let of_account = Swept::by(id, Duty::Inspection, || self.inspect_account(id, &mut inspection, octets));
            swept = swept.and(of_account);
            // A disk that cannot be read at all is told once a sweep, not for each account.
            if !swept.failed.is_empty() {
                break;
            }
        }
        Ok(swept)
    }

    fn inspect_account(&self, id: AccountId, inspection: &mut Inspection, octets: usize) -> Result<Swept, Error> {
        let Ok(account) = self.account(id) else {
            inspection.skip();
            return Ok(Swept::default());
        };
        let found = inspection.read(&*account.engine, octets);
        // Neither its state nor its files were open for this.
        if !account.is_open() {
            account.engine.close()?;
        }
        let Found { octets, problems } = found?;
        let damaged = problems.into_iter().map(|problem| (id, problem)).collect();
        Ok(Swept { inspected: octets, damaged, ..Swept::default() })
    }

    /// The closed account whose turn it is.
    fn next_closed(&self, now: i64) -> Result<Option<AccountId>, Error> {
        /// How long a round through all accounts takes at least, in seconds.
        const ROUND: i64 = 24 * 3600;
        let mut round = self.0.round.lock();
        if let Some(again) = round.again.take() {
            return Ok(Some(again));
        }
        if round.after.is_none() && now.saturating_sub(round.begun) < ROUND {
            return Ok(None);
        }
        if round.after.is_none() {
            round.begun = now;
        }
        round.after = self.directory().after(round.after)?;
        Ok(round.after)
    }

    /// One closed account a sweep, so that old mail goes from accounts that nobody uses, too.
    fn look_into_a_closed_one(&self, now: i64, budget: &mut u64) -> Result<Swept, Error> {
        let Some(id) = self.next_closed(now)? else { return Ok(Swept::default()) };
        let account = match self.account(id) {
            // It was removed since its turn came.
            Err(Error::NoSuchAccount) => return Ok(Swept::default()),
            account => account?,
        };
        // Who has never had mail needs no file for this.
        if account.is_open() {
            return Ok(Swept::default());
        }
        match account.engine.newest().map_err(|error| account.explain(error)) {
            Ok(_) => {}
            Err(Error::NoSuchAccount) => return Ok(Swept::default()),
            // Opening claims one that Posthorn 0.1 made and nobody has opened since; of another one it says what is wrong.
            Err(_) => {
                let opened = Swept::of(&account, Duty::Inspection, || account.state().map(|_| Swept::default()));
                if !opened.failed.is_empty() {
                    return Ok(opened);
                }
            }
        }
        let derived = derive_anew(&account, budget);
        // Where there is more to do than one sweep may, the next one is here again.
        self.0.round.lock().again = account.derives_on().then_some(id);
        Ok(derived.and(sweep::closed_account(&account, now)))
    }
}

fn derive_anew(account: &Account, budget: &mut u64) -> Swept {
    Swept::of(account, Duty::Derivation, || Ok(account.derive_anew(budget)))
}

fn removal(id: AccountId, act: impl FnOnce() -> Result<(), Error>) -> Swept {
    Swept::by(id, Duty::Removal, || act().map(|()| Swept::default()))
}
