//! What a connection has cost so far, so that it can be seen whether the work is shared out fairly.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// The account of one connection. Anybody may look at it at any time.
#[derive(Debug, Default)]
pub(crate) struct Cost {
    /// Microseconds of a processor.
    worked: AtomicU64,
    /// Microseconds in line for a thread.
    waited: AtomicU64,
    /// Octets that its session keeps now.
    kept: AtomicUsize,
}

impl Cost {
    /// Counts what `work` takes of this thread's time.
    pub(crate) fn of_work<T>(&self, work: impl FnOnce() -> T) -> T {
        let before = ThreadTime::now();
        let done = work();
        add(&self.worked, before.elapsed());
        done
    }

    /// Counts the time since then as spent in line.
    pub(crate) fn waited_since(&self, since: Instant) {
        add(&self.waited, since.elapsed());
    }

    /// Says how many octets the session keeps.
    pub(crate) fn keeps(&self, octets: usize) {
        self.kept.store(octets, Ordering::Relaxed);
    }

    /// The processor's time so far.
    pub(crate) fn worked(&self) -> Duration {
        Duration::from_micros(self.worked.load(Ordering::Relaxed))
    }

    /// The time in line so far.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_micros(self.waited.load(Ordering::Relaxed))
    }

    /// The octets that it keeps now.
    pub(crate) fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }
}

fn add(sum: &AtomicU64, time: Duration) {
    sum.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
}
