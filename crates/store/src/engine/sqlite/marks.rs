//! What the sweeps know of the age of rows. The table is made when the first mark is: stores of 0.1 have none, and 0.1 does
//! not look at it.

use imap::ModSeq;
use rusqlite::{Connection, OptionalExtension, params};

use super::{crc, modseq, read_modseq};
use crate::engine::{Mark, Written};
use crate::{Error, Moment};

const TABLE: &str = "
    CREATE TABLE IF NOT EXISTS mark (
        modseq INTEGER PRIMARY KEY, count INTEGER NOT NULL, seconds INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT";

pub(super) fn read(connection: &Connection) -> Result<Vec<Mark>, Error> {
    let mut there = connection.prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'mark'")?;
    if there.query_row([], |_| Ok(())).optional()?.is_none() {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached("SELECT modseq, count, seconds, crc FROM mark ORDER BY modseq")?;
    let mut rows = statement.query([])?;
    let mut marks = Vec::new();
    while let Some(row) = rows.next()? {
        let (count, seconds): (i64, i64) = (row.get(1)?, row.get(2)?);
        let moment = Moment { count: count.cast_unsigned(), seconds: seconds.cast_unsigned() };
        let mark = read_modseq(row.get(0)?).map(|modseq| Mark { modseq, moment });
        marks.extend(mark.filter(|mark| row.get(3) == Ok(crc::of_mark(mark))));
    }
    Ok(marks)
}

pub(super) fn write(connection: &Connection, mark: &Mark, from: ModSeq) -> Result<Written, Error> {
    connection.prepare_cached(TABLE)?.execute([])?;
    let Moment { count, seconds } = mark.moment;
    let (count, seconds) = (count.cast_signed(), seconds.cast_signed());
    let mut delete = connection.prepare_cached("DELETE FROM mark WHERE count <> ?1 OR modseq < ?2")?;
    delete.execute([count, modseq(Some(from))])?;
    let mut insert = connection.prepare_cached("INSERT OR REPLACE INTO mark VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute(params![modseq(Some(mark.modseq)), count, seconds, crc::of_mark(mark)])?;
    Ok(Written::Durably)
}
