//! What the directory keeps of an account, as a row.

use rusqlite::{Connection, Row, params};

use crate::backend::directory::{Credentials, Entry, Scram};
use crate::{AccountId, Error};

/// The columns of an account, as [`read`] takes them.
pub(super) const COLUMNS: &str = "id, name, disabled, created, hash, salt, iterations, stored_key, server_key, crc";

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
