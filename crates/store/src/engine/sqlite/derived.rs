//! Structures that take the place of older ones, and how far that has gone.

use account::EmailId;
use mime::Derivation;
use rusqlite::{Connection, OptionalExtension, params};

use super::{crc, email_id, read};
use crate::Error;
use crate::engine::{Derived, Email, Written};

/// One row at most. The table is made when it is first needed: a program that does not know it passes over it.
const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS derived (
        one INTEGER PRIMARY KEY CHECK (one = 1), derivation INTEGER NOT NULL, upto INTEGER NOT NULL,
        crc INTEGER NOT NULL) STRICT;
";

/// How far it went; `None` if nobody said, or what was said is damaged.
pub(super) fn read(connection: &Connection) -> Result<Option<Derived>, Error> {
    let mut known =
        connection.prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'derived'")?;
    if !known.exists([])? {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached("SELECT derivation, upto, crc FROM derived")?;
    let row = statement
        .query_row([], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, i64>(1)?.cast_unsigned(), row.get::<_, i64>(2)?)));
    let Some((by, upto, sum)) = row.optional()? else { return Ok(None) };
    let Some(upto) = EmailId::new(upto).filter(|upto| crc::of_derived(by, *upto) == sum) else { return Ok(None) };
    Ok(Derivation::from_number(by).map(|by| Derived { by, upto }))
}

/// The row of an email that went meanwhile stays gone, and one that is damaged is not made to look whole.
pub(super) fn rederive(
    connection: &Connection,
    structures: &[(EmailId, Vec<u8>)],
    derived: Derived,
) -> Result<Written, Error> {
    connection.execute_batch(TABLE)?;
    if !derived.is_news(read(connection)?) {
        return Ok(Written::TooLate);
    }
    let mut update = connection.prepare_cached("UPDATE email SET crc = ?2, structure = ?3 WHERE id = ?1")?;
    for (id, structure) in structures {
        let mut sum = None;
        let found = read::emails(connection, &mut std::iter::once(*id), &mut |email| {
            sum = Some(crc::of_email(&Email { structure, ..email }));
            std::ops::ControlFlow::Break(())
        });
        match (found, sum) {
            (Ok(()), Some(sum)) => drop(update.execute(params![email_id(*id), sum, structure])?),
            (Ok(()), None) | (Err(Error::NoSuchEmail(_) | Error::Damaged { .. }), _) => {}
            (Err(error), _) => return Err(error),
        }
    }
    let mut put = connection.prepare_cached("INSERT OR REPLACE INTO derived VALUES (1, ?1, ?2, ?3)")?;
    let (by, upto) = (derived.by.number(), derived.upto);
    put.execute(params![by, email_id(upto), crc::of_derived(by, upto)])?;
    Ok(Written::Durably)
}
