//! Memory for commands that are about many messages at once: all of a process have one budget, and who finds no room in it
//! waits for its turn.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// Less than this is not counted, in octets: it never waits for what is large.
const SMALL: u64 = 1 << 20;

/// The budget of a process.
#[derive(Debug)]
pub(crate) struct Works {
    budget: u64,
    all: Mutex<All>,
    turn: Condvar,
}

#[derive(Debug, Default)]
struct All {
    taken: u64,
    /// Whose turn comes when there is room, in the order in which they came.
    waiting: VecDeque<u64>,
    next: u64,
}

/// What a command has of it, until it is dropped.
#[derive(Debug)]
pub(crate) struct Work {
    all: Arc<Works>,
    octets: u64,
}

impl Works {
    /// `budget` is in octets.
    pub(crate) fn new(budget: u64) -> Arc<Self> {
        Arc::new(Self { budget, all: Mutex::default(), turn: Condvar::new() })
    }

    /// Waits until there is room for so many octets. What is larger than the budget has it for itself. The caller holds no
    /// lock.
    pub(crate) fn take(self: &Arc<Self>, octets: u64) -> Work {
        let octets = if octets < SMALL { 0 } else { octets.min(self.budget) };
        let mut all = self.all.lock();
        if octets > 0 {
            let number = all.next;
            all.next += 1;
            all.waiting.push_back(number);
            self.turn
                .wait_while(&mut all, |all| all.waiting.front() != Some(&number) || all.taken + octets > self.budget);
            all.waiting.pop_front();
            all.taken += octets;
            // There may be room for the next one, too.
            self.turn.notify_all();
        }
        Work { all: self.clone(), octets }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.all.all.lock().taken -= self.octets;
        self.all.turn.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn all_get_their_turn_and_never_too_much_at_once() {
        const BUDGET: u64 = 10 << 20;
        let works = Works::new(BUDGET);
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for n in 0..40 {
                let (works, now, most) = (&works, &now, &most);
                scope.spawn(move || {
                    let octets = (1 + n % 12) << 20;
                    let work = works.take(octets);
                    most.fetch_max(
                        now.fetch_add(octets.min(BUDGET), Ordering::SeqCst) + octets.min(BUDGET),
                        Ordering::SeqCst,
                    );
                    thread::yield_now();
                    now.fetch_sub(octets.min(BUDGET), Ordering::SeqCst);
                    drop(work);
                });
            }
        });
        assert!(most.into_inner() <= BUDGET);
        assert_eq!(works.all.lock().taken, 0);
        let large = works.take(BUDGET);
        drop(works.take(SMALL - 1)); // it does not wait
        drop(large);
    }
}
