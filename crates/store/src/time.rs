//! Time as the sweeps of a store see it pass.
//!
//! Clocks jump: a battery is empty, a time server is wrong, a machine was suspended. What is too old is removed for ever, so
//! no clock is asked how old something is. Sweeps come every few seconds, and each counts what has passed since the one
//! before, an hour at most and never less than nothing. A store goes on counting where it stood when it was closed.

use crate::backend::{Edit, Expect, Rows, Table};
use crate::engine::Written;
use crate::inspect::Inspected;
use crate::lock::{Lock, Rank};
use crate::{AccountId, Error};

/// What a sweep counts at most, in seconds, however long ago the one before was.
const INTERVAL: i64 = 3600;

/// A clock that goes back by less than this many seconds was only set right.
const SET_RIGHT: i64 = 60;

/// How often where a count stands is written down, in seconds: what is counted since is lost with the process.
const SELDOM: u64 = 600;

/// The version of what is written down.
const VERSION: u8 = 1;

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
    fn first() -> Result<Self, Error> {
        let count = getrandom::u64().map_err(std::io::Error::from)?;
        // Files have signed numbers.
        Ok(Self { count: count >> 1, seconds: 0 })
    }

    /// How many seconds have passed since an earlier moment; `None` for one that does not compare, or is later.
    pub(crate) fn since(self, earlier: Self) -> Option<u64> {
        if self.count == earlier.count { self.seconds.checked_sub(earlier.seconds) } else { None }
    }
}

/// The count of a store. It is asked for when it is first needed: who only looks at a store writes nothing into it.
#[derive(Debug)]
pub(crate) struct Time(Lock<Option<Counting>>);

impl Default for Time {
    fn default() -> Self {
        Self(Lock::new(Rank::Time, None))
    }
}

#[derive(Debug)]
struct Counting {
    stand: Stand,
    /// What the clock said to the last sweep.
    clock: Option<i64>,
    /// The seconds that are written down.
    written: u64,
}

impl Time {
    /// The moment of the last sweep.
    pub(crate) fn moment(&self, rows: &dyn Rows) -> Result<Moment, Error> {
        self.with(rows, |counting| Ok(counting.stand.moment))
    }

    /// A sweep looks at the clock, which says `now` in unix seconds. By how many seconds it has jumped, if it has.
    pub(crate) fn see(&self, rows: &dyn Rows, now: i64) -> Result<Option<i64>, Error> {
        self.with(rows, |counting| {
            let jump = counting.see(now);
            if counting.stand.moment.seconds - counting.written >= SELDOM {
                counting.write(rows)?;
            }
            Ok(jump)
        })
    }

    /// Writes down where it stands, if anybody has asked for it.
    pub(crate) fn write(&self, rows: &dyn Rows) -> Result<(), Error> {
        self.0.lock().as_mut().map_or(Ok(()), |counting| counting.write(rows))
    }

    /// What has been read to find damage, as it is written down.
    pub(crate) fn inspected(&self, rows: &dyn Rows) -> Result<Inspected, Error> {
        self.with(rows, |counting| Ok(counting.stand.inspected))
    }

    /// What has been read to find damage, to be written down.
    pub(crate) fn note(&self, inspected: Inspected) {
        if let Some(counting) = &mut *self.0.lock() {
            counting.stand.inspected = inspected;
        }
    }

    fn with<T>(&self, rows: &dyn Rows, act: impl FnOnce(&mut Counting) -> Result<T, Error>) -> Result<T, Error> {
        let mut counting = self.0.lock();
        match &mut *counting {
            Some(counting) => act(counting),
            none => act(none.insert(Counting::begin(rows)?)),
        }
    }
}

impl Counting {
    /// Goes on with the count of a store, or begins one.
    fn begin(rows: &dyn Rows) -> Result<Self, Error> {
        let new = Stand { moment: Moment::first()?, inspected: Inspected::default() };
        let stand = match Stand::find(rows) {
            Ok(Some(stand)) => stand,
            Ok(None) if new.put(rows, Expect::Nothing)? == Written::Durably => new,
            // Another process was first.
            Ok(None) => Stand::find(rows)?.unwrap_or(new),
            // What is damaged says nothing: what is old stays longer, and nothing goes too early.
            Err(Error::Damaged { .. }) => {
                let _anew = new.put(rows, Expect::Anything)?;
                new
            }
            Err(error) => return Err(error),
        };
        Ok(Self { clock: None, written: stand.moment.seconds, stand })
    }

    fn see(&mut self, now: i64) -> Option<i64> {
        let step = now.saturating_sub(self.clock.replace(now)?);
        self.stand.moment.seconds += step.clamp(0, INTERVAL).cast_unsigned();
        (!(-SET_RIGHT..=INTERVAL).contains(&step)).then_some(step)
    }

    /// Writes down where it stands. If another process has counted further, that is where it stands.
    fn write(&mut self, rows: &dyn Rows) -> Result<(), Error> {
        /// Each attempt is in vain only if another process has just written.
        const ATTEMPTS: usize = 10;
        for _ in 0..ATTEMPTS {
            let was = rows.row(Table::Sweeps, KEY)?;
            let theirs =
                was.as_deref().and_then(Stand::read).filter(|theirs| self.stand.moment.count == theirs.moment.count);
            let seconds = theirs.map_or(0, |theirs| theirs.moment.seconds);
            self.stand.moment.seconds = self.stand.moment.seconds.max(seconds);
            if self.stand.put(rows, was.map_or(Expect::Nothing, Expect::This))? == Written::Durably {
                self.written = self.stand.moment.seconds;
                return Ok(());
            }
        }
        Err(Error::Busy)
    }
}

const KEY: &[u8] = &[];

/// What is written down: numbers of 8 octets, lowest first, after the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stand {
    moment: Moment,
    inspected: Inspected,
}

impl Stand {
    fn find(rows: &dyn Rows) -> Result<Option<Self>, Error> {
        Ok(rows.row(Table::Sweeps, KEY)?.as_deref().and_then(Self::read))
    }

    fn put(self, rows: &dyn Rows, was: Expect) -> Result<Written, Error> {
        let becomes = Some(self.octets());
        rows.write(&[Edit { table: Table::Sweeps, key: KEY.to_vec(), was, becomes }])
    }

    fn octets(self) -> Vec<u8> {
        let Inspected { begun, after, whole } = self.inspected;
        let numbers =
            [self.moment.count, self.moment.seconds, begun, after.map_or(0, AccountId::get), u64::from(whole)];
        let octets = numbers.into_iter().flat_map(u64::to_le_bytes);
        std::iter::once(VERSION).chain(octets).collect()
    }

    fn read(octets: &[u8]) -> Option<Self> {
        let (version, rest) = octets.split_first()?;
        let (numbers, rest) = rest.as_chunks();
        let numbers: Vec<u64> = numbers.iter().map(|number| u64::from_le_bytes(*number)).collect();
        let [count, seconds, begun, after, whole] = *numbers else { return None };
        let inspected = Inspected { begun, after: AccountId::new(after), whole: whole == 1 };
        (*version == VERSION && rest.is_empty()).then_some(Self { moment: Moment { count, seconds }, inspected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_counts_for_an_hour_and_is_told() {
        let stand = Stand { moment: Moment { count: 1, seconds: 0 }, inspected: Inspected::default() };
        let mut counting = Counting { stand, clock: None, written: 0 };
        let mut see = |now| (counting.see(now), counting.stand.moment.seconds);
        assert_eq!(see(1_000), (None, 0), "what was before the first sweep nobody has seen");
        assert_eq!(see(1_005), (None, 5));
        assert_eq!(see(1_000_000), (Some(998_995), 3_605));
        assert_eq!(see(1_000_005), (None, 3_610));
        assert_eq!(see(1_010), (Some(-998_995), 3_610), "back again");
        assert_eq!(see(1_015), (None, 3_615));
        assert_eq!(see(1_014), (None, 3_615), "set right");
        assert_eq!(see(i64::MAX), (Some(i64::MAX - 1_014), 7_215));
    }

    #[test]
    fn moments_of_different_counts_do_not_compare() {
        let moment = |count, seconds| Moment { count, seconds };
        assert_eq!(moment(1, 9).since(moment(1, 4)), Some(5));
        assert_eq!(moment(1, 4).since(moment(1, 9)), None);
        assert_eq!(moment(2, 9).since(moment(1, 4)), None);
    }

    #[test]
    fn what_is_written_down_is_read() {
        let inspected = Inspected { begun: 70_000, after: AccountId::new(42), whole: false };
        let stand = Stand { moment: Moment { count: 0x1234, seconds: 86_400 }, inspected };
        let octets = stand.octets();
        assert_eq!(Stand::read(&octets), Some(stand));
        assert!((0..octets.len()).all(|len| Stand::read(&octets[..len]).is_none()));
    }
}
