//! A checkpoint's chunks: the summary, then the records by column.

use imap::{InternalDate, ModSeq, Uid};

use super::Damaged;
use super::column::{self, Column};
use super::varint::{self, Reader};
use crate::{CHUNK, EmailId, FlagSetId, Record, Summary};

const VERSION: u8 = 1;

/// A chunk as a checkpoint keeps it. The summary is that of the records.
pub fn write_chunk(summary: &Summary, records: &[Record]) -> Vec<u8> {
    let mut out = Vec::with_capacity(32 + 16 * records.len());
    out.push(VERSION);
    varint::write(&mut out, summary.len.into());
    varint::write(&mut out, summary.first.get().into());
    varint::write(&mut out, (summary.last.get() - summary.first.get()).into());
    varint::write(&mut out, summary.unseen.into());
    varint::write(&mut out, summary.first_unseen.into());
    varint::write(&mut out, summary.deleted.into());
    varint::write(&mut out, summary.size);
    varint::write(&mut out, summary.deleted_size);
    varint::write(&mut out, summary.modseq.get());
    column::write_deltas(&mut out, 0, records.iter().map(|r| r.uid.get().into()));
    column::write_deltas(&mut out, 0, records.iter().map(|r| r.email.get()));
    column::write_deltas(&mut out, 0, records.iter().map(|r| r.modseq.get()));
    write_dates(&mut out, records.iter().map(|r| r.internal_date));
    column::write_deltas(&mut out, 0, records.iter().map(|r| r.save_date.cast_unsigned()));
    column::write(&mut out, &records.iter().map(|r| r.size.into()).collect::<Vec<_>>());
    column::write(&mut out, &records.iter().map(|r| r.flags.0.into()).collect::<Vec<_>>());
    out
}

/// What a chunk knows of its messages without unpacking them.
pub fn read_summary(bytes: &[u8]) -> Result<Summary, Damaged> {
    summary(&mut Reader::new(bytes))
}

/// A chunk's messages.
pub fn read_records(bytes: &[u8]) -> Result<Vec<Record>, Damaged> {
    let mut reader = Reader::new(bytes);
    let summary = summary(&mut reader)?;
    let blank = Record {
        modseq: ModSeq::MIN,
        email: EmailId::FIRST,
        internal_date: InternalDate::new(0, 0),
        save_date: 0,
        uid: Uid::MIN,
        size: 0,
        flags: FlagSetId::default(),
    };
    let mut records = vec![blank; summary.len as usize];
    read_columns(&mut reader, &mut records)?;
    reader.end()?;
    check(&summary, &records)?;
    Ok(records)
}

fn summary(reader: &mut Reader<'_>) -> Result<Summary, Damaged> {
    reader.version(VERSION)?;
    let len = reader.small()?;
    let first = reader.uid()?;
    let last = first.get().checked_add(reader.small()?).and_then(Uid::new).ok_or(Damaged("a UID is too large"))?;
    let summary = Summary {
        len,
        first,
        last,
        unseen: reader.small()?,
        first_unseen: reader.small()?,
        deleted: reader.small()?,
        size: reader.number()?,
        deleted_size: reader.number()?,
        modseq: reader.modseq()?,
    };
    let counts = [summary.unseen, summary.first_unseen, summary.deleted];
    if len == 0 || len as usize > CHUNK || counts.iter().any(|n| *n > len) || summary.deleted_size > summary.size {
        return Err(Damaged("a chunk's summary contradicts itself"));
    }
    Ok(summary)
}

fn read_columns(reader: &mut Reader<'_>, records: &mut [Record]) -> Result<(), Damaged> {
    let n = records.len();
    let mut above = 0;
    Column::read(reader, n)?.sum(0, records, |record, value| {
        let uid = u32::try_from(value).ok().filter(|uid| *uid > std::mem::replace(&mut above, *uid)).and_then(Uid::new);
        put(&mut record.uid, uid)
    })?;
    Column::read(reader, n)?.sum(0, records, |record, value| put(&mut record.email, EmailId::new(value)))?;
    Column::read(reader, n)?.sum(0, records, |record, value| put(&mut record.modseq, ModSeq::new(value)))?;
    read_dates(reader, records, |record, date| record.internal_date = date)?;
    Column::read(reader, n)?.sum(0, records, |record, value| put(&mut record.save_date, Some(value.cast_signed())))?;
    Column::read(reader, n)?.fill(records, |record, value| put(&mut record.size, value.try_into().ok()))?;
    Column::read(reader, n)?
        .fill(records, |record, value| put(&mut record.flags, u32::try_from(value).ok().map(FlagSetId)))
}

/// Whether the value is one; it stands in its place then.
fn put<T>(place: &mut T, value: Option<T>) -> bool {
    value.is_some_and(|value| {
        *place = value;
        true
    })
}

/// What the summary says without the table of flags must hold for the records.
fn check(summary: &Summary, records: &[Record]) -> Result<(), Damaged> {
    let mut size = 0;
    let mut modseq = ModSeq::MIN;
    for record in records {
        size += u64::from(record.size);
        modseq = modseq.max(record.modseq);
    }
    let ends = [records.first(), records.last()].map(|r| r.map(|r| r.uid));
    if ends == [Some(summary.first), Some(summary.last)] && size == summary.size && modseq == summary.modseq {
        Ok(())
    } else {
        Err(Damaged("a chunk's summary is not that of its messages"))
    }
}

/// Appends INTERNALDATEs: their zones in runs, then a column of their seconds.
pub(super) fn write_dates(out: &mut Vec<u8>, dates: impl Iterator<Item = InternalDate> + Clone) {
    let mut runs: Vec<(i16, u64)> = Vec::new();
    for date in dates.clone() {
        match runs.last_mut() {
            Some((zone, run)) if *zone == date.zone_minutes() => *run += 1,
            _ => runs.push((date.zone_minutes(), 1)),
        }
    }
    varint::write_len(out, runs.len());
    for (zone, run) in runs {
        varint::write_signed(out, zone.into());
        varint::write(out, run);
    }
    column::write_deltas(out, 0, dates.map(|date| date.seconds().cast_unsigned()));
}

/// Reads what [`write_dates`] wrote: one date for each of `to`.
pub(super) fn read_dates<T>(
    reader: &mut Reader<'_>,
    to: &mut [T],
    mut put: impl FnMut(&mut T, InternalDate),
) -> Result<(), Damaged> {
    const WRONG: Damaged = Damaged("the runs of zones do not fit the messages");
    let mut runs = Vec::new();
    let mut sum = 0usize;
    for _ in 0..reader.count()? {
        let zone = i16::try_from(reader.signed()?).map_err(|_| WRONG)?;
        let run = usize::try_from(reader.number()?).map_err(|_| WRONG)?;
        sum = sum.checked_add(run).filter(|_| run > 0).ok_or(WRONG)?;
        runs.push((zone, run));
    }
    if sum != to.len() {
        return Err(WRONG);
    }
    let mut runs = runs.into_iter();
    let (mut zone, mut left) = (0, 0);
    Column::read(reader, to.len())?.sum(0, to, |t, seconds| {
        if left == 0 {
            (zone, left) = runs.next().unwrap_or((zone, usize::MAX));
        }
        left -= 1;
        let date = InternalDate::new(seconds.cast_signed(), zone);
        put(t, date);
        date.seconds() == seconds.cast_signed() && date.zone_minutes() == zone
    })
}
