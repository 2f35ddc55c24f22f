//! Time as the sweeps of a store see it pass.
//!
//! Clocks jump: a battery is empty, a time server is wrong, a machine was suspended. What is too old is removed for ever, so
//! no clock is asked how old something is. Sweeps come every few seconds, and each counts what has passed since the one
//! before, an hour at most and never less than nothing. A store goes on counting where it stood when it was closed.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::Error;
use crate::backend::Rows;
use crate::inspect::Inspected;
use crate::stand::Stand;

/// What a sweep counts at most, in seconds, however long ago the one before was.
const INTERVAL: i64 = 3600;

/// A clock that goes back by less than this many seconds was only set right.
const SET_RIGHT: i64 = 60;

/// How often where a count stands is written down, in seconds: what is counted since is lost with the process.
const SELDOM: u64 = 600;

/// A moment of the time that the sweeps of a store have seen pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Which count it is of: a random number. A count that was lost begins anew as another one.
    pub count: u64,
    /// The seconds counted until then.
    pub seconds: u64,
}

impl Moment {
    /// The first moment of a new count.
    pub(crate) fn first() -> Result<Self, Error> {
        let count = getrandom::u64().map_err(std::io::Error::from)?;
        // The file has signed numbers.
        Ok(Self { count: count >> 1, seconds: 0 })
    }

    /// How many seconds have passed since an earlier moment; `None` for one that does not compare, or is later.
    pub(crate) fn since(self, earlier: Self) -> Option<u64> {
        if self.count == earlier.count { self.seconds.checked_sub(earlier.seconds) } else { None }
    }
}

/// The count of a store.
#[derive(Debug)]
pub(crate) struct Time {
    count: u64,
    seconds: AtomicU64,
    /// What the clock said to the last sweep; `i64::MIN` before the first.
    clock: AtomicI64,
    written: AtomicU64,
}

impl Time {
    /// Goes on with the count of a store, or begins one; and what has been inspected there.
    pub(crate) fn open(rows: &dyn Rows) -> Result<(Self, Inspected), Error> {
        let stand = Stand::open(rows)?;
        Ok((Self::from(stand.moment), stand.inspected))
    }

    fn from(moment: Moment) -> Self {
        Self {
            count: moment.count,
            seconds: AtomicU64::new(moment.seconds),
            clock: AtomicI64::new(i64::MIN),
            written: AtomicU64::new(moment.seconds),
        }
    }

    /// The moment of the last sweep.
    pub(crate) fn moment(&self) -> Moment {
        Moment { count: self.count, seconds: self.seconds.load(Ordering::Acquire) }
    }

    /// A sweep looks at the clock, which says `now` in unix seconds. By how many seconds it has jumped, if it has.
    pub(crate) fn see(&self, now: i64) -> Option<i64> {
        let before = self.clock.swap(now, Ordering::AcqRel);
        if before == i64::MIN {
            return None;
        }
        let step = now.saturating_sub(before);
        self.seconds.fetch_add(step.clamp(0, INTERVAL).cast_unsigned(), Ordering::AcqRel);
        (!(-SET_RIGHT..=INTERVAL).contains(&step)).then_some(step)
    }

    /// Writes down where the count and the inspection stand, from time to time.
    pub(crate) fn write_seldom(&self, rows: &dyn Rows, inspected: Inspected) -> Result<(), Error> {
        let since = self.moment().seconds - self.written.load(Ordering::Acquire);
        if since < SELDOM { Ok(()) } else { self.write(rows, inspected) }
    }

    /// Writes down where the count and the inspection stand.
    pub(crate) fn write(&self, rows: &dyn Rows, inspected: Inspected) -> Result<(), Error> {
        let stand = Stand { moment: self.moment(), inspected }.write(rows)?;
        self.seconds.fetch_max(stand.moment.seconds, Ordering::AcqRel);
        self.written.store(stand.moment.seconds, Ordering::Release);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_counts_for_an_hour_and_is_told() {
        let time = Time::from(Moment { count: 0, seconds: 0 });
        assert_eq!(
            (time.see(1_000), time.moment().seconds),
            (None, 0),
            "what was before the first sweep nobody has seen"
        );
        assert_eq!((time.see(1_005), time.moment().seconds), (None, 5));
        assert_eq!((time.see(1_000_000), time.moment().seconds), (Some(998_995), 3_605));
        assert_eq!((time.see(1_000_005), time.moment().seconds), (None, 3_610));
        assert_eq!((time.see(1_010), time.moment().seconds), (Some(-998_995), 3_610), "back again");
        assert_eq!((time.see(1_015), time.moment().seconds), (None, 3_615));
        assert_eq!((time.see(1_014), time.moment().seconds), (None, 3_615), "set right");
        assert_eq!((time.see(i64::MAX), time.moment().seconds), (Some(i64::MAX - 1_014), 7_215));
    }

    #[test]
    fn moments_of_different_counts_do_not_compare() {
        let moment = |count, seconds| Moment { count, seconds };
        assert_eq!(moment(1, 9).since(moment(1, 4)), Some(5));
        assert_eq!(moment(1, 4).since(moment(1, 9)), None);
        assert_eq!(moment(2, 9).since(moment(1, 4)), None);
    }
}
