//! A checkpoint's chunks: the summary, then the records by column.

use imap::{InternalDate, ModSeq, Uid};

use super::column::{self, BLOCK, Column};
use super::varint::{self, Reader, unzigzag, zigzag};
use super::{Damaged, Format};
use crate::{CHUNK, EmailId, FlagSetId, Record, Summary};

/// A chunk as a checkpoint keeps it. The summary is that of the records.
pub fn write_chunk(format: Format, summary: &Summary, records: &[Record]) -> Vec<u8> {
    let mut out = Vec::with_capacity(32 + 16 * records.len());
    out.push(format.number());
    varint::write(&mut out, summary.len.into());
    varint::write(&mut out, summary.first.get().into());
    varint::write(&mut out, (summary.last.get() - summary.first.get()).into());
    varint::write(&mut out, summary.unseen.into());
    varint::write(&mut out, summary.first_unseen.into());
    varint::write(&mut out, summary.deleted.into());
    varint::write(&mut out, summary.size);
    varint::write(&mut out, summary.deleted_size);
    varint::write(&mut out, summary.modseq.get());
    if format >= Format::Two {
        varint::write(&mut out, summary.least_email.get());
        varint::write(&mut out, summary.greatest_email.get() - summary.least_email.get());
        varint::write(&mut out, summary.modseq_sum.unwrap_or(0));
    }
    column::write_deltas(&mut out, records.iter().map(|r| r.uid.get().into()));
    column::write_deltas(&mut out, records.iter().map(|r| r.email.get()));
    column::write_deltas(&mut out, records.iter().map(|r| r.modseq.get()));
    if format >= Format::Two {
        column::write_deltas(&mut out, records.iter().map(|r| r.created.get()));
    }
    write_dates(&mut out, records.iter().map(|r| r.internal_date));
    match format {
        Format::One => column::write_deltas(&mut out, records.iter().map(|r| r.save_date.cast_unsigned())),
        Format::Two => write_save_dates(&mut out, records),
    }
    column::write(&mut out, &records.iter().map(|r| r.size.into()).collect::<Vec<_>>());
    column::write(&mut out, &records.iter().map(|r| r.flags.0.into()).collect::<Vec<_>>());
    out
}

/// What a chunk knows of its messages without unpacking them.
pub fn read_summary(bytes: &[u8]) -> Result<Summary, Damaged> {
    let mut reader = Reader::new(bytes);
    let format = reader.format()?;
    summary(&mut reader, format)
}

/// A chunk's messages.
pub fn read_records(bytes: &[u8]) -> Result<Vec<Record>, Damaged> {
    let mut reader = Reader::new(bytes);
    let format = reader.format()?;
    let summary = summary(&mut reader, format)?;
    let len = summary.len as usize;
    let mut columns = Columns::read(&mut reader, format, len)?;
    reader.end()?;
    let mut records = Vec::with_capacity(len);
    while records.len() < len {
        columns.block(&mut records, len)?;
    }
    columns.end()?;
    let ends = [records.first(), records.last()].map(|r| r.map(|r| r.uid));
    if ends != [Some(summary.first), Some(summary.last)]
        || (columns.size, columns.modseq) != (summary.size, summary.modseq)
        || records.iter().any(|r| !summary.may_hold(r.email))
        || summary.modseq_sum.is_some_and(|sum| sum != columns.modseq_sum)
    {
        return Err(Damaged("a chunk's summary is not that of its messages"));
    }
    Ok(records)
}

fn summary(reader: &mut Reader<'_>, format: Format) -> Result<Summary, Damaged> {
    let len = reader.small()?;
    let first = reader.uid()?;
    let last = first.get().checked_add(reader.small()?).and_then(Uid::new).ok_or(Damaged("a UID is too large"))?;
    let mut summary = Summary {
        len,
        first,
        last,
        unseen: reader.small()?,
        first_unseen: reader.small()?,
        deleted: reader.small()?,
        size: reader.number()?,
        deleted_size: reader.number()?,
        modseq: reader.modseq()?,
        least_email: EmailId::FIRST,
        greatest_email: EmailId::MAX,
        modseq_sum: None,
    };
    if format >= Format::Two {
        let least = reader.number()?;
        let greatest = least.checked_add(reader.number()?).and_then(EmailId::new);
        (summary.least_email, summary.greatest_email) = EmailId::new(least).zip(greatest).ok_or(CANNOT_BE)?;
        summary.modseq_sum = Some(reader.number()?).filter(|sum| *sum > 0);
    }
    let counts = [summary.unseen, summary.first_unseen, summary.deleted];
    if len == 0 || len as usize > CHUNK || counts.iter().any(|n| *n > len) || summary.deleted_size > summary.size {
        return Err(Damaged("a chunk's summary contradicts itself"));
    }
    Ok(summary)
}

/// The columns of a chunk.
struct Columns<'a> {
    uids: Column<'a>,
    emails: Column<'a>,
    modseqs: Column<'a>,
    /// `None` in a format that does not have it.
    created: Option<Column<'a>>,
    dates: Dates<'a>,
    save_dates: SaveDates<'a>,
    sizes: Column<'a>,
    flags: Column<'a>,
    /// The last UID so far.
    last: u64,
    /// The sum of the sizes so far.
    size: u64,
    /// The highest modseq so far.
    modseq: ModSeq,
    /// The sum of the modseqs so far.
    modseq_sum: u64,
}

impl<'a> Columns<'a> {
    fn read(reader: &mut Reader<'a>, format: Format, n: usize) -> Result<Self, Damaged> {
        Ok(Self {
            uids: Column::read(reader, n)?,
            emails: Column::read(reader, n)?,
            modseqs: Column::read(reader, n)?,
            created: (format >= Format::Two).then(|| Column::read(reader, n)).transpose()?,
            dates: Dates::read(reader, n)?,
            save_dates: SaveDates::read(reader, format, n)?,
            sizes: Column::read(reader, n)?,
            flags: Column::read(reader, n)?,
            last: 0,
            size: 0,
            modseq: ModSeq::MIN,
            modseq_sum: 0,
        })
    }

    /// Appends the next block of records.
    fn block(&mut self, records: &mut Vec<Record>, len: usize) -> Result<(), Damaged> {
        let n = BLOCK.min(len - records.len());
        let mut numbers = [[0u64; BLOCK]; 7];
        let [uids, emails, modseqs, created, save_dates, sizes, flags] = &mut numbers;
        self.uids.sums(&mut uids[..n]);
        self.emails.sums(&mut emails[..n]);
        self.modseqs.sums(&mut modseqs[..n]);
        match &mut self.created {
            Some(column) => column.sums(&mut created[..n]),
            None => created.fill(ModSeq::MIN.get()),
        }
        self.sizes.block(&mut sizes[..n]);
        self.flags.block(&mut flags[..n]);
        let mut dates = [InternalDate::new(0, 0); BLOCK];
        self.dates.block(&mut dates[..n])?;
        self.save_dates.block(&mut save_dates[..n], &dates);
        // Numbers that cannot be become ones that can, and are refused below: no branch leaves the loop.
        let mut good = true;
        records.extend((0..n).map(|i| {
            let i = i % BLOCK; // what it is; but now the compiler knows, too, that it lies within the blocks
            let (uid, modseq) = (Uid::new(low(uids[i], &mut good)), ModSeq::new(modseqs[i]));
            let (created, email) = (ModSeq::new(created[i]), EmailId::new(emails[i]));
            good &= uids[i] > self.last && uid.is_some() && modseq.is_some() && email.is_some();
            good &= created.is_some() && created <= modseq;
            self.last = uids[i];
            let record = Record {
                modseq: modseq.unwrap_or(ModSeq::MIN),
                created: created.unwrap_or(ModSeq::MIN),
                email: email.unwrap_or(EmailId::FIRST),
                internal_date: dates[i],
                save_date: save_dates[i].cast_signed(),
                uid: uid.unwrap_or(Uid::MIN),
                size: low(sizes[i], &mut good),
                flags: FlagSetId(low(flags[i], &mut good)),
            };
            self.size += u64::from(record.size);
            self.modseq = self.modseq.max(record.modseq);
            self.modseq_sum = self.modseq_sum.wrapping_add(record.modseq.get());
            record
        }));
        if good { Ok(()) } else { Err(CANNOT_BE) }
    }

    fn end(&self) -> Result<(), Damaged> {
        let columns = [&self.uids, &self.emails, &self.modseqs, &self.save_dates.column, &self.sizes, &self.flags];
        columns.into_iter().chain(&self.created).try_for_each(Column::end)?;
        self.dates.end()
    }
}

/// A column of numbers that has one that its kind does not have.
pub(super) const CANNOT_BE: Damaged = Damaged("a column has a number that cannot be");

/// The number if it has no more than 32 bits.
fn low(value: u64, good: &mut bool) -> u32 {
    let low = u32::try_from(value);
    *good &= low.is_ok();
    low.unwrap_or(0)
}

/// How SAVEDATEs are written: as the difference from one to the next, which is short after an import, ...
const BY_NEIGHBOUR: u8 = 0;
/// ... or as that from the INTERNALDATE, which is 0 where mail was delivered.
const BY_INTERNAL_DATE: u8 = 1;

/// Appends SAVEDATEs in the shorter way.
fn write_save_dates(out: &mut Vec<u8>, records: &[Record]) {
    let (mut neighbour, mut internal) = (vec![BY_NEIGHBOUR], vec![BY_INTERNAL_DATE]);
    column::write_deltas(&mut neighbour, records.iter().map(|r| r.save_date.cast_unsigned()));
    let distances = records.iter().map(|r| zigzag(r.save_date.wrapping_sub(r.internal_date.seconds())));
    column::write(&mut internal, &distances.collect::<Vec<_>>());
    out.extend(if internal.len() < neighbour.len() { internal } else { neighbour });
}

/// SAVEDATEs that are about to be read, block by block.
struct SaveDates<'a> {
    column: Column<'a>,
    by_internal_date: bool,
}

impl<'a> SaveDates<'a> {
    fn read(reader: &mut Reader<'a>, format: Format, n: usize) -> Result<Self, Damaged> {
        let by_internal_date = match if format == Format::One { BY_NEIGHBOUR } else { reader.byte()? } {
            BY_NEIGHBOUR => false,
            BY_INTERNAL_DATE => true,
            _ => return Err(Damaged("SAVEDATEs are written in an unknown way")),
        };
        Ok(Self { column: Column::read(reader, n)?, by_internal_date })
    }

    /// As [`Column::block`]; the INTERNALDATEs of the same messages are known.
    fn block(&mut self, out: &mut [u64], dates: &[InternalDate]) {
        if !self.by_internal_date {
            return self.column.sums(out);
        }
        self.column.block(out);
        for (value, date) in out.iter_mut().zip(dates) {
            *value = date.seconds().wrapping_add(unzigzag(*value)).cast_unsigned();
        }
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
    column::write_deltas(out, dates.map(|date| date.seconds().cast_unsigned()));
}

/// INTERNALDATEs that are about to be read, block by block: what [`write_dates`] wrote.
pub(super) struct Dates<'a> {
    /// Zones and how many messages have them, the next one last.
    runs: Vec<(i16, usize)>,
    seconds: Column<'a>,
}

impl<'a> Dates<'a> {
    /// As [`Column::read`].
    pub(super) fn read(reader: &mut Reader<'a>, n: usize) -> Result<Self, Damaged> {
        const WRONG: Damaged = Damaged("the runs of zones do not fit the messages");
        let mut runs = Vec::new();
        let mut sum = 0usize;
        for _ in 0..reader.count()? {
            let zone = i16::try_from(reader.signed()?).map_err(|_| WRONG)?;
            let run = usize::try_from(reader.number()?).map_err(|_| WRONG)?;
            sum = sum.checked_add(run).filter(|_| run > 0).ok_or(WRONG)?;
            runs.push((zone, run));
        }
        if sum != n {
            return Err(WRONG);
        }
        runs.reverse();
        Ok(Self { runs, seconds: Column::read(reader, n)? })
    }

    /// As [`Column::block`]; fails for a date that the grammar cannot express.
    pub(super) fn block(&mut self, out: &mut [InternalDate]) -> Result<(), Damaged> {
        let mut seconds = [0; BLOCK];
        self.seconds.sums(&mut seconds[..out.len()]);
        let mut ahead = out.iter_mut().zip(seconds.map(u64::cast_signed));
        let mut good = true;
        while let Some((zone, left)) = self.runs.last_mut() {
            let mut used = 0;
            for (date, seconds) in ahead.by_ref().take(*left) {
                *date = InternalDate::new(seconds, *zone);
                good &= date.seconds() == seconds;
                used += 1;
            }
            good &= used == 0 || InternalDate::new(0, *zone).zone_minutes() == *zone;
            *left -= used;
            if *left > 0 {
                break;
            }
            self.runs.pop();
        }
        if good { Ok(()) } else { Err(CANNOT_BE) }
    }

    /// As [`Column::end`].
    pub(super) fn end(&self) -> Result<(), Damaged> {
        self.seconds.end()
    }
}
