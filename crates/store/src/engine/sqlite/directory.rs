//! The directory of accounts in SQLite.

mod floor;
mod known;
mod schema;
mod whole;

use std::sync::atomic::{AtomicU64, Ordering};

use account::codec::Format;
use rusqlite::{Connection, OptionalExtension, Params, params};

pub(super) use self::schema::PRAGMAS;

use self::known::{COLUMNS, Known};
use self::whole::Guard;
use crate::backend::directory::{Credentials, Directory, Entry, Standing, check_name};
use crate::backend::marker::{Marks, Numbers};
use crate::disk::Disk;
use crate::engine::sqlite::footing::Footing;
use crate::engine::sqlite::manner::{Manner, Opened};
use crate::engine::sqlite::need;
use crate::engine::sqlite::rows::Seat;
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
    disk: Disk,
    /// The connection that looks at the other rows of the same file: the two share what is mapped.
    beside: Seat,
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
    /// `None` while it is opened in another manner.
    opened: Option<Opened>,
    footing: Footing,
    marks: Marks,
}

/// What is written to.
struct Writing<'a> {
    connection: &'a Connection,
    marks: &'a mut Marks,
}

impl Writing<'_> {
    /// Raises numbers in the marker and, with the transaction, how far UIDVALIDITYs are given in the directory: the higher of
    /// the two holds, whichever is lost or comes back from a backup. The marker is first, so it is never behind.
    fn raise<T>(&mut self, change: impl FnOnce(&mut Numbers) -> Result<T, Error>) -> Result<T, Error> {
        let Self { connection, marks } = self;
        let connection = *connection;
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
    fn new(kept: Kept, guard: Guard, disk: Disk, beside: Seat) -> Self {
        let store = kept.marks.store();
        Self {
            kept: Lock::new(Rank::Directory, kept),
            store,
            guard,
            disk,
            beside,
            version: AtomicU64::new(1),
            others: AtomicU64::new(0),
            put_right: None,
        }
    }

    fn change(&self, id: AccountId, change: impl FnOnce(&mut Known)) -> Result<(), Error> {
        self.write(|Writing { connection, .. }| {
            let mut known = known(connection, id)?.ok_or(Error::NoSuchAccount)?;
            change(&mut known);
            known.write(connection)
        })
    }

    /// Changes what others remember of the directory.
    fn write<T>(&self, act: impl FnOnce(&mut Writing<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let result = self.record(act)?;
        self.version.fetch_add(1, Ordering::AcqRel);
        Ok(result)
    }

    /// Changes the directory or the marker as the only one of all processes, durably when this returns.
    fn record<T>(&self, act: impl FnOnce(&mut Writing<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let (work, octets) = need::LITTLE;
        let _room = self.disk.promise(work, octets)?;
        let mut kept = self.kept.lock();
        self.suit_the_disk(&mut kept)?;
        self.stands(&kept)?;
        let Kept { opened, marks, .. } = &mut *kept;
        let connection =
            &opened.as_ref().filter(|opened| opened.manner == Manner::Usual).ok_or(Error::Busy)?.connection;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let result = act(&mut Writing { connection, marks }).and_then(|result| {
            connection.execute_batch("COMMIT")?;
            Ok(result)
        });
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        if let Err(Error::Full | Error::Io(_) | Error::Database(_)) = &result {
            self.disk.doubt();
        }
        // What went to a file that was deleted is lost.
        result.and_then(|result| self.stands(&kept).map(|()| result))
    }

    /// Reads; again, if the files had to be read as they are and changed meanwhile.
    fn look<T>(&self, act: impl Fn(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        const ATTEMPTS: usize = 10;
        let mut kept = self.kept.lock();
        for _ in 0..ATTEMPTS {
            self.suit_the_disk(&mut kept)?;
            let Some(opened) = &kept.opened else { break };
            let result = act(&opened.connection);
            if opened.holds(self.guard.file()) {
                return result;
            }
        }
        Err(Error::Busy)
    }

    /// Opens it in the manner that the disk calls for, and anew if what is read is not what is there.
    fn suit_the_disk(&self, kept: &mut Kept) -> Result<(), Error> {
        let manner = Manner::on(&self.disk);
        let holds = |opened: &Opened| opened.holds(self.guard.file());
        let suits = |opened: &Opened| opened.manner == manner && holds(opened);
        if kept.opened.as_ref().is_some_and(suits) {
            return Ok(());
        }
        // All connections of a process are closed before one is opened in another manner. Who is at the other one just
        // now is done in a moment.
        let Some(mut beside) = self.beside.try_lock() else {
            return if kept.opened.as_ref().is_some_and(holds) { Ok(()) } else { Err(Error::Busy) };
        };
        let closed = beside.take().map(|(opened, _)| opened).into_iter().chain(kept.opened.take());
        closed.filter(|_| manner == Manner::Careful).for_each(|opened| opened.leave_journal());
        let opened = schema::reopen(self.guard.file(), &self.disk)?;
        let footing = self.guard.now();
        if !footing.same_database(&kept.footing) {
            return Err(self.guard.replaced());
        }
        (kept.opened, kept.footing) = (Some(opened), footing);
        // What its connection remembers of what others did goes with it.
        self.version.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }
}

impl Directory for SqliteDirectory {
    fn format(&self) -> Result<Format, Error> {
        self.look(schema::format)
    }

    fn raise_format(&self, format: Format) -> Result<(), Error> {
        self.record(|kept| schema::set_format(kept.connection, format))
    }

    fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    fn refresh(&self) -> Result<u64, Error> {
        self.stands(&self.kept.lock())?;
        let others = self.look(|connection| {
            let mut statement = connection.prepare_cached("PRAGMA data_version")?;
            Ok(statement.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned())
        })?;
        let before = self.others.swap(others, Ordering::AcqRel);
        if before != others && before != 0 {
            self.version.fetch_add(1, Ordering::AcqRel);
        }
        Ok(self.version())
    }

    fn add(&self, name: &str, credentials: Option<&Credentials>, now: i64) -> Result<AccountId, Error> {
        check_name(name)?;
        self.write(|kept| {
            free(kept.connection, name)?;
            let id = self.give_number(kept)?;
            let entry = Entry { id, name: name.to_owned(), disabled: false, created: now };
            Known { entry, credentials: credentials.cloned() }.write(kept.connection)?;
            Ok(id)
        })
    }

    fn list(&self) -> Result<Vec<Entry>, Error> {
        self.look(|connection| {
            let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM account ORDER BY name"))?;
            let mut rows = statement.query([])?;
            let mut list = Vec::new();
            while let Some(row) = rows.next()? {
                list.push(known::read(row)?.entry);
            }
            Ok(list)
        })
    }

    fn find(&self, id: AccountId) -> Result<Option<Entry>, Error> {
        self.look(|connection| Ok(known(connection, id)?.map(|known| known.entry)))
    }

    fn find_by_name(&self, name: &str) -> Result<Option<Entry>, Error> {
        self.look(|connection| {
            if let Some(known) = select(connection, "name = ?1", [name])? {
                return Ok(Some(known.entry));
            }
            let by_alias = "id = (SELECT account FROM alias WHERE address = ?1)";
            Ok(select(connection, by_alias, [name])?.map(|known| known.entry))
        })
    }

    fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, Error> {
        self.look(|connection| Ok(known(connection, id)?.ok_or(Error::NoSuchAccount)?.credentials))
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
        self.write(|Writing { connection, .. }| {
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
        self.write(|Writing { connection, .. }| {
            known(connection, id)?.ok_or(Error::NoSuchAccount)?;
            free(connection, address)?;
            let mut insert = connection.prepare_cached("INSERT INTO alias VALUES (?1, ?2)")?;
            insert.execute(params![address, id.get().cast_signed()])?;
            Ok(())
        })
    }

    fn remove_alias(&self, address: &str) -> Result<bool, Error> {
        self.write(|Writing { connection, .. }| {
            let mut delete = connection.prepare_cached("DELETE FROM alias WHERE address = ?1")?;
            Ok(delete.execute([address])? > 0)
        })
    }

    fn aliases(&self) -> Result<Vec<(String, AccountId)>, Error> {
        self.look(|connection| {
            let mut statement = connection.prepare_cached("SELECT address, account FROM alias ORDER BY address")?;
            let mut rows = statement.query([])?;
            let mut aliases = Vec::new();
            while let Some(row) = rows.next()? {
                let id = AccountId::new(row.get::<_, i64>(1)?.cast_unsigned());
                aliases.push((row.get(0)?, id.ok_or_else(|| Error::damaged("an alias in the directory"))?));
            }
            Ok(aliases)
        })
    }

    fn after(&self, id: Option<AccountId>) -> Result<Option<AccountId>, Error> {
        let next: Option<i64> = self.look(|connection| {
            let mut statement = connection.prepare_cached("SELECT min(id) FROM account WHERE id > ?1")?;
            Ok(statement.query_row([id.map_or(0, |id| id.get().cast_signed())], |row| row.get(0))?)
        })?;
        Ok(next.and_then(|id| AccountId::new(id.cast_unsigned())))
    }

    fn removed(&self) -> Result<Vec<AccountId>, Error> {
        let ids = self.look(|connection| {
            let mut statement = connection.prepare_cached("SELECT id FROM removed")?;
            Ok(statement.query_map([], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?)
        })?;
        Ok(ids.into_iter().filter_map(|id| AccountId::new(id.cast_unsigned())).collect())
    }

    fn forget_removed(&self, id: AccountId) -> Result<(), Error> {
        self.record(|Writing { connection, .. }| {
            connection.prepare_cached("DELETE FROM made WHERE id = ?1")?.execute([id.get().cast_signed()])?;
            connection.prepare_cached("DELETE FROM removed WHERE id = ?1")?.execute([id.get().cast_signed()])?;
            Ok(())
        })
    }

    fn standing(&self, id: AccountId) -> Result<Standing, Error> {
        Ok(match self.look(|connection| schema::is_made(connection, id.get().cast_signed()))? {
            None => Standing::Gone,
            Some(false) => Standing::New,
            Some(true) => Standing::Made,
        })
    }

    fn made(&self, id: AccountId) -> Result<(), Error> {
        self.record(|kept| {
            let number = id.get().cast_signed();
            schema::is_made(kept.connection, number)?.ok_or(Error::NoSuchAccount)?;
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
