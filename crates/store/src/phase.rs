//! Whether an account is open: holds files and memory. What only an open account has is here, so that closing is one act.

use std::sync::Arc;

use account::State;

use crate::checkpoint::Saved;
use crate::lock::{Lock, Rank, SharedLock};
use crate::tail::Tail;

/// What an account has while it is open.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// The newest durable state.
    pub(crate) state: Arc<State>,
    /// The last checkpoint. Who writes one keeps it, whether the account is closed meanwhile or not.
    pub(crate) saved: Arc<Lock<Saved>>,
    /// A write failed: there may be more in the log than in the state.
    pub(crate) behind: bool,
    /// All rows that have come since the checkpoint from which it was opened.
    pub(crate) folded: Tail,
}

impl Open {
    /// An account whose checkpoint and newest state have been read.
    pub(crate) fn new(state: Arc<State>, saved: Saved, folded: Tail) -> Self {
        Self { state, saved: Arc::new(Lock::new(Rank::Saved, saved)), behind: false, folded }
    }
}

/// Where an account stands.
#[derive(Debug)]
enum Phase {
    /// Nobody has needed its data, or not for a while.
    Closed,
    Open(Open),
    /// It is not there any more, for anybody.
    Removed,
}

/// An account's phase, for everybody to look at. The lock is held for as long as copying pointers takes. A cell without a
/// lock was tried: its writers look at every thread that ever read, and there are hundreds.
#[derive(Debug)]
pub(crate) struct Current(SharedLock<Phase>);

impl Default for Current {
    fn default() -> Self {
        Self(SharedLock::new(Rank::Phase, Phase::Closed))
    }
}

impl Current {
    /// The newest state, if the account is open.
    pub(crate) fn state(&self) -> Option<Arc<State>> {
        match &*self.0.read() {
            Phase::Open(open) => Some(open.state.clone()),
            Phase::Closed | Phase::Removed => None,
        }
    }

    /// All that an open account has.
    pub(crate) fn open(&self) -> Option<Open> {
        match &*self.0.read() {
            Phase::Open(open) => Some(open.clone()),
            Phase::Closed | Phase::Removed => None,
        }
    }

    pub(crate) fn is_removed(&self) -> bool {
        matches!(&*self.0.read(), Phase::Removed)
    }

    /// Opens the account, or puts what was read anew in the place of what it had.
    pub(crate) fn set(&self, open: Open) {
        self.change(|phase| (!matches!(phase, Phase::Removed)).then_some(Phase::Open(open)));
    }

    /// Puts a newer state in the place of an open account's, which it follows by these rows.
    pub(crate) fn advance(&self, state: Arc<State>, by: Tail) {
        self.change(|phase| match phase {
            Phase::Open(open) => {
                let mut newer = Open { state, behind: false, ..open.clone() };
                newer.folded += by;
                Some(Phase::Open(newer))
            }
            Phase::Closed | Phase::Removed => None,
        });
    }

    /// A write failed.
    pub(crate) fn fall_behind(&self) {
        if let Phase::Open(open) = &mut *self.0.write() {
            open.behind = true;
        }
    }

    /// Lets go of all that an open account has.
    pub(crate) fn close(&self) {
        self.change(|phase| matches!(phase, Phase::Open(_)).then_some(Phase::Closed));
    }

    /// The same, for ever.
    pub(crate) fn remove(&self) {
        self.change(|_| Some(Phase::Removed));
    }

    fn change(&self, change: impl FnOnce(&Phase) -> Option<Phase>) {
        let mut phase = self.0.write();
        let old = change(&phase).map(|new| std::mem::replace(&mut *phase, new));
        drop(phase);
        // What only the old one had is dropped when nobody waits for the lock any more.
        drop(old);
    }
}
