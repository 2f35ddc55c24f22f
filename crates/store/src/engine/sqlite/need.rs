//! What a write may come to take of the disk. Everything is written twice: into the journal, and from there into the file.

use crate::disk::Work;
use crate::engine::{Batch, Checkpoint};

/// What a transaction takes that writes a few rows.
const FEW: u64 = 256 << 10;

/// Up to this, the rows of a commit are a small change.
const SMALL: u64 = 64 << 10;

/// How much is going to be written, and of what kind it is.
pub(super) type Need = (Work, u64);

/// A new account, with its tables.
pub(super) const ACCOUNT: Need = (Work::Adds, 2 * FEW);

/// A few rows, or the removal of many.
pub(super) const LITTLE: Need = (Work::Keeps, FEW);

/// Moving as many pages as are given back to the file system at once.
pub(super) const SHRINKING: Need = (Work::Keeps, 2 * 4096 * super::write::SHRINK as u64);

/// Commits. Mail adds, and so does a long list of changes; flags, a new mailbox, and taking messages away is a row.
pub(super) fn of_batch(batch: &Batch) -> Need {
    let rows: usize = batch.rows.iter().map(|row| row.changes.len() + row.gone.len()).sum();
    let of_email = |message: &crate::Message| u64::from(message.size()) + message.0.structure.as_bytes().len() as u64;
    let mail: u64 = batch.emails.iter().map(|email| of_email(&email.message)).sum();
    let work = if batch.emails.is_empty() && rows as u64 <= SMALL { Work::Keeps } else { Work::Adds };
    (work, FEW + 2 * (rows as u64 + mail))
}

/// A checkpoint: retention, which gives room back, needs it. What it replaces may stay for the history.
pub(super) fn of_checkpoint(checkpoint: &Checkpoint) -> Need {
    let cells: usize = checkpoint.put.iter().map(|cell| cell.data.len()).sum();
    (Work::Keeps, FEW + 4 * cells as u64)
}

/// Structures in the place of others.
pub(super) fn of_structures<T>(structures: &[(T, Vec<u8>)]) -> Need {
    let octets: usize = structures.iter().map(|(_, structure)| structure.len()).sum();
    (Work::Adds, FEW + 2 * octets as u64)
}
