//! Where the sweeps of a store stand, kept in a row for the next start: how much time they have seen pass, and how far
//! the round that looks for damage has come. A row that cannot be read says nothing, and a new count begins: what is old
//! stays longer then, and nothing goes too early.

use crate::backend::{Edit, Expect, Rows, Table};
use crate::engine::Written;
use crate::inspect::Inspected;
use crate::{AccountId, Error, Moment};

const VERSION: u8 = 1;

/// There is one row.
const KEY: &[u8] = b"";

/// How often a row is written over one that somebody else writes at the same time.
const ATTEMPTS: usize = 100;

/// What is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stand {
    /// How much time has passed.
    pub(crate) moment: Moment,
    /// What has been read to find damage.
    pub(crate) inspected: Inspected,
}

impl Stand {
    /// What is written down; where nothing is, or nothing that can be read, a new count.
    pub(crate) fn open(rows: &dyn Rows) -> Result<Self, Error> {
        if let Ok(Some(row)) = rows.row(Table::Sweeps, KEY)
            && let Some(stand) = Self::read(&row)
        {
            return Ok(stand);
        }
        let new = Self { moment: Moment::first()?, inspected: Inspected::default() };
        match rows.write(&[new.edit(Expect::Nothing)]) {
            Ok(Written::Durably) => Ok(new),
            // It is counted in memory until something can be written.
            Err(error) if error.is_of_a_disk_that_takes_nothing() => Ok(new),
            Err(error) => Err(error),
            // Another process was about to do the same, and was first; or it is damaged.
            Ok(Written::TooLate) => {
                match rows.row(Table::Sweeps, KEY).ok().flatten().and_then(|row| Self::read(&row)) {
                    Some(theirs) => Ok(theirs),
                    None => rows.write(&[new.edit(Expect::Anything)]).map(|_| new),
                }
            }
        }
    }

    /// Writes it down in the place of an earlier one, and gives what is written down then: if another process has counted
    /// further, that.
    pub(crate) fn write(mut self, rows: &dyn Rows) -> Result<Self, Error> {
        for _ in 0..ATTEMPTS {
            let before = rows.row(Table::Sweeps, KEY)?;
            let theirs = before.as_deref().and_then(Self::read);
            if let Some(theirs) = theirs.filter(|theirs| theirs.moment.count == self.moment.count) {
                self.moment.seconds = self.moment.seconds.max(theirs.moment.seconds);
            }
            let was = before.map_or(Expect::Nothing, Expect::This);
            if rows.write(&[self.edit(was)])? == Written::Durably {
                return Ok(self);
            }
        }
        Err(Error::Busy)
    }

    fn edit(self, was: Expect) -> Edit {
        let Moment { count, seconds } = self.moment;
        let Inspected { begun, after, whole } = self.inspected;
        let mut row = vec![VERSION, u8::from(whole)];
        for number in [count, seconds, begun, after.map_or(0, AccountId::get)] {
            row.extend(number.to_le_bytes());
        }
        Edit { table: Table::Sweeps, key: KEY.to_vec(), was, becomes: Some(row) }
    }

    fn read(row: &[u8]) -> Option<Self> {
        let (&[VERSION, whole], numbers) = row.split_first_chunk()? else { return None };
        let (numbers, []) = numbers.as_chunks() else { return None };
        let [count, seconds, begun, after] = *numbers else { return None };
        let [count, seconds, begun, after] = [count, seconds, begun, after].map(u64::from_le_bytes);
        let inspected = Inspected { begun, after: AccountId::new(after), whole: whole == 1 };
        Some(Self { moment: Moment { count, seconds }, inspected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Backend, Memory};

    #[test]
    fn what_is_written_is_read_and_who_counted_further_is_right() {
        let backend = Memory::default();
        let rows = backend.rows();
        let begun = Stand::open(rows).unwrap();
        assert_eq!(Stand::open(rows).unwrap(), begun, "a count is begun once");
        let inspected = Inspected { begun: 70_000, after: AccountId::new(42), whole: true };
        let at = |seconds| Stand { moment: Moment { seconds, ..begun.moment }, inspected };
        assert_eq!(at(100).write(rows).unwrap(), at(100));
        assert_eq!(at(50).write(rows).unwrap(), at(100));
        assert_eq!(Stand::open(rows).unwrap(), at(100));
    }

    #[test]
    fn what_cannot_be_read_begins_a_new_count() {
        let backend = Memory::default();
        let rows = backend.rows();
        let begun = Stand::open(rows).unwrap();
        for becomes in [b"".to_vec(), vec![9; 34], vec![VERSION; 33]] {
            let edit = Edit { table: Table::Sweeps, key: KEY.to_vec(), was: Expect::Anything, becomes: Some(becomes) };
            assert_eq!(rows.write(&[edit]).unwrap(), Written::Durably);
            assert_ne!(Stand::open(rows).unwrap().moment.count, begun.moment.count);
        }
    }
}
