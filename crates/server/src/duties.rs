//! What is done every few seconds, on threads that may wait. A duty that panics is told of and comes again: mail goes on
//! whatever happens to its housekeeping.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use store::{AccountId, Failure, Swept};
use tracing::{debug, error, warn};

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

    fn every(&mut self, pause: Duration, name: &'static str, duty: impl Fn() + Send + 'static) -> io::Result<()> {
        let stop = self.stop.clone();
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            loop {
                thread::park_timeout(pause);
                if stop.load(Ordering::Acquire) {
                    return;
                }
                guarded(name, &duty);
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

/// Does a duty. A panic in it, which its thread has printed already, is not the thread's end: what comes after it, and its
/// own next turn, are done.
fn guarded(name: &str, duty: impl FnOnce()) {
    // Nothing is left half done in memory: locks are let go, and what they guard is exchanged as a whole.
    if catch_unwind(AssertUnwindSafe(duty)).is_err() {
        error!(duty = name, "a duty panicked; its next turn comes");
    }
}

fn poll_accounts(core: &Core) {
    for account in core.registry.accounts() {
        guarded("poll", || poll(core, account));
    }
}

fn poll(core: &Core, account: AccountId) {
    if let Err(error) = core.store.account(account).and_then(|account| account.poll()) {
        debug!(account_id = account.get(), %error, "the account cannot be looked at");
    }
}

fn keep_house(core: &Core) {
    guarded("certificate", || core.tls.look());
    guarded("throttle", || core.doorkeeper.tidy(Instant::now()));
    guarded("sweep", || tell(core.store.sweep(now().unix)));
}

/// Writes what a sweep found into the log.
fn tell(swept: Swept) {
    if let Some(seconds) = swept.jump {
        warn!(seconds, "the clock has jumped; nothing that is kept for a time becomes older by that");
    }
    for (account, problem) in swept.damaged {
        error!(account_id = account.get(), %problem, "what is stored is damaged; `posthorn check` tells all of it");
    }
    for Failure { account, duty, error } in swept.failed {
        let account_id = account.map(AccountId::get);
        if matches!(error, store::Error::Panicked(_)) {
            error!(account_id, %duty, %error, "a duty panicked; the next sweep tries again");
        } else {
            warn!(account_id, %duty, %error, "a duty was not done; the next sweep tries again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duty_that_panics_does_not_end_its_thread() {
        let turns = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let mut duties = Duties { stop: Arc::default(), threads: Vec::new() };
        let count = turns.clone();
        let duty = move || assert!(count.fetch_add(1, Ordering::SeqCst) > 0, "the first turn goes wrong");
        duties.every(Duration::from_millis(1), "test", duty).unwrap();
        let deadline = Instant::now() + Duration::from_mins(1);
        while turns.load(Ordering::SeqCst) < 2 {
            assert!(Instant::now() < deadline, "no second turn comes");
            thread::yield_now();
        }
        duties.end();
    }
}
