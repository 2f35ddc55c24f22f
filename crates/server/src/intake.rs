//! What strangers make the server keep: octets that were read from connections on which nobody has logged in, and were not
//! worked on. All of a process share one budget; beyond it their sockets are not read, and the oldest of those that keep
//! something is sent away. Who has logged in is not counted: an account has budgets of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What they may keep together, in octets.
const BUDGET: usize = 32 << 20;

/// The budget of a process.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    kept: AtomicUsize,
}

impl Intake {
    /// A connection's part of it: nothing yet.
    pub(crate) fn stake(self: &Arc<Self>) -> Stake {
        Stake { intake: self.clone(), kept: AtomicUsize::new(0) }
    }
}

/// What one connection keeps.
#[derive(Debug)]
pub(crate) struct Stake {
    intake: Arc<Intake>,
    kept: AtomicUsize,
}

impl Stake {
    /// It keeps so many octets now.
    pub(crate) fn set(&self, kept: usize) {
        let before = self.kept.swap(kept, Ordering::Relaxed);
        if kept > before {
            self.intake.kept.fetch_add(kept - before, Ordering::Relaxed);
        } else if kept < before {
            self.intake.kept.fetch_sub(before - kept, Ordering::Relaxed);
        }
    }

    /// How many octets it keeps.
    pub(crate) fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    /// Whether there is room for more.
    pub(crate) fn has_room(&self) -> bool {
        self.intake.kept.load(Ordering::Relaxed) < BUDGET
    }
}

impl Drop for Stake {
    fn drop(&mut self) {
        self.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_counted_and_given_back() {
        let intake = Arc::new(Intake::default());
        let (one, other) = (intake.stake(), intake.stake());
        one.set(BUDGET - 1);
        assert!(other.has_room() && other.kept() == 0);
        other.set(1);
        assert!(!one.has_room() && !other.has_room());
        one.set(5);
        assert!(other.has_room());
        drop((one, other));
        assert_eq!(intake.kept.load(Ordering::Relaxed), 0);
    }
}
