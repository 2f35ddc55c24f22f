//! What is read, each row checked.

use account::EmailId;
use imap::ModSeq;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};

use super::{body_id, crc, email_id, modseq, read_modseq};
use crate::Error;
use crate::engine::{Email, Packed, Row, SeeCell, VisitChunk, VisitEmail, VisitId, fits};

/// How far the next id may be for stepping to it; one that is farther is looked up from the top.
const STEPS: i64 = 8;

pub(super) fn newest(connection: &Connection) -> Result<Option<ModSeq>, Error> {
    let mut statement = connection.prepare_cached("SELECT max(modseq) FROM log")?;
    Ok(statement.query_row([], |row| row.get::<_, Option<i64>>(0))?.and_then(read_modseq))
}

/// The last commit in the checkpoint.
pub(super) fn saved(connection: &Connection) -> Result<Option<ModSeq>, Error> {
    let mut statement = connection.prepare_cached("SELECT modseq FROM checkpoint WHERE mailbox = 0 AND chunk = 0")?;
    Ok(statement.query_row([], |row| row.get::<_, i64>(0)).optional()?.and_then(read_modseq))
}

pub(super) fn checkpoint(connection: &Connection, see: SeeCell<'_>) -> Result<(), Error> {
    const SQL: &str = "SELECT mailbox, chunk, modseq, crc, data FROM checkpoint ORDER BY mailbox, chunk";
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (mailbox, chunk, modseq): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let name = (mailbox.cast_unsigned(), u32::try_from(chunk).unwrap_or(u32::MAX));
        let data = blob(row.get_ref(4)?).filter(|data| row.get(3) == Ok(crc::of_cell(name, modseq, data)));
        see(name, data);
    }
    Ok(())
}

pub(super) fn log(connection: &Connection, after: Option<ModSeq>, limit: usize) -> Result<Vec<Row>, Error> {
    const SQL: &str =
        "SELECT modseq, at, actor, changes, gone, crc FROM log WHERE modseq > ?1 ORDER BY modseq LIMIT ?2";
    let mut statement = connection.prepare_cached(SQL)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![modseq(after), limit])?;
    let mut log = Vec::new();
    let mut octets = 0;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let damaged = || Error::damaged(format!("row {number} of the log"));
        let read = Row {
            modseq: read_modseq(number).ok_or_else(damaged)?,
            at: row.get(1)?,
            actor: String::from_utf8(blob(row.get_ref(2)?).ok_or_else(damaged)?.to_vec()).map_err(|_| damaged())?,
            changes: blob(row.get_ref(3)?).ok_or_else(damaged)?.to_vec(),
            gone: blob(row.get_ref(4)?).unwrap_or_default().to_vec(),
        };
        if row.get::<_, i64>(5)? != crc::of_row(&read) {
            return Err(damaged());
        }
        if !fits(&mut octets, &read) {
            break;
        }
        log.push(read);
    }
    Ok(log)
}

pub(super) fn emails(
    connection: &Connection,
    ids: &mut dyn Iterator<Item = EmailId>,
    visit: VisitEmail<'_>,
) -> Result<(), Error> {
    const SQL: &str = "SELECT id, blake3, size, received_at, crc, structure FROM email WHERE id >= ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(SQL)?;
    scan(&mut statement, ids, &mut |id| Ok(email_id(id)), &mut |id, row| {
        let damaged = || Error::damaged(format!("structure of email {id}"));
        let email = Email {
            id,
            size: row.get(2).map_err(|_| damaged())?,
            hash: blob(row.get_ref(1)?).and_then(|hash| hash.try_into().ok()).ok_or_else(damaged)?,
            received_at: row.get(3).map_err(|_| damaged())?,
            structure: blob(row.get_ref(5)?).ok_or_else(damaged)?,
        };
        if row.get::<_, i64>(4).map_err(|_| damaged())? != crc::of_email(&email) {
            return Err(damaged());
        }
        Ok(visit(email).is_continue())
    })
}

pub(super) fn first_chunks(
    connection: &Connection,
    ids: &mut dyn Iterator<Item = EmailId>,
    visit: VisitChunk<'_>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached("SELECT id, data FROM body WHERE id >= ?1 ORDER BY id")?;
    scan(&mut statement, ids, &mut |id| body_id((id, 0)), &mut |id, row| {
        let data = blob(row.get_ref(1)?).ok_or_else(|| Error::damaged(format!("octets of email {id}")))?;
        Ok(visit(id, Packed::read((id, 0), data)?).is_continue())
    })
}

/// Shows the rows of some ids, in their order. Runs of ascending ids are one walk along the table: a step costs a
/// fraction of looking a row up from the top.
fn scan(
    statement: &mut rusqlite::Statement<'_>,
    ids: &mut dyn Iterator<Item = EmailId>,
    key: &mut dyn FnMut(EmailId) -> Result<i64, Error>,
    visit: &mut dyn FnMut(EmailId, &rusqlite::Row<'_>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut next = ids.next();
    while let Some(mut id) = next {
        let mut wanted = key(id)?;
        let mut rows = statement.query([wanted])?;
        loop {
            let Some(row) = rows.next()? else { return Err(Error::NoSuchEmail(id)) };
            let found: i64 = row.get(0)?;
            if found < wanted {
                continue;
            }
            if found > wanted {
                return Err(Error::NoSuchEmail(id));
            }
            if !visit(id, row)? {
                return Ok(());
            }
            next = ids.next();
            let near = |next: EmailId| next > id && email_id(next) - email_id(id) <= STEPS;
            match next {
                Some(following) if near(following) => id = following,
                _ => break,
            }
            wanted = key(id)?;
        }
    }
    Ok(())
}

pub(super) fn ids(connection: &Connection, from: EmailId, visit: VisitId<'_>) -> Result<(), Error> {
    let mut statement = connection.prepare_cached("SELECT id FROM email WHERE id >= ?1 ORDER BY id")?;
    let mut rows = statement.query([email_id(from)])?;
    while let Some(row) = rows.next()? {
        let id = EmailId::new(row.get::<_, i64>(0)?.cast_unsigned());
        if visit(id.ok_or_else(|| Error::damaged("an email's id is 0"))?).is_break() {
            break;
        }
    }
    Ok(())
}

pub(super) fn chunk(connection: &Connection, place: (EmailId, u32), out: &mut Vec<u8>) -> Result<(), Error> {
    let mut statement = connection.prepare_cached("SELECT data FROM body WHERE id = ?1")?;
    let mut rows = statement.query([body_id(place)?])?;
    let Some(row) = rows.next()? else { return Err(Error::NoSuchEmail(place.0)) };
    let data = blob(row.get_ref(0)?);
    let data = data.ok_or_else(|| Error::damaged(format!("octets of email {}, chunk {}", place.0, place.1)))?;
    Packed::read(place, data)?.unpack(out)
}

pub(super) fn doomed(
    connection: &Connection,
    after: Option<EmailId>,
    limit: usize,
) -> Result<Vec<(EmailId, ModSeq)>, Error> {
    const SQL: &str = "SELECT email, modseq, crc FROM doomed WHERE email > ?1 ORDER BY email LIMIT ?2";
    let mut statement = connection.prepare_cached(SQL)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query([after.map_or(0, email_id), limit])?;
    let mut doomed = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, modseq): (i64, i64) = (row.get(0)?, row.get(1)?);
        let damaged = || Error::damaged(format!("row {id} of the emails to be removed"));
        let email = EmailId::new(id.cast_unsigned()).ok_or_else(damaged)?;
        if row.get::<_, i64>(2)? != crc::of_doomed(email, modseq) {
            return Err(damaged());
        }
        doomed.push((email, read_modseq(modseq).ok_or_else(damaged)?));
    }
    Ok(doomed)
}

/// SQLite's own look at its pages.
pub(super) fn examine(connection: &Connection) -> Result<Vec<String>, Error> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(found.into_iter().filter(|line| line != "ok").collect())
}

/// The octets of a blob or a text.
pub(super) fn blob(value: ValueRef<'_>) -> Option<&[u8]> {
    match value {
        ValueRef::Blob(octets) | ValueRef::Text(octets) => Some(octets),
        _ => None,
    }
}
