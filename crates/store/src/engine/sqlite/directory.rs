//! The directory of accounts in SQLite.

mod floor;
mod known;
mod schema;
mod whole;

use std::sync::atomic::{AtomicU64, Ordering};

use account::codec::Format;
use rusqlite::{Connection, OptionalExtension, Params, params};

use self::known::{COLUMNS, Known};
use self::whole::Guard;
use crate::backend::directory::{Credentials, Directory, Entry, Standing, check_name};
use crate::backend::marker::{Marks, Numbers};
use crate::lock::{Lock, Rank};
use crate::{AccountId, Error, StoreId};

/// The directory in a file of its own.
#[derive(Debug)]
pub(crate) struct SqliteDirectory {
    kept: Lock<Kept>,
    /// The store that it is of.
    store: StoreId,
    /// Its files.
    guard: Guard,
    /// What others compare with what they remember.
    version: AtomicU64,
    /// SQLite's count of what other processes have committed, as last seen.
    others: AtomicU64,
    /// What opening it put right.
    put_right: Option<String>,
}

/// What one thread at a time looks at or changes.
#[derive(Debug)]
struct Kept {
    connection: Connection,
    marks: Marks,
}

impl Kept {
    /// Raises numbers in the marker and, with the transaction, how far UIDVALIDITYs are given in the directory: the higher of
    /// the two holds, whichever is lost or comes back from a backup. The marker is first, so it is never behind.
    fn raise<T>(&mut self, change: impl FnOnce(&mut Numbers) -> Result<T, Error>) -> Result<T, Error> {
        let Self { connection, marks } = self;
        let floor = floor::read(connection)?;
        let given = marks.raise(|numbers| {
            numbers.uid_validity = numbers.uid_validity.max(floor);
            change(numbers)
        })?;
        let highest = marks.seen().uid_validity;
        if highest > floor {
            floor::write(connection, highest)?;
        }
        Ok(given)
    }
}

impl SqliteDirectory {
    fn new(connection: Connection, marks: Marks, guard: Guard) -> Self {
        let store = marks.store();
        Self {
            kept: Lock::new(Rank::Directory, Kept { connection, marks }),
            store,
            guard,
            version: AtomicU64::new(1),
            others: AtomicU64::new(0),
            put_right: None,
        }
    }

    fn change(&self, id: AccountId, change: impl FnOnce(&mut Known)) -> Result<(), Error> {
        self.write(|Kept { connection, .. }| {
            let mut known = known(connection, id)?.ok_or(Error::NoSuchAccount)?;
            change(&mut known);
            known.write(connection)
        })
    }

    /// Changes what others remember of the directory.
    fn write<T>(&self, act: impl FnOnce(&mut Kept) -> Result<T, Error>) -> Result<T, Error> {
        let result = self.record(act)?;
        self.version.fetch_add(1, Ordering::AcqRel);
        Ok(result)
    }

    /// Changes the directory or the marker as the only one of all processes, durably when this returns.
    fn record<T>(&self, act: impl FnOnce(&mut Kept) -> Result<T, Error>) -> Result<T, Error> {
        self.stands()?;
        let mut kept = self.kept.lock();
        kept.connection.execute_batch("BEGIN IMMEDIATE")?;
        let result = act(&mut kept).and_then(|result| {
            kept.connection.execute_batch("COMMIT")?;
            Ok(result)
        });
        if !kept.connection.is_autocommit() {
            kept.connection.execute_batch("ROLLBACK")?;
        }
        // What went to a file that was deleted is lost.
        result.and_then(|result| self.stands().map(|()| result))
    }
}

impl Directory for SqliteDirectory {
    fn format(&self) -> Result<Format, Error> {
        schema::format(&self.kept.lock().connection)
    }

    fn raise_format(&self, format: Format) -> Result<(), Error> {
        self.record(|kept| schema::set_format(&kept.connection, format))
    }

    fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    fn refresh(&self) -> Result<u64, Error> {
        self.stands()?;
        let connection = &self.kept.lock().connection;
        let mut statement = connection.prepare_cached("PRAGMA data_version")?;
        let others = statement.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned();
        let before = self.others.swap(others, Ordering::AcqRel);
        if before != others && before != 0 {
            self.version.fetch_add(1, Ordering::AcqRel);
        }
        Ok(self.version())
    }

    fn add(&self, name: &str, credentials: Option<&Credentials>, now: i64) -> Result<AccountId, Error> {
        check_name(name)?;
        self.write(|kept| {
            free(&kept.connection, name)?;
            let id = self.give_number(kept)?;
            let entry = Entry { id, name: name.to_owned(), disabled: false, created: now };
            Known { entry, credentials: credentials.cloned() }.write(&kept.connection)?;
            Ok(id)
        })
    }

    fn list(&self) -> Result<Vec<Entry>, Error> {
        let connection = &self.kept.lock().connection;
        let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM account ORDER BY name"))?;
        let mut rows = statement.query([])?;
        let mut list = Vec::new();
        while let Some(row) = rows.next()? {
            list.push(known::read(row)?.entry);
        }
        Ok(list)
    }

    fn find(&self, id: AccountId) -> Result<Option<Entry>, Error> {
        Ok(known(&self.kept.lock().connection, id)?.map(|known| known.entry))
    }

    fn find_by_name(&self, name: &str) -> Result<Option<Entry>, Error> {
        let connection = &self.kept.lock().connection;
        if let Some(known) = select(connection, "name = ?1", [name])? {
            return Ok(Some(known.entry));
        }
        let by_alias = "id = (SELECT account FROM alias WHERE address = ?1)";
        Ok(select(connection, by_alias, [name])?.map(|known| known.entry))
    }

    fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, Error> {
        Ok(known(&self.kept.lock().connection, id)?.ok_or(Error::NoSuchAccount)?.credentials)
    }

    fn set_password(&self, id: AccountId, credentials: &Credentials) -> Result<(), Error> {
        self.change(id, |known| known.credentials = Some(credentials.clone()))
    }

    fn disable(&self, id: AccountId) -> Result<(), Error> {
        self.change(id, |known| known.entry.disabled = true)
    }

    fn enable(&self, id: AccountId) -> Result<(), Error> {
        self.change(id, |known| known.entry.disabled = false)
    }

    fn remove(&self, id: AccountId) -> Result<(), Error> {
        self.write(|Kept { connection, .. }| {
            let number = id.get().cast_signed();
            if connection.prepare_cached("DELETE FROM account WHERE id = ?1")?.execute([number])? == 0 {
                return Err(Error::NoSuchAccount);
            }
            connection.prepare_cached("DELETE FROM alias WHERE account = ?1")?.execute([number])?;
            connection.prepare_cached("INSERT OR REPLACE INTO removed VALUES (?1)")?.execute([number])?;
            Ok(())
        })
    }

    fn add_alias(&self, address: &str, id: AccountId) -> Result<(), Error> {
        check_name(address)?;
        self.write(|Kept { connection, .. }| {
            known(connection, id)?.ok_or(Error::NoSuchAccount)?;
            free(connection, address)?;
            let mut insert = connection.prepare_cached("INSERT INTO alias VALUES (?1, ?2)")?;
            insert.execute(params![address, id.get().cast_signed()])?;
            Ok(())
        })
    }

    fn remove_alias(&self, address: &str) -> Result<bool, Error> {
        self.write(|Kept { connection, .. }| {
            let mut delete = connection.prepare_cached("DELETE FROM alias WHERE address = ?1")?;
            Ok(delete.execute([address])? > 0)
        })
    }

    fn aliases(&self) -> Result<Vec<(String, AccountId)>, Error> {
        let connection = &self.kept.lock().connection;
        let mut statement = connection.prepare_cached("SELECT address, account FROM alias ORDER BY address")?;
        let mut rows = statement.query([])?;
        let mut aliases = Vec::new();
        while let Some(row) = rows.next()? {
            let id = AccountId::new(row.get::<_, i64>(1)?.cast_unsigned());
            aliases.push((row.get(0)?, id.ok_or_else(|| Error::damaged("an alias in the directory"))?));
        }
        Ok(aliases)
    }

    fn after(&self, id: Option<AccountId>) -> Result<Option<AccountId>, Error> {
        let connection = &self.kept.lock().connection;
        let mut statement = connection.prepare_cached("SELECT min(id) FROM account WHERE id > ?1")?;
        let next: Option<i64> = statement.query_row([id.map_or(0, |id| id.get().cast_signed())], |row| row.get(0))?;
        Ok(next.and_then(|id| AccountId::new(id.cast_unsigned())))
    }

    fn removed(&self) -> Result<Vec<AccountId>, Error> {
        let connection = &self.kept.lock().connection;
        let mut statement = connection.prepare_cached("SELECT id FROM removed")?;
        let ids = statement.query_map([], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?;
        Ok(ids.into_iter().filter_map(|id| AccountId::new(id.cast_unsigned())).collect())
    }

    fn forget_removed(&self, id: AccountId) -> Result<(), Error> {
        self.record(|Kept { connection, .. }| {
            connection.prepare_cached("DELETE FROM made WHERE id = ?1")?.execute([id.get().cast_signed()])?;
            connection.prepare_cached("DELETE FROM removed WHERE id = ?1")?.execute([id.get().cast_signed()])?;
            Ok(())
        })
    }

    fn standing(&self, id: AccountId) -> Result<Standing, Error> {
        Ok(match schema::is_made(&self.kept.lock().connection, id.get().cast_signed())? {
            None => Standing::Gone,
            Some(false) => Standing::New,
            Some(true) => Standing::Made,
        })
    }

    fn made(&self, id: AccountId) -> Result<(), Error> {
        self.record(|kept| {
            let number = id.get().cast_signed();
            schema::is_made(&kept.connection, number)?.ok_or(Error::NoSuchAccount)?;
            kept.connection.prepare_cached("INSERT OR IGNORE INTO made VALUES (?1)")?.execute([number])?;
            Ok(())
        })
    }

    fn lost(&self) -> Result<Vec<AccountId>, Error> {
        self.lost_files()
    }

    fn strange(&self, most: usize) -> Result<Vec<(AccountId, Error)>, Error> {
        self.strange_files(most)
    }

    fn place(&self, id: AccountId) -> String {
        self.file(id).display().to_string()
    }

    fn give_uid_validities(&self, time: i64, count: u32) -> Result<u32, Error> {
        self.record(|kept| kept.raise(|numbers| numbers.give_uid_validities(time, count)))
    }

    fn note_uid_validity(&self, given: u32, time: i64) -> Result<(), Error> {
        if self.kept.lock().marks.seen().covers(given, time) {
            return Ok(());
        }
        self.record(|kept| {
            kept.raise(|numbers| {
                numbers.note_uid_validity(given);
                Ok(())
            })
        })
    }

    fn put_right(&self) -> Option<&str> {
        self.put_right.as_deref()
    }
}

fn known(connection: &Connection, id: AccountId) -> Result<Option<Known>, Error> {
    select(connection, "id = ?1", [id.get().cast_signed()])
}

fn select(connection: &Connection, which: &str, params: impl Params) -> Result<Option<Known>, Error> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM account WHERE {which}"))?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(known::read).transpose()
}

/// Whether no account and no alias has that name.
fn free(connection: &Connection, name: &str) -> Result<(), Error> {
    const SQL: &str = "SELECT 1 FROM account WHERE name = ?1 UNION ALL SELECT 1 FROM alias WHERE address = ?1";
    let taken = connection.prepare_cached(SQL)?.query_row([name], |_| Ok(())).optional()?;
    if taken.is_some() { Err(Error::NameTaken(name.to_owned())) } else { Ok(()) }
}
