//! All accounts of one backend.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::backend::{Backend, Changed, Files, Memory, Rows};
use crate::engine::Engine;
use crate::lock::{Lock, Rank};
use crate::shared::Shared;
use crate::{Account, AccountId, Directory, Error, Options, Swept, Upload, sweep};

/// All accounts of one data folder, or of one process's memory. Cloning is free.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    accounts: Lock<HashMap<AccountId, Arc<Account>>>,
    /// The directory's version when the accounts were last compared with it.
    compared: AtomicU64,
    round: Lock<Round>,
}

/// Where the sweeps are on their round through the accounts that are closed.
#[derive(Debug)]
struct Round {
    begun: i64,
    after: Option<AccountId>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a data folder, and makes what is missing.
    pub fn open(dir: &Path, options: Options) -> Result<Self, Error> {
        let store = Self::with_backend(options, Arc::new(Files::open(dir)?));
        store.destroy_removed()?;
        Ok(store)
    }

    /// A store that forgets everything when it is dropped: for tests and for trying things out.
    pub fn memory() -> Self {
        Self::memory_with(Options::default())
    }

    /// The same, with options.
    pub fn memory_with(options: Options) -> Self {
        Self::with_backend(options, Arc::new(Memory::default()))
    }

    /// A store whose accounts are kept by engines of the caller's choice: for tests of what happens when they fail.
    pub fn with_engines(
        options: Options,
        engines: impl Fn(AccountId) -> Arc<dyn Engine> + Send + Sync + 'static,
    ) -> Self {
        Self::with_backend(options, Arc::new(Memory::with_engines(engines)))
    }

    /// A store that is kept by this backend.
    pub fn with_backend(options: Options, backend: Arc<dyn Backend>) -> Self {
        let compared = AtomicU64::new(backend.directory().version());
        Self(Arc::new(Inner {
            shared: Arc::new(Shared::new(options, backend)),
            accounts: Lock::new(Rank::Accounts, HashMap::new()),
            compared,
            round: Lock::new(Rank::Round, Round { begun: i64::MIN, after: None }),
        }))
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
        Upload::new(self.0.shared.options.mime, self.0.shared.backend.spool())
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
    /// nothing names, closing of what is idle, following what other processes did to the directory. It waits for the
    /// disk. `now` is in unix seconds.
    pub fn sweep(&self, now: i64) -> Swept {
        let mut swept = self.follow_directory();
        let accounts: Vec<_> = self.0.accounts.lock().values().cloned().collect();
        let mut open: Vec<_> = accounts.into_iter().filter(|account| account.is_open()).collect();
        for account in &open {
            swept = swept.and(sweep::open_account(account, now));
        }
        swept = swept.and(self.keep_memory(&mut open));
        drop(open);
        swept = swept.and(self.look_into_a_closed_one(now));
        let mut accounts = self.0.accounts.lock();
        accounts.retain(|_, account| Arc::strong_count(account) > 1 || account.is_open() || !account.recent.is_empty());
        swept
    }

    /// Writes the checkpoints that are due and closes all files; what is used again afterwards opens again.
    pub fn close(&self) -> Result<(), Error> {
        let accounts: Vec<_> = self.0.accounts.lock().values().cloned().collect();
        let open = accounts.iter().filter(|account| account.is_open());
        let mut closed = open.map(sweep::close).fold(Swept::default(), Swept::and);
        closed.failed.pop().map_or(Ok(()), |(_, error)| Err(error))
    }

    fn handle(&self, id: AccountId) -> Arc<Account> {
        Account::new(id, self.0.shared.backend.engine(id), self.0.shared.clone())
    }

    /// Lets go of the accounts that another process has removed.
    fn follow_directory(&self) -> Swept {
        let Ok(version) = self.directory().refresh() else { return Swept::default() };
        if self.0.compared.swap(version, Ordering::Relaxed) == version {
            return Swept::default();
        }
        let Ok(list) = self.directory().list() else { return Swept::default() };
        let there: HashSet<AccountId> = list.into_iter().map(|entry| entry.id).collect();
        let gone: Vec<_> = {
            let mut accounts = self.0.accounts.lock();
            accounts.extract_if(|id, _| !there.contains(id)).map(|(_, account)| account).collect()
        };
        let gone = gone.iter().map(|account| {
            let removed = Swept { removed: 1, ..Swept::default() };
            removed.and(Swept::of(account.id(), account.remove().map(|()| Swept::default())))
        });
        let left = self.directory().removed().unwrap_or_default();
        let left = left.into_iter().map(|id| Swept::of(id, self.destroy(id).map(|()| Swept::default())));
        gone.chain(left).fold(Swept::default(), Swept::and)
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

    /// Closes accounts, the one that was used longest ago first, until the states in memory fit the budget.
    fn keep_memory(&self, open: &mut [Arc<Account>]) -> Swept {
        open.sort_by_key(|account| account.used_at.load(Ordering::Relaxed));
        let sizes: Vec<_> = open.iter().map(|account| account.weight()).collect();
        let mut sum: usize = sizes.iter().sum();
        let mut swept = Swept::default();
        for (account, size) in open.iter().zip(sizes) {
            if sum <= self.0.shared.options.memory {
                break;
            }
            swept = swept.and(sweep::close(account));
            sum -= size;
        }
        swept
    }

    /// One closed account a sweep, so that old mail goes from accounts that nobody uses, too.
    fn look_into_a_closed_one(&self, now: i64) -> Swept {
        /// How long a round through all accounts takes at least, in seconds.
        const ROUND: i64 = 24 * 3600;
        let mut round = self.0.round.lock();
        if round.after.is_none() && now.saturating_sub(round.begun) < ROUND {
            return Swept::default();
        }
        if round.after.is_none() {
            round.begun = now;
        }
        round.after = self.directory().after(round.after).unwrap_or_default();
        let Some(Ok(account)) = round.after.map(|id| self.account(id)) else { return Swept::default() };
        // Who has never had mail needs no file for this.
        if account.is_open() || account.engine.newest().is_err() {
            return Swept::default();
        }
        sweep::closed_account(&account, now)
    }
}
