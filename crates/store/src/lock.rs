//! Locks that know their place in the one order in which they are taken, so that no two threads ever wait for each other.
//!
//! A thread that holds a lock takes only locks of a higher [`Rank`]. Debug builds check it at each lock; who only tries a
//! lock never waits, and may try any.

use std::fmt;
use std::ops::{Deref, DerefMut};

use parking_lot::{MutexGuard, RwLockReadGuard, RwLockWriteGuard};

use crate::turn;

/// The order in which locks are taken, the outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// The sweeps' round through the closed accounts.
    Round,
    /// The sweeps' round through all that is stored.
    Inspection,
    /// The accounts of a store by their ids.
    Accounts,
    /// An account's head: who holds it makes the state move on.
    Head,
    /// The list of accounts that are open.
    Opened,
    /// Commits that wait for their turn.
    Queue,
    /// The last checkpoint of an account.
    Saved,
    /// How far the structures of an account have been derived anew.
    Derived,
    /// Which messages no session has claimed as `\Recent`.
    Recent,
    /// Whether an account is open, and its newest state.
    Phase,
    /// The directory of accounts.
    Directory,
    /// Rows that are no account's own.
    Rows,
    /// An account's connection that writes.
    Writer,
    /// An account's connections that read.
    Readers,
    /// Those who watch an account.
    Watchers,
    /// The states that sessions hold on to.
    Pins,
    /// An account in memory.
    Memory,
}

/// A mutex with its rank.
pub(crate) struct Lock<T> {
    rank: Rank,
    inner: parking_lot::Mutex<T>,
}

impl<T> Lock<T> {
    pub(crate) const fn new(rank: Rank, value: T) -> Self {
        Self { rank, inner: parking_lot::Mutex::new(value) }
    }

    /// Waits for the lock.
    pub(crate) fn lock(&self) -> Held<MutexGuard<'_, T>> {
        let place = Place::enter(self.rank);
        let guard = turn::take(|| self.inner.try_lock(), || self.inner.lock());
        Held { guard, _place: place }
    }

    /// Takes the lock if nobody has it.
    pub(crate) fn try_lock(&self) -> Option<Held<MutexGuard<'_, T>>> {
        let guard = self.inner.try_lock()?;
        Some(Held { guard, _place: Place::note(self.rank) })
    }
}

impl<T: fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// A lock for many readers, with its rank.
pub(crate) struct SharedLock<T> {
    rank: Rank,
    inner: parking_lot::RwLock<T>,
}

impl<T> SharedLock<T> {
    pub(crate) const fn new(rank: Rank, value: T) -> Self {
        Self { rank, inner: parking_lot::RwLock::new(value) }
    }

    /// Waits until nobody writes.
    pub(crate) fn read(&self) -> Held<RwLockReadGuard<'_, T>> {
        let place = Place::enter(self.rank);
        Held { guard: self.inner.read(), _place: place }
    }

    /// Waits until nobody reads or writes.
    pub(crate) fn write(&self) -> Held<RwLockWriteGuard<'_, T>> {
        let place = Place::enter(self.rank);
        Held { guard: self.inner.write(), _place: place }
    }
}

impl<T: fmt::Debug> fmt::Debug for SharedLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// A lock that is held. The guard goes before the note of it.
pub(crate) struct Held<G> {
    guard: G,
    _place: Place,
}

impl<G: Deref> Deref for Held<G> {
    type Target = G::Target;

    fn deref(&self) -> &Self::Target {
        &self.guard
    }
}

impl<G: DerefMut> DerefMut for Held<G> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.guard
    }
}

/// The note that this thread holds a lock of some rank. Costs nothing where nothing is checked.
struct Place {
    #[cfg(debug_assertions)]
    rank: Rank,
}

#[cfg(not(debug_assertions))]
impl Place {
    fn enter(_: Rank) -> Self {
        Self {}
    }

    fn note(_: Rank) -> Self {
        Self {}
    }
}

#[cfg(debug_assertions)]
pub(crate) use checked::{pick_up, put_down};

#[cfg(debug_assertions)]
mod checked {
    use std::cell::RefCell;

    use super::{Place, Rank};

    thread_local! {
        /// What this thread holds.
        static HELD: RefCell<Vec<Rank>> = const { RefCell::new(Vec::new()) };
    }

    /// What this thread holds is another's for a while: in a simulation, many share it.
    pub(crate) fn put_down() -> Vec<Rank> {
        HELD.take()
    }

    /// It is this one's turn again.
    pub(crate) fn pick_up(held: Vec<Rank>) {
        HELD.set(held);
    }

    impl Place {
        /// Before waiting for a lock.
        pub(super) fn enter(rank: Rank) -> Self {
            HELD.with_borrow(|held| {
                let highest = held.iter().max();
                assert!(highest.is_none_or(|highest| *highest < rank), "{rank:?} is taken while {highest:?} is held");
            });
            Self::note(rank)
        }

        /// Of a lock that was taken without waiting.
        pub(super) fn note(rank: Rank) -> Self {
            HELD.with_borrow_mut(|held| held.push(rank));
            Self { rank }
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            // A thread that ends may have lost its list already.
            let _ended = HELD.try_with(|held| {
                let mut held = held.borrow_mut();
                if let Some(at) = held.iter().rposition(|rank| *rank == self.rank) {
                    held.remove(at);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_taken_in_their_order() {
        let (outer, inner) = (Lock::new(Rank::Head, 1), SharedLock::new(Rank::Phase, 2));
        let first = outer.lock();
        assert_eq!(*first + *inner.read(), 3);
        drop(first);
        drop(inner.write());
        assert_eq!(*outer.lock(), 1);
    }

    #[test]
    #[cfg(debug_assertions)]
    fn one_that_is_taken_out_of_order_is_told() {
        let (outer, inner) = (Lock::new(Rank::Head, ()), Lock::new(Rank::Phase, ()));
        let wrong = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _inner = inner.lock();
            let _outer = outer.lock();
        }));
        assert!(wrong.is_err());
        // Trying waits for nobody.
        let _inner = inner.lock();
        assert!(outer.try_lock().is_some());
    }
}
