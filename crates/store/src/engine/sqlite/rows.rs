//! Rows that are no account's own, in a table of the directory's file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::directory::PRAGMAS;
use super::footing::{Footing, Paths};
use super::manner::{self, Manner, Opened};
use super::need;
use crate::Error;
use crate::backend::rows::{KeyedRow, Rows};
use crate::backend::{Edit, Table};
use crate::disk::Disk;
use crate::engine::Written;
use crate::lock::{Lock, Rank};

/// An extra table: a program of before does not look at it.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS kept (
        kind INTEGER NOT NULL, key BLOB NOT NULL, data BLOB NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (kind, key))
        STRICT, WITHOUT ROWID;
";

/// Where the connection is, if there is one. The directory, which is in the same file, closes it when both have to be opened
/// in another manner.
pub(crate) type Seat = Arc<Lock<Option<(Opened, Footing)>>>;

/// An empty one.
pub(crate) fn seat() -> Seat {
    Arc::new(Lock::new(Rank::Rows, None))
}

/// The rows, by a connection of their own that is opened when they are first used.
#[derive(Debug)]
pub(crate) struct SqliteRows {
    paths: Paths,
    disk: Disk,
    seat: Seat,
}

impl SqliteRows {
    /// The rows that are kept in the file at `path`, which is there.
    pub(crate) fn new(path: &Path, disk: Disk, seat: Seat) -> Self {
        Self { paths: Paths::new(path), disk, seat }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Error> {
        let mut seat = self.seat.lock();
        let manner = Manner::on(&self.disk);
        if let Some((opened, _)) = seat.take_if(|(opened, _)| opened.manner != manner || !opened.lasts())
            && manner == Manner::Careful
        {
            opened.leave_journal();
        }
        let (opened, footing) = match &mut *seat {
            Some(open) => open,
            closed => closed.insert(self.open(manner)?),
        };
        let result = act(&mut opened.connection).and_then(|result| {
            if !opened.holds(self.paths.database()) {
                return Err(Error::Busy);
            }
            // What went to a file that was deleted is lost.
            let stands = footing.holds(&self.paths);
            let replaced = || Error::Replaced { what: self.paths.database().display().to_string() };
            stands.then_some(result).ok_or_else(replaced)
        });
        if result.as_ref().is_err_and(super::spoils) {
            // What of it is on disk is not known: the next one reads it anew.
            *seat = None;
        }
        result
    }

    fn open(&self, manner: Manner) -> Result<(Opened, Footing), Error> {
        let opened = manner::open(self.paths.database(), &self.disk, manner)?;
        opened.connection.busy_timeout(Duration::from_secs(10))?;
        opened.connection.execute_batch(PRAGMAS)?;
        if manner == Manner::Usual {
            opened.connection.execute_batch(TABLE)?;
        }
        let footing = self.paths.now();
        Ok((opened, footing))
    }
}

impl Rows for SqliteRows {
    fn range(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<KeyedRow>, Error> {
        const SQL: &str = "SELECT key, data, crc FROM kept WHERE kind = ?1 AND key >= ?2 ORDER BY key LIMIT ?3";
        self.with(|connection| {
            let mut statement = connection.prepare_cached(SQL)?;
            let mut rows = statement.query(params![table as i64, from, i64::try_from(limit).unwrap_or(i64::MAX)])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let (key, data): KeyedRow = (row.get(0)?, row.get(1)?);
                if row.get::<_, i64>(2)? != crc(table, &key, &data) {
                    return Err(Error::damaged(format!("row {} of {table:?}", key.escape_ascii())));
                }
                found.push((key, data));
            }
            Ok(found)
        })
    }

    fn write(&self, edits: &[Edit]) -> Result<Written, Error> {
        let (work, octets) = need::LITTLE;
        let _room = self.disk.promise(work, octets)?;
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for edit in edits {
                if !write(&transaction, edit)? {
                    return Ok(Written::TooLate);
                }
            }
            transaction.commit()?;
            Ok(Written::Durably)
        })
    }
}

/// Writes one row, if it is as expected.
fn write(connection: &Connection, Edit { table, key, was, becomes }: &Edit) -> Result<bool, Error> {
    let kind = *table as i64;
    let mut select = connection.prepare_cached("SELECT data FROM kept WHERE kind = ?1 AND key = ?2")?;
    let row: Option<Vec<u8>> = select.query_row(params![kind, key], |row| row.get(0)).optional()?;
    if !was.holds(row.as_deref()) {
        return Ok(false);
    }
    if row == *becomes {
        return Ok(true);
    }
    match becomes {
        Some(data) => connection
            .prepare_cached("INSERT OR REPLACE INTO kept VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![kind, key, data, crc(*table, key, data)])?,
        None => {
            connection.prepare_cached("DELETE FROM kept WHERE kind = ?1 AND key = ?2")?.execute(params![kind, key])?
        }
    };
    Ok(true)
}

fn crc(table: Table, key: &[u8], data: &[u8]) -> i64 {
    super::crc::of_kept(table as u64, key, data)
}
