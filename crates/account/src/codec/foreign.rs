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
        let mut block = [[0u64; BLOCK]; 3];
        let range = ..BLOCK.min(n - foreign.len());
        numbers.sums(&mut block[0][range]);
        origins.block(&mut block[1][range]);
        emails.sums(&mut block[2][range]);
        for i in 0..range.end {
            let (origin, email) = (Origin::new(block[1][i]), EmailId::new(block[2][i]));
            let (origin, email) = origin.zip(email).ok_or(CANNOT_BE)?;
            foreign.push((block[0][i], Foreign { origin, email }));
        }
    }
    [numbers, origins, emails].iter().try_for_each(Column::end)?;
    if foreign.is_sorted_by(|(a, _), (b, _)| a < b) { Ok(foreign) } else { Err(CANNOT_BE) }
}
