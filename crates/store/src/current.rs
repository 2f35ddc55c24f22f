//! The newest durable state of an account, for everybody to take.

use std::sync::Arc;

use account::State;
use parking_lot::RwLock;

/// The lock is held for as long as copying a pointer takes. A cell without a lock was tried: its writers look at every
/// thread that ever read, and there are hundreds.
#[derive(Debug, Default)]
pub(crate) struct Current(RwLock<Option<Arc<State>>>);

impl Current {
    /// The state; `None` while the account is closed.
    pub(crate) fn load(&self) -> Option<Arc<State>> {
        self.0.read().clone()
    }

    /// Puts another in its place.
    pub(crate) fn store(&self, state: Option<Arc<State>>) {
        let old = std::mem::replace(&mut *self.0.write(), state);
        // What only the old state had is dropped when nobody waits for the lock any more.
        drop(old);
    }
}
