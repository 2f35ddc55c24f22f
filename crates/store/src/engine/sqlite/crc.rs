//! The checksums of rows: CRC32C over all that a row says, each part in one way only.

use account::EmailId;

use crate::engine::{CellName, Email, Generation, Mark, Row};

/// A checksum that grows part by part.
#[derive(Clone, Copy)]
struct Crc(u32);

impl Crc {
    fn number(self, n: u64) -> Self {
        Self(crc32c::crc32c_append(self.0, &n.to_le_bytes()))
    }

    /// The length goes before, so that an octet cannot wander from one part to the next.
    fn bytes(self, bytes: &[u8]) -> Self {
        Self(crc32c::crc32c_append(self.number(bytes.len() as u64).0, bytes))
    }

    fn get(self) -> i64 {
        i64::from(self.0)
    }
}

pub(super) fn of_row(row: &Row) -> i64 {
    let crc = Crc(0).number(row.modseq.get()).number(row.at.cast_unsigned());
    crc.bytes(row.actor.as_bytes()).bytes(&row.changes).bytes(&row.gone).get()
}

pub(super) fn of_cell((mailbox, chunk): CellName, modseq: i64, data: &[u8]) -> i64 {
    Crc(0).number(mailbox).number(chunk.into()).number(modseq.cast_unsigned()).bytes(data).get()
}

pub(super) fn of_email(email: &Email<'_>) -> i64 {
    let mut head = [0; 60];
    head[..8].copy_from_slice(&email.id.get().to_le_bytes());
    head[8..12].copy_from_slice(&email.size.to_le_bytes());
    head[12..20].copy_from_slice(&email.received_at.to_le_bytes());
    head[20..52].copy_from_slice(&email.hash);
    head[52..].copy_from_slice(&(email.structure.len() as u64).to_le_bytes());
    i64::from(crc32c::crc32c_append(crc32c::crc32c(&head), email.structure))
}

pub(super) fn of_kept(kind: u64, key: &[u8], data: &[u8]) -> i64 {
    Crc(0).number(kind).bytes(key).bytes(data).get()
}

pub(super) fn of_derived(by: u8, upto: EmailId) -> i64 {
    Crc(0).number(by.into()).number(upto.get()).get()
}

pub(super) fn of_doomed(id: EmailId, modseq: i64) -> i64 {
    Crc(0).number(id.get()).number(modseq.cast_unsigned()).get()
}

pub(super) fn of_mark(Mark { modseq, moment }: &Mark) -> i64 {
    Crc(0).number(modseq.get()).number(moment.count).number(moment.seconds).get()
}

pub(super) fn of_generation(Generation { modseq, moment }: &Generation, cells: u64) -> i64 {
    Crc(0).number(modseq.get()).number(moment.count).number(moment.seconds).number(cells).get()
}

/// Of a piece of a checkpoint that has gone into the history: its checksum there goes on from the one that it had.
pub(super) fn of_superseded(cell: i64, until: i64) -> i64 {
    Crc(0).number(cell.cast_unsigned()).number(until.cast_unsigned()).get()
}
