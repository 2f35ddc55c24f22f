//! What is in an account's file, and how it is made and opened.

use std::fs::File;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use account::codec::Format;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::manner::{self, Manner, Opened};
use crate::disk::Disk;
use crate::{AccountId, Error, Identity, StoreId};

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// `docs/design/store.md` describes it column by column.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS log (
        modseq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, changes BLOB NOT NULL, gone BLOB,
        crc INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS checkpoint (
        mailbox INTEGER NOT NULL, chunk INTEGER NOT NULL, modseq INTEGER NOT NULL, crc INTEGER NOT NULL,
        data BLOB NOT NULL, PRIMARY KEY (mailbox, chunk)) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS email (
        id INTEGER PRIMARY KEY, blake3 BLOB NOT NULL, size INTEGER NOT NULL, received_at INTEGER NOT NULL,
        crc INTEGER NOT NULL, structure BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS body (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS doomed (
        email INTEGER PRIMARY KEY, modseq INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;
";

/// Whose the file is. Posthorn 0.1 made none and does not look at it.
const IDENTITY: &str = "
    CREATE TABLE IF NOT EXISTS account (
        one INTEGER PRIMARY KEY CHECK (one = 1), store TEXT NOT NULL, number INTEGER NOT NULL) STRICT;
";

/// What holds for each connection. Page caches are small as there are thousands of accounts: what matters is kept in
/// memory as a state. The journal is cut back after a large import.
const PRAGMAS: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA cell_size_check = ON;
    PRAGMA cache_size = -512;
    PRAGMA temp_store = MEMORY;
    PRAGMA journal_size_limit = 8388608;
    PRAGMA trusted_schema = OFF;
";

/// Where an account is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) path: &'a Path,
    pub(super) owner: Identity,
    pub(super) disk: &'a Disk,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Writer,
    Reader,
}

/// Opens the file of an account, if it is there and that account's.
pub(super) fn open(place: Place<'_>, role: Role, manner: Manner) -> Result<Opened, Error> {
    open_owned(place, role, manner).map_err(|error| error.at(place.path))
}

fn open_owned(Place { path, owner, disk }: Place<'_>, role: Role, manner: Manner) -> Result<Opened, Error> {
    refuse_unopened(path, owner)?;
    let opened = match manner::open(path, disk, manner) {
        Ok(opened) => opened,
        Err(_) if matches!(path.try_exists(), Ok(false)) => return Err(Error::NoSuchAccount),
        Err(error) => return Err(error),
    };
    let connection = &opened.connection;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.execute_batch(PRAGMAS)?;
    if role == Role::Reader {
        connection.execute_batch("PRAGMA query_only = ON")?;
    }
    if version(connection)? == 0 {
        // Its maker was stopped before it was done: there is nothing in it.
        return Err(Error::NoSuchAccount);
    }
    format(connection, path)?;
    match identity(connection)? {
        Some(found) if found == owner => Ok(opened),
        found => Err(Error::Foreign { what: path.display().to_string(), found }),
    }
}

/// Refuses a file that is empty or another account's before it is opened: SQLite would remove the journal beside the one,
/// and write it into the other, and there may be mail in the journal that nothing else has.
fn refuse_unopened(path: &Path, owner: Identity) -> Result<(), Error> {
    let len = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    if len(path) == 0 {
        return Err(Error::NoSuchAccount);
    }
    if len(&beside(path, "-wal")) == 0 {
        return Ok(());
    }
    match refuse_another(path, owner) {
        Err(foreign @ Error::Foreign { .. }) => Err(foreign),
        // What says nothing yet, or cannot be read without its journal, is looked at again once it is open.
        _ => Ok(()),
    }
}

/// Refuses a file that says to be another account's, as it is on disk: a connection that has it open would not notice, as
/// it remembers its pages.
pub(super) fn refuse_another(path: &Path, owner: Identity) -> Result<(), Error> {
    /// Another process may write its journal into the file just now.
    const ATTEMPTS: u32 = 20;
    let mut attempt = 0;
    loop {
        attempt += 1;
        match without_journal(path).as_ref().map_or(Ok(None), identity) {
            Ok(Some(found)) if found != owner => {
                return Err(Error::Foreign { what: path.display().to_string(), found: Some(found) });
            }
            // One that says nothing has all in its journal, or is one that Posthorn 0.1 made.
            Ok(_) => return Ok(()),
            Err(Error::Damaged { .. }) if attempt < ATTEMPTS => std::thread::sleep(Duration::from_millis(5)),
            Err(error) => return Err(error.at(path)),
        }
    }
}

/// A look at a file as it is without its journal. Nothing is locked or changed.
pub(super) fn without_journal(path: &Path) -> Option<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(manner::uri(path, "immutable=1").ok()?, flags).ok()
}

fn version(connection: &Connection) -> Result<i64, Error> {
    Ok(connection.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?)
}

/// The format of what is in the file. Another process may have raised it since the file was opened.
pub(super) fn format(connection: &Connection, path: &Path) -> Result<Format, Error> {
    let number = version(connection)?;
    let known = u8::try_from(number).ok().and_then(Format::from_number);
    known.ok_or_else(|| Error::TooNew { what: path.display().to_string(), format: number })
}

pub(super) fn set_format(connection: &Connection, format: Format) -> Result<(), Error> {
    Ok(connection.execute_batch(&format!("PRAGMA user_version = {}", format.number()))?)
}

/// Whose the file says to be; `None` if it was made by Posthorn 0.1.
fn identity(connection: &Connection) -> Result<Option<Identity>, Error> {
    const TABLE: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'account'";
    if connection.query_row(TABLE, [], |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    let row = connection.query_row("SELECT store, number FROM account", [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    });
    let Some((store, number)) = row.optional()? else { return Ok(None) };
    let store = StoreId::parse(&store).zip(AccountId::new(number.cast_unsigned()));
    let (store, account) = store.ok_or_else(|| Error::damaged("whose the file is"))?;
    Ok(Some(Identity { store, account }))
}

/// Makes the file and its tables, as far as they are not there, in this format if they are not, and writes into it whose
/// it is if it does not say so. Two processes may do so at once.
pub(super) fn create(path: &Path, owner: Identity, format: Format) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        durable_folder(folder)?;
    }
    let mut patience = 200;
    loop {
        match create_tables(path, owner, format) {
            Err(Error::Busy) if patience > 0 => patience -= 1,
            other => return other,
        }
        // Going over to WAL does not wait for others by itself.
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Makes an empty file that only its owner may read, if none is there: there are mails and password hashes in ours, and
/// SQLite gives what it keeps beside a file the same mode.
pub(crate) fn private_file(path: &Path) -> Result<(), Error> {
    std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    Ok(())
}

fn create_tables(path: &Path, owner: Identity, newest: Format) -> Result<(), Error> {
    private_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    if version(&connection)? != 0 {
        // It is not ours to touch if it is newer than we are.
        format(&connection, path)?;
    }
    connection.execute_batch("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;")?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        // It says so instead of failing, and would go on without.
        return Err(Error::Busy);
    }
    connection.execute_batch(PRAGMAS)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.execute_batch(TABLES)?;
    connection.execute_batch(IDENTITY)?;
    let Identity { store, account } = owner;
    let number = account.get().cast_signed();
    connection.execute("INSERT OR IGNORE INTO account VALUES (1, ?1, ?2)", params![store.to_string(), number])?;
    if version(&connection)? == 0 {
        set_format(&connection, newest)?;
    }
    Ok(connection.execute_batch("COMMIT")?)
}

/// Removes the file and what SQLite keeps beside it.
pub(super) fn destroy(path: &Path) -> Result<(), Error> {
    for suffix in ["", "-wal", "-shm"] {
        match std::fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    match path.parent() {
        Some(folder) if folder.is_dir() => Ok(File::open(folder)?.sync_all()?),
        _ => Ok(()),
    }
}

/// The path with a suffix to its name.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes a folder whose name survives a loss of power.
pub(crate) fn durable_folder(folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        durable_folder(parent)?;
    }
    // There are mails and passwords below.
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(parent)?.sync_all()?)
}
