//! How a database is opened, by what its disk still takes.
//!
//! Usually for reading and writing beside others, with the journal's index mapped into memory. On a disk that takes
//! nothing, a page of that index could find no block, which ends the process; there a database is opened carefully, so
//! that nothing of it is ever written:
//!
//! - by SQLite's own rules for readers that may not write the index (`readonly_shm`): they use the index of those who
//!   have the database open, or read the journal into one of their own where nobody has. This needs a journal and an index
//!   beside the database, which may be empty, and makes them where that is possible;
//! - where they are not there and no file can be made, as the files are, alone: from the database where there is no
//!   journal, else from both, with the index in memory. What is read so is believed only if the files looked the same
//!   before and afterwards: others could write where they still have room.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::footing::{Stamp, stamp};
use super::schema::{beside, private_file};
use crate::Error;
use crate::disk::{Disk, Space};

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// For reading and writing.
    Usual,
    /// For reading only, and nothing is mapped for writing.
    Careful,
}

impl Manner {
    /// The one that a disk calls for.
    pub(super) fn on(disk: &Disk) -> Self {
        match disk.space() {
            Space::Plenty | Space::Reserve => Self::Usual,
            Space::Full | Space::ReadOnly => Self::Careful,
        }
    }
}

/// A database that is open.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(super) connection: Connection,
    pub(super) manner: Manner,
    /// How the files looked, if they are read as they are.
    frozen: Option<Stamp>,
}

impl Opened {
    /// Whether what it reads is what is there. It is not opened to last where it reads the files as they are.
    pub(super) fn holds(&self, path: &Path) -> bool {
        self.frozen.is_none() || self.frozen == stamp(path)
    }

    /// Has it leave the journal as it is when it is closed. After a failed sync it would delete a journal that has more
    /// than it knows of, and the power may go before that is durable: what was refused would come back.
    pub(super) fn leave_journal(&self) {
        // If it cannot be told to, it does as ever.
        let _as_ever = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }

    /// Whether it may be kept for the next one who asks.
    pub(super) fn lasts(&self) -> bool {
        self.frozen.is_none()
    }
}

/// Opens a database in this manner.
pub(super) fn open(path: &Path, disk: &Disk, manner: Manner) -> Result<Opened, Error> {
    match manner {
        Manner::Usual => {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Ok(Opened { connection: Connection::open_with_flags(path, flags)?, manner, frozen: None })
        }
        Manner::Careful => carefully(path).or_else(|error| as_it_is(path, disk, error)),
    }
}

/// As one of those who may not write the index.
fn carefully(path: &Path) -> Result<Opened, Error> {
    let index = beside(path, "-shm");
    if !index.exists() {
        // If it cannot be made, opening says so.
        let _made = private_file(&index);
    }
    let connection = read_only(path, "readonly_shm=1", OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    Ok(Opened { connection, manner: Manner::Careful, frozen: None })
}

/// The files as they are, if they have been left alone for a while.
fn as_it_is(path: &Path, disk: &Disk, error: Error) -> Result<Opened, Error> {
    const ATTEMPTS: usize = 20;
    if matches!(error, Error::NoDescriptors) {
        return Err(error);
    }
    for _ in 0..ATTEMPTS {
        let frozen = stamp(path);
        if frozen.is_none() {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        }
        let journal = std::fs::metadata(beside(path, "-wal")).is_ok_and(|found| found.is_file() && found.len() > 0);
        let connection = match (journal, disk.space()) {
            (false, _) => read_only(path, "immutable=1", OpenFlags::SQLITE_OPEN_READ_ONLY)?,
            // Nobody can write, and a lock for writing cannot be had of a file that is open for reading.
            (_, Space::ReadOnly) => alone(path, "vfs=unix-none", OpenFlags::SQLITE_OPEN_READ_ONLY)?,
            _ => alone(path, "mode=rw", OpenFlags::SQLITE_OPEN_READ_WRITE)?,
        };
        return Ok(Opened { connection, manner: Manner::Careful, frozen });
    }
    Err(error)
}

/// With the index in memory, which SQLite does for who has locked everybody else out.
fn alone(path: &Path, how: &str, flags: OpenFlags) -> Result<Connection, Error> {
    let connection = unread(path, how, flags)?;
    connection.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(()))?;
    read_once(connection)
}

fn read_only(path: &Path, how: &str, flags: OpenFlags) -> Result<Connection, Error> {
    read_once(unread(path, how, flags)?)
}

fn unread(path: &Path, how: &str, flags: OpenFlags) -> Result<Connection, Error> {
    let flags = flags | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(path, how)?, flags)?;
    // Closing it writes nothing and removes nothing either.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(Duration::from_secs(2))?;
    Ok(connection)
}

/// Files are opened when something is read.
fn read_once(connection: Connection) -> Result<Connection, Error> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
    connection.execute_batch("PRAGMA query_only = ON")?;
    Ok(connection)
}

/// A path as SQLite takes it with what is to be minded of it.
pub(super) fn uri(path: &Path, how: &str) -> Result<String, Error> {
    let path = path.to_str().ok_or_else(|| Error::BadName(path.display().to_string()))?;
    let escaped = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("file:{escaped}?{how}"))
}
