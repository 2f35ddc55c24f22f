//! What is written, each in one transaction.

use std::collections::HashSet;

use account::EmailId;
use imap::ModSeq;
use rusqlite::{Connection, OptionalExtension, params};

use super::{body_id, crc, email_id, history, modseq, read};
use crate::Error;
use crate::engine::{Batch, Cell, CellName, Checkpoint, Email, Generation, NewEmail, Over, Row, Written};

/// How many pages are given back to the file system at once: 4 MiB.
pub(super) const SHRINK: u32 = 1024;

/// So many free pages, and so many of all, are left for what comes next.
const FEW: i64 = 256;
const PART: i64 = 16;

pub(super) fn append(connection: &Connection, batch: &Batch) -> Result<Written, Error> {
    // The primary key alone would not do: the row that another process wrote may have been removed by it, too.
    if read::newest(connection)? != batch.after {
        return Ok(Written::TooLate);
    }
    for row in &batch.rows {
        insert_row(connection, row)?;
    }
    let mut chunk = Vec::new();
    for email in &batch.emails {
        insert_email(connection, email, &mut chunk)?;
    }
    Ok(Written::Durably)
}

fn insert_row(connection: &Connection, row: &Row) -> Result<(), Error> {
    let mut insert = connection.prepare_cached("INSERT INTO log VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let gone = (!row.gone.is_empty()).then_some(&row.gone);
    insert.execute(params![modseq(Some(row.modseq)), row.at, row.actor, row.changes, gone, crc::of_row(row)])?;
    Ok(())
}

fn insert_email(connection: &Connection, email: &NewEmail, chunk: &mut Vec<u8>) -> Result<(), Error> {
    let NewEmail { id, received_at, message, body } = email;
    if !body.0.is_empty() {
        return Err(Error::WrongPlan(format!("the octets of email {id} are somewhere else")));
    }
    let structure = message.0.structure.as_bytes();
    let row = Email { id: *id, size: message.size(), hash: *message.hash(), received_at: *received_at, structure };
    let mut insert = connection.prepare_cached("INSERT INTO email VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    insert.execute(params![email_id(*id), row.hash, row.size, received_at, crc::of_email(&row), structure])?;
    let mut insert = connection.prepare_cached("INSERT INTO body VALUES (?1, ?2)")?;
    for number in 0..message.chunks() {
        chunk.clear();
        message.write_chunk(*id, number, chunk)?;
        insert.execute(params![body_id((*id, number))?, *chunk])?;
    }
    Ok(())
}

pub(super) fn save(connection: &Connection, checkpoint: &Checkpoint) -> Result<Written, Error> {
    let saved = read::saved(connection)?;
    match checkpoint.over {
        // The file is an older copy of the one that the state came from.
        _ if read::newest(connection)? < Some(checkpoint.modseq) => return Ok(Written::TooLate),
        Over::This(modseq) if modseq != saved => return Ok(Written::TooLate),
        Over::AnyOlder if saved > Some(checkpoint.modseq) => return Ok(Written::TooLate),
        _ => {}
    }
    let kept = history::newest(connection)?;
    let at = modseq(Some(checkpoint.modseq));
    if checkpoint.over == Over::AnyOlder {
        let put: HashSet<_> = checkpoint.put.iter().map(|cell| name_columns(cell.name)).collect();
        for name in names(connection)?.into_iter().filter(|name| !put.contains(name)) {
            history::supersede(connection, name, at, kept)?;
        }
    }
    for name in &checkpoint.remove {
        history::supersede(connection, name_columns(*name), at, kept)?;
    }
    for cell in &checkpoint.put {
        put_cell(connection, cell, at, kept)?;
    }
    match checkpoint.keep {
        Some(moment) => history::keep(connection, &Generation { modseq: checkpoint.modseq, moment })?,
        None if kept == Some(at) => history::count_again(connection, checkpoint.modseq)?,
        None => {}
    }
    Ok(Written::Durably)
}

/// Puts a piece in its place. One that is there just so stays, with the checkpoint that it came with; the root says which
/// checkpoint this is.
fn put_cell(connection: &Connection, Cell { name, data }: &Cell, at: i64, kept: Option<i64>) -> Result<(), Error> {
    let (mailbox, chunk) = name_columns(*name);
    if kept.is_some() && *name != (0, 0) {
        const SQL: &str = "SELECT modseq, crc FROM checkpoint WHERE mailbox = ?1 AND chunk = ?2 AND data = ?3";
        let mut same = connection.prepare_cached(SQL)?;
        let same = same.query_row(params![mailbox, chunk, data], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if same.is_some_and(|(from, crc): (i64, i64)| crc == crc::of_cell(*name, from, data)) {
            return Ok(());
        }
    }
    history::supersede(connection, (mailbox, chunk), at, kept)?;
    let mut put = connection.prepare_cached("INSERT OR REPLACE INTO checkpoint VALUES (?1, ?2, ?3, ?4, ?5)")?;
    put.execute(params![mailbox, chunk, at, crc::of_cell(*name, at, data), data])?;
    Ok(())
}

/// All pieces of the checkpoint.
fn names(connection: &Connection) -> Result<Vec<(i64, i64)>, Error> {
    let mut statement = connection.prepare_cached("SELECT mailbox, chunk FROM checkpoint")?;
    let names = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn name_columns((mailbox, chunk): CellName) -> (i64, i64) {
    (mailbox.cast_signed(), i64::from(chunk))
}

pub(super) fn expire(connection: &Connection, upto: ModSeq, doomed: &[(EmailId, ModSeq)]) -> Result<Written, Error> {
    if read::saved(connection)? < Some(upto) || read::newest(connection)? <= Some(upto) {
        return Ok(Written::TooLate);
    }
    let mut known = connection.prepare_cached("SELECT modseq FROM doomed WHERE email = ?1")?;
    let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO doomed VALUES (?1, ?2, ?3)")?;
    for (id, last) in doomed {
        let mut rows = known.query([email_id(*id)])?;
        let known = rows.next()?.map_or(Ok(0), |row| row.get::<_, i64>(0))?;
        let last = known.max(modseq(Some(*last)));
        insert.execute(params![email_id(*id), last, crc::of_doomed(*id, last)])?;
    }
    connection.prepare_cached("DELETE FROM log WHERE modseq <= ?1")?.execute([modseq(Some(upto))])?;
    Ok(Written::Durably)
}

pub(super) fn remove(
    connection: &Connection,
    after: Option<ModSeq>,
    emails: &[EmailId],
    spared: &[EmailId],
) -> Result<Written, Error> {
    if read::newest(connection)? != after {
        return Ok(Written::TooLate);
    }
    let mut email = connection.prepare_cached("DELETE FROM email WHERE id = ?1")?;
    let mut body = connection.prepare_cached("DELETE FROM body WHERE id >= ?1 AND id < ?2")?;
    for id in emails {
        email.execute([email_id(*id)])?;
        body.execute([body_id((*id, 0))?, body_id((id.next(), 0))?])?;
    }
    let mut doomed = connection.prepare_cached("DELETE FROM doomed WHERE email = ?1")?;
    for id in emails.iter().chain(spared) {
        doomed.execute([email_id(*id)])?;
    }
    Ok(Written::Durably)
}

/// Gives free pages back to the file system; whether there were enough to do so.
pub(super) fn shrink(connection: &Connection) -> Result<bool, Error> {
    let pages = |which| connection.query_row(&format!("PRAGMA {which}"), [], |row| row.get::<_, i64>(0));
    let free = pages("freelist_count")?;
    if free < FEW || free < pages("page_count")? / PART {
        return Ok(false);
    }
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({SHRINK})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(true)
}
