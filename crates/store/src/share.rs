//! Memory that messages share on their way in: all of a process have one budget, and who finds no room uses its file.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What they may keep together, in octets.
const BUDGET: usize = 64 << 20;

/// The budget of a process.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    taken: AtomicUsize,
}

impl Shares {
    /// A message's share: nothing yet.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { all: self.clone(), octets: 0 }
    }
}

/// What one message keeps, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    all: Arc<Shares>,
    octets: usize,
}

impl Share {
    /// Takes so many octets more, unless that is too much for all.
    pub(crate) fn take(&mut self, octets: usize) -> bool {
        let room = |taken: usize| taken.checked_add(octets).filter(|taken| *taken <= BUDGET);
        let took = self.all.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_ok();
        if took {
            self.octets += octets;
        }
        took
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.all.taken.fetch_sub(self.octets, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_take_is_bounded_and_given_back() {
        let shares = Arc::new(Shares::default());
        let (mut one, mut other) = (shares.share(), shares.share());
        assert!(one.take(BUDGET - 1) && other.take(1));
        assert!(!one.take(1) && !other.take(usize::MAX));
        drop(one);
        assert!(other.take(BUDGET - 1) && !other.take(1));
        drop(other);
        assert_eq!(shares.taken.load(Ordering::Relaxed), 0);
    }
}
