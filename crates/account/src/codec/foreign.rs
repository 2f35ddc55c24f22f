//! The ids that emails had in other accounts, by column.

use super::Damaged;
use super::chunk::CANNOT_BE;
use super::column::{self, BLOCK, Column};
use super::varint::{self, Reader};
use crate::{EmailId, Foreign, Origin};

/// Appends ids, each after a number that says whose it is. The column of these numbers is never short, so that the bytes
/// bound how many there are.
pub(super) fn write_foreign(out: &mut Vec<u8>, foreign: &[(u64, Foreign)]) {
    varint::write_len(out, foreign.len());
    if !foreign.is_empty() {
        column::write_spread(out, &column::deltas(foreign.iter().map(|(number, _)| *number)));
        column::write(out, &foreign.iter().map(|(_, foreign)| foreign.origin.get()).collect::<Vec<_>>());
        column::write_deltas(out, foreign.iter().map(|(_, foreign)| foreign.email.get()));
    }
}

/// Reads what [`write_foreign`] wrote.
pub(super) fn read_foreign(reader: &mut Reader<'_>) -> Result<Vec<(u64, Foreign)>, Damaged> {
    let n = reader.count()?;
    let mut foreign = Vec::new();
    if n == 0 {
        return Ok(foreign);
    }
    let mut numbers = Column::read_spread(reader, n)?;
    let (mut origins, mut emails) = (Column::read(reader, n)?, Column::read(reader, n)?);
    while foreign.len() < n {
        let (mut number, mut origin, mut email) = ([0; BLOCK], [0; BLOCK], [0; BLOCK]);
        let block = ..BLOCK.min(n - foreign.len());
        numbers.sums(&mut number[block]);
        origins.block(&mut origin[block]);
        emails.sums(&mut email[block]);
        for ((number, origin), email) in number[block].iter().zip(origin).zip(email) {
            let (origin, email) = Origin::new(origin).zip(EmailId::new(email)).ok_or(CANNOT_BE)?;
            foreign.push((*number, Foreign { origin, email }));
        }
    }
    [numbers, origins, emails].iter().try_for_each(Column::end)?;
    if foreign.is_sorted_by(|(a, _), (b, _)| a < b) { Ok(foreign) } else { Err(CANNOT_BE) }
}
