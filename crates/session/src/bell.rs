//! The session's own watch over its account. It hangs as long as the session is logged in, and wakes the session only
//! while something listens: a bell that nobody listens to costs a commit the setting of a mark.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use store::{Account, AccountId, Watch};

use crate::Waker;

/// Rings when the account has changed.
pub(crate) struct Bell {
    account: AccountId,
    clapper: Arc<Clapper>,
    /// Holds nothing of the account: it can be closed under the watch.
    _watch: Watch,
}

/// What the account's commits pull at. All is sequentially consistent: who begins to listen and then looks whether it
/// has rung, and who lets it ring and then looks whether anybody listens, cannot both have missed the other.
struct Clapper {
    waker: Waker,
    rung: AtomicBool,
    listening: AtomicBool,
}

impl Bell {
    /// Hangs a bell, which counts as rung: nobody knows what happened before.
    pub(crate) fn hang(account: &Account, waker: Waker) -> Self {
        let clapper = Clapper { waker, rung: AtomicBool::new(true), listening: AtomicBool::new(false) };
        let clapper = Arc::new(clapper);
        let pulled = clapper.clone();
        let watch = account.watch(move || pulled.ring());
        Self { account: account.id(), clapper, _watch: watch }
    }

    /// Whether it is this account's.
    pub(crate) fn hangs_at(&self, account: &Account) -> bool {
        self.account == account.id()
    }

    /// From now on a ring wakes the session.
    pub(crate) fn listen(&self) {
        self.clapper.listening.store(true, Ordering::SeqCst);
    }

    /// A ring is only marked.
    pub(crate) fn mute(&self) {
        self.clapper.listening.store(false, Ordering::SeqCst);
    }

    /// Answers it, and says whether it had rung. Answered first and looked at the account then, no change falls
    /// between.
    pub(crate) fn answer(&self) -> bool {
        self.clapper.rung.swap(false, Ordering::SeqCst)
    }

    /// It was answered too soon: let it count as rung.
    pub(crate) fn put_back(&self) {
        self.clapper.rung.store(true, Ordering::SeqCst);
    }
}

impl Clapper {
    fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        if self.listening.load(Ordering::SeqCst) {
            (self.waker)();
        }
    }
}
