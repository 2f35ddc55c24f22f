//! What all parts of a running server share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use store::{AccountId, Error, Space, Store};
use tokio::sync::watch;
use tracing::{error, info};

use crate::auth::Doorkeeper;
use crate::doorbell::{Doorbell, Missed};
use crate::link::Transcript;
use crate::registry::Registry;
use crate::tls::Tls;

/// A running server.
pub(crate) struct Core {
    pub(crate) store: Store,
    pub(crate) registry: Arc<Registry>,
    pub(crate) doorkeeper: Arc<Doorkeeper>,
    pub(crate) tls: Tls,
    /// The directory's version that sessions have been held against.
    directory: AtomicU64,
    /// It could not be looked at the last time, which was told.
    unreadable: AtomicBool,
    /// What the disk took when that was last told.
    space: Mutex<Space>,
    doorbell: Doorbell,
    stopping: watch::Sender<bool>,
}

impl Core {
    pub(crate) fn new(store: Store, registry: Arc<Registry>, doorkeeper: Arc<Doorkeeper>, tls: Tls) -> Self {
        let directory = AtomicU64::new(store.directory().version());
        Self {
            store,
            registry,
            doorkeeper,
            tls,
            directory,
            unreadable: AtomicBool::new(false),
            space: Mutex::new(Space::Plenty),
            doorbell: Doorbell::default(),
            stopping: watch::Sender::new(false),
        }
    }

    /// Another process has written to an account: its sessions hear of it now or, if it cannot be looked at, later.
    pub(crate) fn ring(&self, account: u64) -> Result<(), Missed> {
        let account = AccountId::new(account).ok_or(Error::NoSuchAccount)?;
        self.doorbell.ring(account, |account| self.poll(account))
    }

    /// Looks whether other processes have written to accounts that are in use here.
    pub(crate) fn poll_accounts(&self) {
        self.doorbell.round(self.store.changed(), |account| self.poll(account));
    }

    fn poll(&self, account: AccountId) -> Result<(), Error> {
        self.store.account(account)?.poll()
    }

    /// Looks whether anybody has changed the directory, and ends the sessions that may not be any more.
    pub(crate) fn look_at_directory(&self) {
        match self.store.directory().refresh() {
            Ok(version) => {
                self.unreadable.store(false, Ordering::Relaxed);
                // Noted when it is done: a session that could not be held against it is asked for again.
                if self.directory.load(Ordering::Acquire) != version && self.doorkeeper.revoke() {
                    self.directory.store(version, Ordering::Release);
                }
            }
            Err(error) => {
                if !self.unreadable.swap(true, Ordering::Relaxed) {
                    error!(%error, "the directory cannot be read");
                }
            }
        }
    }

    /// Tells when the disk takes less, or more, than it did.
    pub(crate) fn look_at_disk(&self) {
        let space = self.store.space();
        if std::mem::replace(&mut *self.space.lock(), space) == space {
            return;
        }
        match space {
            Space::Plenty => info!("there is room on the disk again: mail is taken"),
            Space::Reserve => error!("the disk is full up to the reserve (store.reserve): no mail is taken"),
            Space::Full => error!("the disk is full: nothing is written until there is room; mail is read"),
            Space::ReadOnly => error!("the disk is mounted for reading only: nothing is written; mail is read"),
        }
    }

    /// Begins or ends the protocol transcript of an account.
    pub(crate) fn transcribe(&self, account: u64, transcript: Transcript) {
        if let Some(id) = AccountId::new(account) {
            self.registry.transcribe(id, transcript);
        }
    }

    /// Begins to shut down.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Tells when the server begins to shut down.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}
