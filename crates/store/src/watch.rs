//! Being told of commits.

use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

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

/// Those who watch an account.
#[derive(Default)]
pub(crate) struct Watchers(Mutex<Vec<Weak<Wake>>>);

impl Watchers {
    pub(crate) fn watch(&self, wake: impl Fn() + Send + Sync + 'static) -> Watch {
        let wake: Arc<Wake> = Arc::new(wake);
        let mut list = self.0.lock();
        list.retain(|w| w.strong_count() > 0);
        list.push(Arc::downgrade(&wake));
        Watch { _wake: wake }
    }

    /// Calls them all, without any lock.
    pub(crate) fn wake(&self) {
        let live: Vec<_> = {
            let mut list = self.0.lock();
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
        self.0.lock().iter().all(|w| w.strong_count() == 0)
    }
}
