//! The highest UIDVALIDITY that was given, once more beside the marker: whoever loses one of the two has the other. The table is
//! made when the first number is given; Posthorn 0.1 does not look at it.

use rusqlite::{Connection, OptionalExtension, params};

use crate::Error;

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS given (one INTEGER PRIMARY KEY CHECK (one = 1), uid_validity INTEGER NOT NULL) STRICT";

/// The highest that the directory knows of; 0 before the first.
pub(super) fn read(connection: &Connection) -> Result<u32, Error> {
    let mut there = connection.prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'given'")?;
    if there.query_row([], |_| Ok(())).optional()?.is_none() {
        return Ok(0);
    }
    let mut statement = connection.prepare_cached("SELECT uid_validity FROM given")?;
    let highest: Option<i64> = statement.query_row([], |row| row.get(0)).optional()?;
    u32::try_from(highest.unwrap_or(0)).map_err(|_| Error::damaged("the highest UIDVALIDITY in the directory"))
}

pub(super) fn write(connection: &Connection, highest: u32) -> Result<(), Error> {
    connection.execute_batch(TABLE)?;
    connection.prepare_cached("INSERT OR REPLACE INTO given VALUES (1, ?1)")?.execute(params![highest])?;
    Ok(())
}
