//! What is done every few seconds, on threads that may wait.
//!
//! A panic in one of them is a mistake of ours in that duty: it is told, the others go on, and so does it the next time.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use store::{AccountId, Directory, Failure, Swept};
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

/// One thing that is done again and again.
struct Duty {
    /// As the log calls it.
    name: &'static str,
    work: Box<dyn Fn() + Send>,
}

impl Duty {
    fn new(core: &Arc<Core>, name: &'static str, work: fn(&Core)) -> Self {
        let core = core.clone();
        Self { name, work: Box::new(move || work(&core)) }
    }

    fn carry_out(&self) {
        if catch_unwind(AssertUnwindSafe(&self.work)).is_err() {
            error!(duty = self.name, "a duty panicked: a mistake of ours; it is tried again in its next round");
        }
    }
}

/// The threads that do it.
pub(crate) struct Duties {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Duties {
    pub(crate) fn begin(core: &Arc<Core>) -> io::Result<Self> {
        let duty = |name, work| Duty::new(core, name, work);
        let mut duties = Self { stop: Arc::new(AtomicBool::new(false)), threads: Vec::new() };
        duties.every(DIRECTORY, "watch", vec![duty("directory", Core::look_at_directory)])?;
        duties.every(ACCOUNTS, "poll", vec![duty("accounts", Core::poll_accounts)])?;
        let house = vec![
            duty("certificate", |core| core.tls.look()),
            duty("logins", |core| core.doorkeeper.tidy(now())),
            duty("sweep", |core| tell(core.store.sweep(now().unix), core.store.directory())),
            duty("disk", Core::look_at_disk),
        ];
        duties.every(HOUSE, "house", house)?;
        Ok(duties)
    }

    /// Does these one after the other in a thread of that name, again and again with such a pause.
    fn every(&mut self, pause: Duration, thread: &str, duties: Vec<Duty>) -> io::Result<()> {
        let stop = self.stop.clone();
        let thread = thread::Builder::new().name(thread.to_owned()).spawn(move || {
            loop {
                thread::park_timeout(pause);
                if stop.load(Ordering::Acquire) {
                    return;
                }
                duties.iter().for_each(Duty::carry_out);
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
                warn!("a thread for duties ended before its time");
            }
        }
    }
}

/// Writes what a sweep found into the log.
fn tell(swept: Swept, directory: &dyn Directory) {
    if let Some(seconds) = swept.jump {
        warn!(seconds, "the clock has jumped; nothing that is kept for a time becomes older by that");
    }
    for (account, problem) in swept.damaged {
        let file = directory.place(account);
        error!(account_id = account.get(), file, %problem, "what is stored is damaged; `posthorn check` tells all of it");
    }
    for Failure { account, duty, error } in swept.failed {
        let (file, account_id) = (account.map(|id| directory.place(id)), account.map(AccountId::get));
        if matches!(error, store::Error::Panicked(_)) {
            error!(account_id, file, %duty, %error, "a duty panicked: a mistake of ours; the next sweep tries again");
        } else if error.is_of_a_disk_that_takes_nothing() {
            // That it is so was told once, and not for each account and sweep.
            debug!(account_id, file, %duty, %error, "a duty was not done; the next sweep tries again");
        } else {
            warn!(account_id, file, %duty, %error, "a duty was not done; the next sweep tries again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_duty_that_panics_is_done_again_and_keeps_no_other_from_being_done() {
        let counts: Arc<[AtomicUsize; 2]> = Arc::default();
        let duty = |n: usize, name| {
            let counts = counts.clone();
            let work = move || {
                let before = counts[n].fetch_add(1, Ordering::SeqCst);
                assert!(n == 1 || before != 0 && before != 2, "a mistake in its first and in its third round");
            };
            Duty { name, work: Box::new(work) }
        };
        let mut duties = Duties { stop: Arc::default(), threads: Vec::new() };
        duties.every(Duration::from_millis(1), "test", vec![duty(0, "panics"), duty(1, "works")]).unwrap();
        let began = Instant::now();
        let done = |n: usize| counts[n].load(Ordering::SeqCst);
        while done(0) < 5 || done(1) < 5 {
            assert!(began.elapsed() < Duration::from_secs(10), "they stopped after {} and {} rounds", done(0), done(1));
            thread::sleep(Duration::from_millis(1));
        }
        duties.end();
        assert_eq!(done(0), done(1), "both are done in each round");
    }
}
