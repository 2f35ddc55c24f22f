//! What is in an account's file, and how it is made and opened.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use account::codec::Format;
use rusqlite::{Connection, OpenFlags};

use crate::Error;

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

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Writer,
    Reader,
}

/// Opens a file that is there.
pub(super) fn open(path: &Path, role: Role) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match Connection::open_with_flags(path, flags) {
        Ok(connection) => connection,
        Err(_) if matches!(path.try_exists(), Ok(false)) => return Err(Error::NoSuchAccount),
        Err(error) => return Err(error.into()),
    };
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.execute_batch(PRAGMAS)?;
    if role == Role::Reader {
        connection.execute_batch("PRAGMA query_only = ON")?;
    }
    match user_version(&connection)? {
        // Its maker was stopped before it was done: there is nothing in it.
        0 => Err(Error::NoSuchAccount),
        known if Format::from_number(known).is_some() => Ok(connection),
        _ => Err(Error::TooNew { what: path.display().to_string() }),
    }
}

/// The format that the file is written in: its `user_version`.
pub(super) fn format(connection: &Connection) -> Result<Format, Error> {
    // Another process may have raised it since the file was opened.
    Format::from_number(user_version(connection)?).ok_or_else(|| Error::TooNew { what: "the account".to_owned() })
}

fn user_version(connection: &Connection) -> Result<u8, Error> {
    let number: i64 = connection.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?;
    Ok(u8::try_from(number).unwrap_or(u8::MAX))
}

/// Makes the file and its tables, as far as they are not there. Two processes may do so at once.
pub(super) fn create(path: &Path, format: Format) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        durable_folder(folder)?;
    }
    let mut patience = 200;
    loop {
        match create_tables(path, format) {
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

fn create_tables(path: &Path, format: Format) -> Result<(), Error> {
    private_file(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch("PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL;")?;
    let _: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.execute_batch(PRAGMAS)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    connection.execute_batch(TABLES)?;
    // Whoever was first has said which format.
    if user_version(&connection)? == 0 {
        connection.execute_batch(&format!("PRAGMA user_version = {}", format.number()))?;
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
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
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(parent)?.sync_all()?)
}
