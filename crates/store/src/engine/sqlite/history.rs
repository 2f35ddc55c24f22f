//! Generations: checkpoints that stay readable when later ones are written over them. What a later one replaces or takes
//! away goes from the table `checkpoint` into `history`, if a generation needs it. The tables are made with the first
//! generation, which only accounts of format 2 have: 0.1 would write over a checkpoint without a thought of them.

use imap::ModSeq;
use rusqlite::{Connection, OptionalExtension, params};

use super::{crc, modseq, read, read_modseq};
use crate::engine::{CellName, Generation, SeeCell, Written};
use crate::{Error, Moment};

const TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS generation (
        modseq INTEGER PRIMARY KEY, count INTEGER NOT NULL, seconds INTEGER NOT NULL, cells INTEGER NOT NULL,
        crc INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS history (
        mailbox INTEGER NOT NULL, chunk INTEGER NOT NULL, modseq INTEGER NOT NULL, until INTEGER NOT NULL,
        crc INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (mailbox, chunk, modseq)) STRICT, WITHOUT ROWID",
];

fn is_there(connection: &Connection) -> Result<bool, Error> {
    let mut select = connection.prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = 'generation'")?;
    Ok(select.query_row([], |_| Ok(())).optional()?.is_some())
}

/// The newest generation, as SQLite has it.
pub(super) fn newest(connection: &Connection) -> Result<Option<i64>, Error> {
    if !is_there(connection)? {
        return Ok(None);
    }
    Ok(connection.prepare_cached("SELECT max(modseq) FROM generation")?.query_row([], |row| row.get(0))?)
}

/// A generation with the number of its pieces, so that one that lacks some is never taken for whole.
fn read_generations(connection: &Connection) -> Result<Vec<(Generation, u64)>, Error> {
    const SQL: &str = "SELECT modseq, count, seconds, cells, crc FROM generation ORDER BY modseq";
    if !is_there(connection)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(SQL)?;
    let mut rows = statement.query([])?;
    let mut generations = Vec::new();
    while let Some(row) = rows.next()? {
        let [count, seconds, cells] = [row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?].map(i64::cast_unsigned);
        let Some(modseq) = read_modseq(row.get(0)?) else { continue };
        let generation = Generation { modseq, moment: Moment { count, seconds } };
        if row.get::<_, i64>(4)? == crc::of_generation(&generation, cells) {
            generations.push((generation, cells));
        }
    }
    Ok(generations)
}

pub(super) fn generations(connection: &Connection) -> Result<Vec<Generation>, Error> {
    Ok(read_generations(connection)?.into_iter().map(|(generation, _)| generation).collect())
}

/// Shows the pieces of a generation, all as of one moment.
pub(super) fn generation(connection: &Connection, at: ModSeq, see: SeeCell<'_>) -> Result<(), Error> {
    const SQL: &str = "
        SELECT mailbox, chunk, modseq, until, crc, data FROM history WHERE modseq <= ?1 AND until > ?1
        UNION ALL SELECT mailbox, chunk, modseq, 0, crc, data FROM checkpoint WHERE modseq <= ?1
        ORDER BY mailbox, chunk";
    let snapshot = connection.unchecked_transaction()?;
    let known = read_generations(&snapshot)?.into_iter().find(|(generation, _)| generation.modseq == at);
    let Some((_, wanted)) = known else { return Err(Error::NoSuchCommit(at)) };
    let mut statement = snapshot.prepare_cached(SQL)?;
    let mut rows = statement.query([modseq(Some(at))])?;
    let mut found = 0;
    while let Some(row) = rows.next()? {
        found += 1;
        let (name, data) = piece(row)?;
        see(name, data);
    }
    if found == wanted { Ok(()) } else { Err(Error::damaged(format!("the history lacks pieces of commit {at}"))) }
}

/// Shows what checkpoints have replaced or taken away.
pub(super) fn superseded(connection: &Connection, see: SeeCell<'_>) -> Result<(), Error> {
    if !is_there(connection)? {
        return Ok(());
    }
    let mut statement = connection.prepare_cached("SELECT mailbox, chunk, modseq, until, crc, data FROM history")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (name, data) = piece(row)?;
        see(name, data);
    }
    Ok(())
}

/// A row of the history, or of the checkpoint with an `until` of 0. `None` for data that are not what was written.
fn piece<'a>(row: &'a rusqlite::Row<'_>) -> Result<(CellName, Option<&'a [u8]>), Error> {
    let (mailbox, chunk, from, until): (i64, i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let name = (mailbox.cast_unsigned(), u32::try_from(chunk).unwrap_or(u32::MAX));
    let sound = |data: &&[u8]| {
        let cell = crc::of_cell(name, from, data);
        row.get(4) == Ok(if until == 0 { cell } else { crc::of_superseded(cell, until) })
    };
    Ok((name, read::blob(row.get_ref(5)?).filter(sound)))
}

/// Takes a piece out of the checkpoint that one at `until` is written over. The newest generation, `kept`, may need it.
pub(super) fn supersede(connection: &Connection, name: (i64, i64), until: i64, kept: Option<i64>) -> Result<(), Error> {
    if let Some(kept) = kept {
        let mut select =
            connection.prepare_cached("SELECT modseq, crc FROM checkpoint WHERE mailbox = ?1 AND chunk = ?2")?;
        let found = select.query_row([name.0, name.1], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)));
        if let Some((_, crc)) = found.optional()?.filter(|(from, _)| *from <= kept && *from < until) {
            const SQL: &str = "INSERT OR REPLACE INTO history
                SELECT mailbox, chunk, modseq, ?3, ?4, data FROM checkpoint WHERE mailbox = ?1 AND chunk = ?2";
            // Built on the checksum that is there: what is damaged does not become sound by being moved.
            let crc = crc::of_superseded(crc, until);
            connection.prepare_cached(SQL)?.execute(params![name.0, name.1, until, crc])?;
        }
    }
    let mut delete = connection.prepare_cached("DELETE FROM checkpoint WHERE mailbox = ?1 AND chunk = ?2")?;
    delete.execute([name.0, name.1])?;
    Ok(())
}

/// Makes the checkpoint that has just been written a generation.
pub(super) fn keep(connection: &Connection, generation: &Generation) -> Result<(), Error> {
    for table in TABLES {
        connection.prepare_cached(table)?.execute([])?;
    }
    write(connection, generation)
}

/// A checkpoint was written anew at its modseq, perhaps in other pieces: where that is a generation, it has as many now.
pub(super) fn count_again(connection: &Connection, at: ModSeq) -> Result<(), Error> {
    let same = generations(connection)?.into_iter().find(|generation| generation.modseq == at);
    same.map_or(Ok(()), |generation| write(connection, &generation))
}

fn write(connection: &Connection, generation: &Generation) -> Result<(), Error> {
    let cells: i64 = connection.prepare_cached("SELECT count(*) FROM checkpoint")?.query_row([], |row| row.get(0))?;
    let Generation { modseq: at, moment: Moment { count, seconds } } = *generation;
    let crc = crc::of_generation(generation, cells.cast_unsigned());
    let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO generation VALUES (?1, ?2, ?3, ?4, ?5)")?;
    insert.execute(params![modseq(Some(at)), count.cast_signed(), seconds.cast_signed(), cells, crc])?;
    Ok(())
}

/// Forgets the generations before one, and what only they need.
pub(super) fn forget(connection: &Connection, before: ModSeq) -> Result<Written, Error> {
    if is_there(connection)? {
        let before = modseq(Some(before));
        connection.prepare_cached("DELETE FROM generation WHERE modseq < ?1")?.execute([before])?;
        connection.prepare_cached("DELETE FROM history WHERE until <= ?1")?.execute([before])?;
    }
    Ok(Written::Durably)
}
