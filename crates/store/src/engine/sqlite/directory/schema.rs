//! The directory's file, and its rows.

use std::path::Path;
use std::time::Duration;

use account::codec::Format;
use rusqlite::{Connection, OpenFlags, Row, params};

use crate::backend::directory::{Credentials, Entry, Scram};
use crate::engine::sqlite::private_file;
use crate::{AccountId, Error};

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

/// The columns of an account, as [`read`] takes them.
pub(super) const COLUMNS: &str = "id, name, disabled, created, hash, salt, iterations, stored_key, server_key, crc";

/// Opens the directory, and makes what is missing of it.
pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    private_file(path)?;
    let mut patience = 200;
    loop {
        match Connection::open_with_flags(path, flags).map_err(Error::from).and_then(prepare) {
            Err(Error::Busy) if patience > 0 => patience -= 1,
            other => return other,
        }
        // Going over to WAL does not wait for others by itself.
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Makes the tables where they are missing.
pub(super) fn prepare(connection: Connection) -> Result<Connection, Error> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(32);
    let _: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;")?;
    if user_version(&connection)? == 0 {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        connection.execute_batch(TABLES)?;
        connection.execute_batch(&format!("PRAGMA user_version = {}; COMMIT", Format::NEWEST.number()))?;
    }
    format(&connection)?;
    Ok(connection)
}

/// The format of the store: its `user_version`.
pub(super) fn format(connection: &Connection) -> Result<Format, Error> {
    Format::from_number(user_version(connection)?).ok_or_else(|| Error::TooNew { what: "the directory".to_owned() })
}

fn user_version(connection: &Connection) -> Result<u8, Error> {
    let number: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(u8::try_from(number).unwrap_or(u8::MAX))
}

/// All that the directory knows of an account.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) entry: Entry,
    pub(super) credentials: Option<Credentials>,
}

/// Reads a row of [`COLUMNS`].
pub(super) fn read(row: &Row<'_>) -> Result<Known, Error> {
    let number: i64 = row.get(0)?;
    let damaged = |()| Error::damaged(format!("account {number} in the directory"));
    let id = AccountId::new(number.cast_unsigned()).ok_or(()).map_err(damaged)?;
    let entry = Entry {
        id,
        name: row.get(1).map_err(drop).map_err(damaged)?,
        disabled: row.get::<_, i64>(2)? != 0,
        created: row.get(3)?,
    };
    let credentials = match row.get::<_, Option<String>>(4).map_err(drop).map_err(damaged)? {
        None => None,
        Some(hash) => Some(Credentials {
            hash,
            scram: Scram {
                salt: row.get::<_, Option<_>>(5)?.unwrap_or_default(),
                iterations: row.get::<_, Option<_>>(6).map_err(drop).map_err(damaged)?.unwrap_or_default(),
                stored_key: row.get::<_, Option<_>>(7)?.unwrap_or_default(),
                server_key: row.get::<_, Option<_>>(8)?.unwrap_or_default(),
            },
        }),
    };
    let known = Known { entry, credentials };
    if row.get::<_, i64>(9)? == known.crc() { Ok(known) } else { Err(damaged(())) }
}

impl Known {
    /// Writes all of it into its row.
    pub(super) fn write(&self, connection: &Connection) -> Result<(), Error> {
        const SQL: &str = "INSERT OR REPLACE INTO account VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let Entry { id, name, disabled, created } = &self.entry;
        let scram = self.credentials.as_ref().map(|credentials| &credentials.scram);
        connection.prepare_cached(SQL)?.execute(params![
            id.get().cast_signed(),
            name,
            i64::from(*disabled),
            created,
            self.credentials.as_ref().map(|credentials| &credentials.hash),
            scram.map(|scram| &scram.salt),
            scram.map(|scram| scram.iterations),
            scram.map(|scram| &scram.stored_key),
            scram.map(|scram| &scram.server_key),
            self.crc(),
        ])?;
        Ok(())
    }

    /// CRC32C over all of it. A password's hash with a flipped bit would lock its owner out without a word.
    fn crc(&self) -> i64 {
        let Entry { id, name, disabled, created } = &self.entry;
        let mut crc = crc32c::crc32c(&id.get().to_le_bytes());
        let mut add = |bytes: &[u8]| {
            crc = crc32c::crc32c_append(crc, &(bytes.len() as u64).to_le_bytes());
            crc = crc32c::crc32c_append(crc, bytes);
        };
        add(name.as_bytes());
        add(&[u8::from(*disabled)]);
        add(&created.to_le_bytes());
        if let Some(Credentials { hash, scram }) = &self.credentials {
            add(hash.as_bytes());
            add(&scram.salt);
            add(&scram.iterations.to_le_bytes());
            add(&scram.stored_key);
            add(&scram.server_key);
        }
        i64::from(crc)
    }
}
