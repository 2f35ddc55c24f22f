//! Being told of commits.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use imap::ModSeq;

use crate::lock::{Lock, Rank};
use crate::turn::{self, Stop};

type Wake = dyn Fn() + Send + Sync;

/// While it lives, its `wake` is called after each durable commit.
pub struct Watch {
    /// The list that holds it weakly; dropping this ends the watch.
    _wake: Arc<Wake>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watchers")
    }
}

/// Those who watch an account, and how much of it they have been told of. All of it outlives closing.
pub(crate) struct Watchers {
    list: Lock<Vec<Weak<Wake>>>,
    /// The newest commit that this process has heard of, and the newest one that watchers were told of; 0 before any.
    seen: AtomicU64,
    told: AtomicU64,
}

impl Default for Watchers {
    fn default() -> Self {
        Self { list: Lock::new(Rank::Watchers, Vec::new()), seen: AtomicU64::new(0), told: AtomicU64::new(0) }
    }
}

impl Watchers {
    pub(crate) fn watch(&self, wake: impl Fn() + Send + Sync + 'static) -> Watch {
        let wake: Arc<Wake> = Arc::new(wake);
        let mut list = self.list.lock();
        list.retain(|w| w.strong_count() > 0);
        list.push(Arc::downgrade(&wake));
        Watch { _wake: wake }
    }

    /// The newest commit that this process has heard of.
    pub(crate) fn seen(&self) -> Option<ModSeq> {
        ModSeq::new(self.seen.load(Ordering::Acquire))
    }

    /// Notes a commit that is durable.
    pub(crate) fn saw(&self, commit: Option<ModSeq>) {
        self.seen.fetch_max(commit.map_or(0, ModSeq::get), Ordering::AcqRel);
    }

    /// The account is opened for the first time: who watches it already looks after that.
    pub(crate) fn begin(&self, commit: Option<ModSeq>) {
        self.saw(commit);
        let commit = commit.map_or(0, ModSeq::get);
        // Told of something before, they are told of this as of any other.
        let _told = self.told.compare_exchange(0, commit, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// Wakes all if there is something that they have not been told of. The caller holds no lock.
    pub(crate) fn tell(&self) {
        turn::pass(Stop::Tell);
        let seen = self.seen.load(Ordering::Acquire);
        if self.told.fetch_max(seen, Ordering::AcqRel) < seen {
            self.wake();
        }
    }

    fn wake(&self) {
        let live: Vec<_> = {
            let mut list = self.list.lock();
            if list.is_empty() {
                return;
            }
            let live: Vec<_> = list.iter().filter_map(Weak::upgrade).collect();
            if live.len() < list.len() {
                list.retain(|w| w.strong_count() > 0);
            }
            live
        };
        for wake in live {
            wake();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.lock().iter().all(|w| w.strong_count() == 0)
    }
}
