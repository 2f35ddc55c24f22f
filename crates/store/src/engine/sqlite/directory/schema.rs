//! The directory's file: what is in it, how it is made and opened.

use std::path::Path;
use std::time::Duration;

use account::codec::Format;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use crate::disk::Disk;
use crate::engine::sqlite::manner::{self, Manner, Opened};
use crate::engine::sqlite::private_file;
use crate::engine::sqlite::schema::{beside, without_journal};
use crate::{Error, StoreId};

/// `AUTOINCREMENT`: an id is never given again, not even that of the last account after it has been removed.
/// `NOCASE`: as far as ASCII goes, names are the same in any case. `removed` are accounts whose files may still be there.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS account (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE COLLATE NOCASE, disabled INTEGER NOT NULL,
        created INTEGER NOT NULL, hash TEXT, salt BLOB, iterations INTEGER, stored_key BLOB, server_key BLOB,
        crc INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS alias (
        address TEXT PRIMARY KEY COLLATE NOCASE, account INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS alias_account ON alias (account);
    CREATE TABLE IF NOT EXISTS removed (id INTEGER PRIMARY KEY) STRICT;
";

/// What a directory of format 1 gets beside its tables; Posthorn 0.1 does not look at it. `made` are the accounts that
/// have had mailboxes: what they are kept in is never made anew.
const MORE_TABLES: &str = "
    CREATE TABLE IF NOT EXISTS store (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS made (id INTEGER PRIMARY KEY) STRICT;
";

/// Opens a directory; `None` if the file is missing, or empty.
pub(super) fn open(path: &Path, disk: &Disk) -> Result<Option<Opened>, Error> {
    // SQLite would remove the journal beside an empty file, and the directory may be in there.
    match std::fs::metadata(path) {
        Ok(found) if found.len() > 0 => {}
        Ok(_) => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let opened = manner::open(path, disk, Manner::on(disk))?;
    opened.connection.busy_timeout(PATIENCE)?;
    if version(&opened.connection)? == 0 {
        return Ok(None);
    }
    format(&opened.connection)?;
    ready(opened).map(Some)
}

/// Opens a directory that has been looked into, in the manner that its disk calls for now.
pub(super) fn reopen(path: &Path, disk: &Disk) -> Result<Opened, Error> {
    ready(manner::open(path, disk, Manner::on(disk))?)
}

fn ready(opened: Opened) -> Result<Opened, Error> {
    match opened.manner {
        Manner::Usual => patiently(|| prepare(&opened.connection))?,
        Manner::Careful => opened.connection.execute_batch(PRAGMAS)?,
    }
    Ok(opened)
}

/// Whose a directory with a journal beside it is, where the file says so without the journal: SQLite would write that into
/// another store's file, or remove it, and there may be accounts in it that nothing else has.
pub(super) fn store_without_journal(path: &Path) -> Option<StoreId> {
    let journal = std::fs::metadata(beside(path, "-wal")).map_or(0, |found| found.len());
    let connection = (journal > 0).then(|| without_journal(path))??;
    store(&connection).ok()?
}

/// Makes an empty directory for a store of that id, if there is none. Two processes may do so at once.
pub(super) fn create(path: &Path, store: StoreId) -> Result<(), Error> {
    private_file(path)?;
    patiently(|| {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        prepare(&connection)?;
        furnish(&connection, store)
    })
}

/// What holds for each connection to it.
pub(in super::super) const PRAGMAS: &str =
    "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;";

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Going over to WAL does not wait for others by itself.
fn patiently(act: impl Fn() -> Result<(), Error>) -> Result<(), Error> {
    let mut patience = 200;
    loop {
        match act() {
            Err(Error::Busy) if patience > 0 => patience -= 1,
            other => return other,
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn prepare(connection: &Connection) -> Result<(), Error> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(32);
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        // It says so instead of failing, and would go on without.
        return Err(Error::Busy);
    }
    Ok(connection.execute_batch(PRAGMAS)?)
}

/// Makes the tables of a directory that has none.
fn furnish(connection: &Connection, store: StoreId) -> Result<(), Error> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    if version(&transaction)? == 0 {
        transaction.execute_batch(TABLES)?;
        claim(&transaction, store)?;
        set_format(&transaction, Format::NEWEST)?;
    }
    Ok(transaction.commit()?)
}

fn version(connection: &Connection) -> Result<i64, Error> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// The directory's format, and so that of the store.
pub(super) fn format(connection: &Connection) -> Result<Format, Error> {
    let number = version(connection)?;
    let known = u8::try_from(number).ok().and_then(Format::from_number);
    known.ok_or_else(|| Error::TooNew { what: "the directory".to_owned(), format: number })
}

pub(super) fn set_format(connection: &Connection, format: Format) -> Result<(), Error> {
    Ok(connection.execute_batch(&format!("PRAGMA user_version = {}", format.number()))?)
}

/// The id of the store that the directory is of. One that Posthorn 0.1 made has none.
pub(super) fn store(connection: &Connection) -> Result<Option<StoreId>, Error> {
    const TABLE: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'store'";
    if connection.query_row(TABLE, [], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    let id: Option<String> = connection.query_row("SELECT id FROM store", [], |row| row.get(0)).optional()?;
    let read = |id: String| StoreId::parse(&id).ok_or_else(|| Error::damaged("the store's id in the directory"));
    id.map(read).transpose()
}

/// Gives a directory the id of its store, unless it has one. The accounts that Posthorn 0.1 made until then count as
/// made: it did so at once, and better one that never had mail is asked about than one that had is made anew.
pub(super) fn claim(connection: &Connection, store: StoreId) -> Result<(), Error> {
    connection.execute_batch(MORE_TABLES)?;
    if connection.execute("INSERT OR IGNORE INTO store VALUES (1, ?1)", [store.to_string()])? > 0 {
        connection.execute_batch("INSERT OR IGNORE INTO made SELECT id FROM account")?;
    }
    Ok(())
}

/// The highest number that was given to an account; 0 before the first.
pub(super) fn last(connection: &Connection) -> Result<u64, Error> {
    const SQL: &str = "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'account'), 0),
        coalesce((SELECT max(id) FROM account), 0))";
    Ok(connection.prepare_cached(SQL)?.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

/// Whether an account is there and has had mailboxes; `None` if it is not there.
pub(super) fn is_made(connection: &Connection, id: i64) -> Result<Option<bool>, Error> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM made WHERE id = ?1) FROM account WHERE id = ?1";
    Ok(connection.prepare_cached(SQL)?.query_row(params![id], |row| row.get(0)).optional()?)
}
