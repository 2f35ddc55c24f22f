//! How many passwords are hashed at once: each hash takes a core and 19 MiB for some 20 ms, so more at once than there
//! are cores would only make all of them late.
//!
//! Those who have logged in from where they call before and strangers take turns, each in the order in which they came: many
//! strangers who guess do not keep the known waiting, nor the known, one of whom may guess too, a stranger. That nobody
//! fills a queue alone is what [`lanes`](crate::lanes) see to: an address has a few logins under way at most.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

use super::password::Memory;

/// How many of each may wait. Each waits on a thread of the blocking pool.
const QUEUE: usize = 256;

/// Whose password it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// Somebody who has logged in to this account from this address.
    Known,
    /// Anybody else.
    Stranger,
}

impl Caller {
    fn other(self) -> Self {
        match self {
            Self::Known => Self::Stranger,
            Self::Stranger => Self::Known,
        }
    }
}

/// How much there is to hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    /// Nobody waits for a place.
    Light,
    /// Somebody does.
    Heavy,
}

/// Those who wait, in their order.
#[derive(Default)]
struct Queue {
    free: usize,
    known: VecDeque<u64>,
    strangers: VecDeque<u64>,
    /// Whose turn it is where both wait.
    next: Option<Caller>,
    /// How many have come, to tell them apart.
    came: u64,
    /// Kept while somebody waits for it, and no longer: it is 19 MiB each.
    spare: Vec<Memory>,
}

impl Queue {
    fn line(&mut self, caller: Caller) -> &mut VecDeque<u64> {
        match caller {
            Caller::Known => &mut self.known,
            Caller::Stranger => &mut self.strangers,
        }
    }

    /// Whether it is the turn of that one.
    fn admits(&self, caller: Caller, number: u64) -> bool {
        let (mine, others) = match caller {
            Caller::Known => (&self.known, &self.strangers),
            Caller::Stranger => (&self.strangers, &self.known),
        };
        self.free > 0
            && mine.front() == Some(&number)
            && (others.is_empty() || self.next.is_none_or(|next| next == caller))
    }

    fn is_empty(&self) -> bool {
        self.known.is_empty() && self.strangers.is_empty()
    }
}

/// The places at the hashing bench.
pub(super) struct Slots {
    queue: Mutex<Queue>,
    freed: Condvar,
}

/// Why nothing was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unhashed {
    /// The queue is so long that trying again later is better.
    Crowded,
    /// Who asked hung up while waiting.
    Gone,
}

impl Slots {
    pub(super) fn new(places: usize) -> Self {
        Self { queue: Mutex::new(Queue { free: places.max(1), ..Queue::default() }), freed: Condvar::new() }
    }

    /// Runs `work` when there is a place for it. Who had to wait, and is gone by then, is not worked for; where nobody else wants
    /// the place, a client that has closed its side gets its answer, for it may be listening still.
    pub(super) fn run<T>(
        &self,
        caller: Caller,
        is_gone: impl FnOnce() -> bool,
        work: impl FnOnce(&mut Memory) -> T,
    ) -> Result<T, Unhashed> {
        let (memory, waited) = self.enter(caller)?;
        let mut place = Place { slots: self, memory };
        if waited && is_gone() { Err(Unhashed::Gone) } else { Ok(work(&mut place.memory)) }
    }

    /// How much there is to hash.
    pub(super) fn load(&self) -> Load {
        if self.queue.lock().is_empty() { Load::Light } else { Load::Heavy }
    }

    /// A place, and whether it had to be waited for.
    fn enter(&self, caller: Caller) -> Result<(Memory, bool), Unhashed> {
        let mut queue = self.queue.lock();
        if queue.line(caller).len() >= QUEUE {
            return Err(Unhashed::Crowded);
        }
        let number = queue.came;
        queue.came += 1;
        queue.line(caller).push_back(number);
        let waited = !queue.admits(caller, number);
        self.freed.wait_while(&mut queue, |queue| !queue.admits(caller, number));
        queue.line(caller).pop_front();
        queue.next = Some(caller.other());
        queue.free -= 1;
        // Whoever is next now may have been looked at before it was.
        if queue.free > 0 {
            self.freed.notify_all();
        }
        Ok((queue.spare.pop().unwrap_or_default(), waited))
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
        if queue.is_empty() {
            let nobody_waits = std::mem::take(&mut queue.spare);
            drop(queue);
            drop(nobody_waits);
        } else {
            queue.spare.push(std::mem::take(&mut self.memory));
            drop(queue);
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

    #[test]
    fn never_more_at_once_than_places() {
        let slots = Slots::new(2);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for n in 0..12 {
                let caller = if n % 3 == 0 { Caller::Known } else { Caller::Stranger };
                let (slots, now, most) = (&slots, &now, &most);
                scope.spawn(move || {
                    slots.run(
                        caller,
                        || false,
                        |_| {
                            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                            thread::sleep(Duration::from_millis(2));
                            now.fetch_sub(1, Ordering::SeqCst);
                        },
                    )
                });
            }
        });
        assert_eq!(most.into_inner(), 2);
    }

    #[test]
    fn the_known_and_strangers_take_turns() {
        let slots = Arc::new(Slots::new(1));
        let (done, order) = mpsc::channel();
        let (hold, held) = mpsc::channel::<()>();
        let spawn = |caller, name: &'static str| {
            let (slots, done) = (slots.clone(), done.clone());
            thread::spawn(move || slots.run(caller, || false, |_| done.send(name)))
        };
        let first = {
            let slots = slots.clone();
            thread::spawn(move || slots.run(Caller::Stranger, || false, |_| held.recv()))
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
        threads.push(spawn(Caller::Known, "known"));
        wait_for(&|q| q.known.len() == 2);
        hold.send(()).unwrap();
        first.join().unwrap().unwrap().unwrap();
        let order: Vec<&str> = (0..4).map(|_| order.recv().unwrap()).collect();
        assert_eq!(order, ["known", "stranger", "known", "stranger"], "the first one was a stranger");
        for thread in threads {
            thread.join().unwrap().unwrap().unwrap();
        }
    }

    #[test]
    fn who_hangs_up_while_waiting_is_not_worked_for() {
        let slots = Arc::new(Slots::new(1));
        // Where nobody else wants the place it is not asked.
        assert_eq!(slots.run(Caller::Stranger, || true, |_| 7), Ok(7));
        let (hold, held) = mpsc::channel::<()>();
        let spawn = |is_gone: bool, work: Box<dyn FnOnce() -> u32 + Send>| {
            let slots = slots.clone();
            thread::spawn(move || slots.run(Caller::Stranger, || is_gone, |_| work()))
        };
        let first = spawn(false, Box::new(move || held.recv().map_or(0, |()| 1)));
        while slots.queue.lock().free > 0 {
            thread::yield_now();
        }
        let waiting = [spawn(true, Box::new(|| panic!("hashed for nobody"))), spawn(false, Box::new(|| 2))];
        while slots.queue.lock().strangers.len() < 2 {
            thread::yield_now();
        }
        hold.send(()).unwrap();
        assert_eq!(first.join().unwrap(), Ok(1));
        assert_eq!(waiting.map(|thread| thread.join().unwrap()), [Err(Unhashed::Gone), Ok(2)]);
    }

    #[test]
    fn a_place_comes_back_after_a_panic() {
        let slots = Slots::new(1);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            slots.run(Caller::Known, || false, |_| panic!("test"))
        }));
        assert!(panicked.is_err());
        assert_eq!(slots.run(Caller::Stranger, || false, |_| 7), Ok(7));
    }
}
