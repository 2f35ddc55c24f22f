//! Turns: the stops at which others may go first.
//!
//! In a server those who work with an account are threads that wait for each other, and nobody knows in which order they
//! go on. In a simulation all of them are on one thread, and a [`Scheduler`] says at each [`Stop`] who goes on next, so
//! that the same order can be had again. There are no stops in builds without debug assertions.

use std::fmt::Debug;

use parking_lot::{Condvar, MutexGuard};

/// Says who goes on.
pub trait Scheduler: Debug {
    /// Somebody has come to a stop; this returns when it is to go on.
    fn pass(&self, stop: Stop);
}

/// What somebody is about to do when others may go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// To ask the account for something, or to watch it.
    Ask,
    /// To try again for a lock that another has.
    Lock,
    /// To look again whether a commit has its answer.
    Wait,
    /// To take all the commits that wait, as their leader.
    Lead,
    /// To make what was planned durable.
    Write,
    /// To show what is durable.
    Publish,
    /// To answer the commits that were carried out.
    Answer,
    /// To wake those who watch.
    Tell,
    /// To drop what an account that closes has in memory.
    Close,
    /// To call this function of an engine: engines of simulations stop there.
    Engine(&'static str),
    /// To call this function of the directory: directories of simulations stop there.
    Directory(&'static str),
}

/// Takes what another may have: tries, or waits.
pub(crate) fn take<G>(attempt: impl Fn() -> Option<G>, wait: impl FnOnce() -> G) -> G {
    if !is_simulated() {
        return wait();
    }
    loop {
        match attempt() {
            Some(taken) => return taken,
            None => pass(Stop::Lock),
        }
    }
}

/// Waits until somebody may have rung.
pub(crate) fn wait<T>(bell: &Condvar, guard: &mut MutexGuard<'_, T>) {
    if is_simulated() { MutexGuard::unlocked(guard, || pass(Stop::Wait)) } else { bell.wait(guard) }
}

#[cfg(debug_assertions)]
pub use checked::{is_simulated, pass, simulate};

#[cfg(not(debug_assertions))]
pub use unchecked::{is_simulated, pass, simulate};

#[cfg(debug_assertions)]
mod checked {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::{Scheduler, Stop};
    use crate::lock;

    thread_local! {
        static SCHEDULER: RefCell<Option<Rc<dyn Scheduler>>> = const { RefCell::new(None) };
    }

    /// From now on, who works on this thread stops for this scheduler.
    pub fn simulate(scheduler: Rc<dyn Scheduler>) {
        SCHEDULER.set(Some(scheduler));
    }

    /// Whether this thread has a scheduler.
    pub fn is_simulated() -> bool {
        SCHEDULER.with_borrow(Option::is_some)
    }

    /// Lets others go first. What this one holds meanwhile is not theirs.
    pub fn pass(stop: Stop) {
        let Some(scheduler) = SCHEDULER.with_borrow(Clone::clone) else { return };
        let held = lock::put_down();
        scheduler.pass(stop);
        lock::pick_up(held);
    }
}

#[cfg(not(debug_assertions))]
mod unchecked {
    use std::rc::Rc;

    use super::{Scheduler, Stop};

    /// There are no simulations in this build.
    ///
    /// # Panics
    /// Always.
    pub fn simulate(_: Rc<dyn Scheduler>) {
        panic!("a simulation needs a build with debug assertions");
    }

    /// No thread has a scheduler.
    pub fn is_simulated() -> bool {
        false
    }

    /// Nobody goes first.
    pub fn pass(_: Stop) {}
}
