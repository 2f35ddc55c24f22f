//! What is done every few seconds, on threads that may wait.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use store::AccountId;
use tracing::{debug, warn};

use crate::conversation::now;
use crate::core::Core;

/// How often the directory is looked at: who is disabled is gone within a second.
const DIRECTORY: Duration = Duration::from_millis(400);

/// How often accounts with live sessions are looked at for what other processes wrote. Those who write ring the
/// doorbell of the control socket; this is for those who cannot.
const ACCOUNTS: Duration = Duration::from_secs(1);

/// How often the store is swept, the certificate looked at, and memory tidied.
const HOUSE: Duration = Duration::from_secs(5);

/// The threads that do it.
pub(crate) struct Duties {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Duties {
    pub(crate) fn begin(core: &Arc<Core>) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut duties = Self { stop, threads: Vec::new() };
        let watched = core.clone();
        duties.every(DIRECTORY, "watch", move || watched.look_at_directory())?;
        let watched = core.clone();
        duties.every(ACCOUNTS, "poll", move || poll_accounts(&watched))?;
        let house = core.clone();
        duties.every(HOUSE, "house", move || keep_house(&house))?;
        Ok(duties)
    }

    fn every(&mut self, pause: Duration, name: &str, duty: impl Fn() + Send + 'static) -> io::Result<()> {
        let stop = self.stop.clone();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            loop {
                thread::park_timeout(pause);
                if stop.load(Ordering::Acquire) {
                    return;
                }
                duty();
            }
        })?;
        self.threads.push(thread);
        Ok(())
    }

    /// Ends them, when what they are at is done.
    pub(crate) fn end(self) {
        self.stop.store(true, Ordering::Release);
        for thread in &self.threads {
            thread.thread().unpark();
        }
        for thread in self.threads {
            if thread.join().is_err() {
                warn!("a duty panicked");
            }
        }
    }
}

fn poll_accounts(core: &Core) {
    for account in core.registry.accounts() {
        if let Err(error) = poll(core, account) {
            debug!(account_id = account.get(), %error, "the account cannot be looked at");
        }
    }
}

fn poll(core: &Core, account: AccountId) -> Result<(), store::Error> {
    core.store.account(account)?.poll()
}

fn keep_house(core: &Core) {
    core.tls.look();
    core.doorkeeper.tidy(Instant::now());
    for (account, error) in core.store.sweep(now().unix).failed {
        warn!(account_id = account.get(), %error, "the account cannot be swept; it is tried again");
    }
}
