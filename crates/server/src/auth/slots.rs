//! How many passwords are hashed at once: each hash takes a core and 19 MiB for some 20 ms, so more at once than there
//! are cores would only make all of them late.
//!
//! Two lines wait, those who have logged in from where they call before, and strangers. The lines take turns, and so do
//! the addresses in each of them: who guesses keeps nobody waiting for long, be it from an address that is known.

mod line;

use parking_lot::{Condvar, Mutex};

use self::line::Line;
use super::password::Memory;
use super::throttle::Network;

/// Whose password it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody who has logged in to this account from this address.
    Known,
    /// Anybody else.
    Stranger,
}

#[derive(Default)]
struct Queue {
    free: usize,
    known: Line,
    strangers: Line,
    /// A stranger's turn is next, if one waits.
    strangers_turn: bool,
    /// The ticket of the next who comes.
    ticket: u64,
    /// Kept while somebody waits for it, and no longer: it is 19 MiB each.
    spare: Vec<Memory>,
}

impl Queue {
    /// The line whose turn it is: the other one, if nobody waits in it.
    fn line(&mut self) -> &mut Line {
        let strangers = self.known.len() == 0 || self.strangers_turn && self.strangers.len() > 0;
        if strangers { &mut self.strangers } else { &mut self.known }
    }

    /// Whether this ticket's caller may go now.
    fn is_turn(&mut self, ticket: u64) -> bool {
        self.free > 0 && self.line().first() == Some(ticket)
    }
}

/// The places at the hashing bench.
pub(super) struct Slots {
    queue: Mutex<Queue>,
    freed: Condvar,
}

/// The queue is so long that trying again later is better.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Crowded;

impl Slots {
    pub(super) fn new(places: usize) -> Self {
        Self { queue: Mutex::new(Queue { free: places.max(1), ..Queue::default() }), freed: Condvar::new() }
    }

    /// Runs `work` when there is a place for it.
    pub(super) fn run<T>(
        &self,
        caller: Caller,
        from: Network,
        work: impl FnOnce(&mut Memory) -> T,
    ) -> Result<T, Crowded> {
        let mut place = Place { slots: self, memory: self.enter(caller, from)? };
        Ok(work(&mut place.memory))
    }

    fn enter(&self, caller: Caller, from: Network) -> Result<Memory, Crowded> {
        let mut queue = self.queue.lock();
        let ticket = queue.ticket;
        queue.ticket += 1;
        match caller {
            Caller::Known => queue.known.join(from, ticket)?,
            Caller::Stranger => queue.strangers.join(from, ticket)?,
        }
        self.freed.wait_while(&mut queue, |queue| !queue.is_turn(ticket));
        queue.line().advance();
        queue.strangers_turn = caller == Caller::Known;
        queue.free -= 1;
        // Whoever is next may have looked before this one went.
        if queue.free > 0 {
            self.freed.notify_all();
        }
        Ok(queue.spare.pop().unwrap_or_default())
    }
}

/// Gives the place back, also when the work panics.
struct Place<'a> {
    slots: &'a Slots,
    memory: Memory,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut queue = self.slots.queue.lock();
        queue.free += 1;
        if queue.known.len() + queue.strangers.len() > 0 {
            queue.spare.push(std::mem::take(&mut self.memory));
            drop(queue);
        } else {
            let nobody_waits = std::mem::take(&mut queue.spare);
            drop(queue);
            drop(nobody_waits);
        }
        self.slots.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    use super::*;

    const HERE: Network = Network::Local;

    #[test]
    fn never_more_at_once_than_places() {
        let slots = Slots::new(2);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for n in 0..12 {
                let caller = if n % 3 == 0 { Caller::Known } else { Caller::Stranger };
                let (slots, now, most) = (&slots, &now, &most);
                scope.spawn(move || {
                    slots.run(caller, HERE, |_| {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::sleep(Duration::from_millis(2));
                        now.fetch_sub(1, Ordering::SeqCst);
                    })
                });
            }
        });
        assert_eq!(most.into_inner(), 2);
    }

    #[test]
    fn the_known_go_after_one_stranger_who_waits_longer_at_most() {
        let slots = Arc::new(Slots::new(1));
        let (done, order) = mpsc::channel();
        let (hold, held) = mpsc::channel::<()>();
        let spawn = |caller, name: &'static str| {
            let (slots, done) = (slots.clone(), done.clone());
            thread::spawn(move || slots.run(caller, HERE, |_| done.send(name)))
        };
        let first = {
            let slots = slots.clone();
            thread::spawn(move || slots.run(Caller::Stranger, HERE, |_| held.recv()))
        };
        let wait_for = |ready: &dyn Fn(&Queue) -> bool| {
            while !ready(&slots.queue.lock()) {
                thread::yield_now();
            }
        };
        wait_for(&|q| q.free == 0);
        let mut threads = vec![spawn(Caller::Stranger, "stranger"), spawn(Caller::Stranger, "stranger")];
        wait_for(&|q| q.strangers.len() == 2);
        threads.push(spawn(Caller::Known, "known"));
        wait_for(&|q| q.known.len() == 1);
        hold.send(()).unwrap();
        first.join().unwrap().unwrap().unwrap();
        assert_eq!(order.recv().unwrap(), "known");
        for thread in threads {
            thread.join().unwrap().unwrap().unwrap();
        }
    }

    #[test]
    fn a_place_comes_back_after_a_panic() {
        let slots = Slots::new(1);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            slots.run(Caller::Known, HERE, |_| panic!("test"))
        }));
        assert!(panicked.is_err());
        assert_eq!(slots.run(Caller::Stranger, HERE, |_| 7), Ok(7));
    }
}
