//! What all parts of a running server share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use store::{AccountId, Error, Store};
use tokio::sync::watch;
use tracing::warn;

use crate::auth::Doorkeeper;
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
    stopping: watch::Sender<bool>,
}

impl Core {
    pub(crate) fn new(store: Store, registry: Arc<Registry>, doorkeeper: Arc<Doorkeeper>, tls: Tls) -> Self {
        let directory = AtomicU64::new(store.directory().version());
        Self { store, registry, doorkeeper, tls, directory, stopping: watch::Sender::new(false) }
    }

    /// Looks whether another process has written to an account.
    pub(crate) fn poll(&self, account: u64) -> Result<(), Error> {
        let id = AccountId::new(account).ok_or(Error::NoSuchAccount)?;
        self.store.account(id)?.poll()
    }

    /// Looks whether anybody has changed the directory, and ends the sessions that may not be any more.
    pub(crate) fn look_at_directory(&self) {
        match self.store.directory().refresh() {
            Ok(version) => {
                if self.directory.swap(version, Ordering::AcqRel) != version {
                    self.doorkeeper.revoke();
                }
            }
            Err(error) => warn!(%error, "the directory cannot be read"),
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
