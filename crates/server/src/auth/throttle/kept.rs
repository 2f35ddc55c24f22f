//! What is known lasts over restarts: a row for each address of an account.

use store::backend::{Edit, Expect, KeyedRow, Rows, Table};
use store::{AccountId, Error};

use super::known::{Known, OF_ALL, Place};
use crate::auth::Network;

/// The version of what is in a row.
const VERSION: u8 = 1;

/// How many rows are read or written at once.
const BATCH: usize = 1_000;

/// Reads what earlier processes knew, up to what cannot be read.
pub(super) fn load(known: &Known, rows: &dyn Rows, unix: i64) -> Result<(), Error> {
    let mut from = Vec::new();
    // More than there is room for was kept by nobody.
    for _ in 0..=OF_ALL.div_ceil(BATCH) {
        let found = rows.range(Table::KnownAddress, &from, BATCH)?;
        let Some((last, _)) = found.last() else { break };
        from.clone_from(last);
        from.push(0);
        // What another version wrote is left to it.
        for (place, at) in found.iter().filter_map(read) {
            known.recall(place, at, unix);
        }
    }
    Ok(())
}

/// Writes what has changed. What could not be written is tried again the next time.
pub(super) fn save(known: &Known, rows: &dyn Rows) -> Result<(), Error> {
    loop {
        let changes = known.take_changes(BATCH);
        if changes.is_empty() {
            return Ok(());
        }
        let edits: Vec<Edit> = changes.iter().map(edit).collect();
        if let Err(error) = rows.write(&edits) {
            known.put_back(changes);
            return Err(error);
        }
    }
}

fn edit(((account, from), at): &(Place, Option<i64>)) -> Edit {
    let mut key = account.get().to_be_bytes().to_vec();
    from.write(&mut key);
    let row = at.map(|at| {
        let mut row = vec![VERSION];
        row.extend(at.to_le_bytes());
        row
    });
    Edit { table: Table::KnownAddress, key, was: Expect::Anything, becomes: row }
}

fn read((key, row): &KeyedRow) -> Option<(Place, i64)> {
    let (account, network) = key.split_first_chunk()?;
    let account = AccountId::new(u64::from_be_bytes(*account))?;
    let (version, at) = row.split_first()?;
    let at = i64::from_le_bytes(at.try_into().ok()?);
    (*version == VERSION).then_some(((account, Network::read(network)?), at))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use store::Store;
    use store::engine::Written;

    use super::*;

    fn place(account: u64, n: u8) -> Place {
        (AccountId::new(account).unwrap(), Network::V4([192, 0, 2, n]))
    }

    /// Rows that cannot be written for a while.
    #[derive(Debug)]
    struct Failing<'a>(&'a dyn Rows, AtomicBool);

    impl Rows for Failing<'_> {
        fn range(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<KeyedRow>, Error> {
            self.0.range(table, from, limit)
        }

        fn write(&self, edits: &[Edit]) -> Result<Written, Error> {
            if self.1.load(Ordering::Relaxed) { Err(Error::NoSuchAccount) } else { self.0.write(edits) }
        }
    }

    #[test]
    fn what_is_known_comes_back_and_what_is_too_old_goes() {
        let store = Store::memory();
        let (known, day) = (Known::default(), 24 * 60 * 60);
        for n in 0..200 {
            known.note(place(1 + u64::from(n) / 50, n), i64::from(n));
        }
        known.note(place(7, 7), 20 * day);
        save(&known, store.rows()).unwrap();
        let restarted = Known::default();
        load(&restarted, store.rows(), 29 * day).unwrap();
        assert!(restarted.has(place(1, 3), 29 * day) && restarted.has(place(4, 199), 29 * day));
        let later = Known::default();
        load(&later, store.rows(), 31 * day).unwrap();
        assert!(!later.has(place(1, 3), 31 * day) && later.has(place(7, 7), 31 * day));
        save(&later, store.rows()).unwrap();
        assert_eq!(store.rows().range(Table::KnownAddress, &[], 9).unwrap().len(), 1);
    }

    #[test]
    fn a_row_of_format_1() {
        let store = Store::memory();
        let known = Known::default();
        known.note(place(258, 1), 1_000_000);
        save(&known, store.rows()).unwrap();
        let key = vec![0, 0, 0, 0, 0, 0, 1, 2, 4, 192, 0, 2, 1];
        let row = vec![1, 0x40, 0x42, 0x0f, 0, 0, 0, 0, 0];
        assert_eq!(store.rows().range(Table::KnownAddress, &[], 9).unwrap(), [(key, row)]);
    }

    #[test]
    fn a_failure_loses_nothing_and_another_version_s_rows_stay() {
        let store = Store::memory();
        let known = Known::default();
        known.note(place(1, 1), 0);
        let rows = Failing(store.rows(), AtomicBool::new(true));
        assert!(save(&known, &rows).is_err());
        assert!(known.has(place(1, 1), 0));
        rows.1.store(false, Ordering::Relaxed);
        save(&known, &rows).unwrap();
        let newer =
            Edit { table: Table::KnownAddress, key: vec![9], was: Expect::Nothing, becomes: Some(vec![2, 1, 2, 3]) };
        assert_eq!(store.rows().write(&[newer]).unwrap(), Written::Durably);
        let restarted = Known::default();
        load(&restarted, &rows, 0).unwrap();
        assert!(restarted.has(place(1, 1), 0));
        save(&restarted, &rows).unwrap();
        assert_eq!(store.rows().range(Table::KnownAddress, &[], 9).unwrap().len(), 2);
    }
}
