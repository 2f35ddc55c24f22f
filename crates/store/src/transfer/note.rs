//! The note that a MOVE between two accounts is under way: a row that is no account's own.

use account::MailboxId;
use imap::{Uid, UidSet};

use crate::backend::{Edit, Expect, KeyedRow, Rows, Table};
use crate::engine::Written;
use crate::{AccountId, Error};

/// The version of what is in the row.
const VERSION: u8 = 1;

/// A mailbox of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) account: AccountId,
    pub(crate) mailbox: MailboxId,
}

/// Which messages are being moved where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) from: End,
    pub(crate) to: End,
    /// The messages, by the UIDs that they have where they come from.
    pub(crate) uids: UidSet,
    /// The least UID that they can have where they go to.
    pub(crate) first: Uid,
    /// When it was written, unix seconds.
    pub(crate) at: i64,
}

/// The key of a note that is written.
#[derive(Debug)]
pub(crate) struct Key(Vec<u8>);

impl Note {
    /// Writes it, and waits until it is durable.
    pub(crate) fn write(&self, rows: &dyn Rows) -> Result<Key, Error> {
        for number in 0u32.. {
            // Others may move something out of the same account in the same second.
            let mut key = self.from.account.get().to_be_bytes().to_vec();
            key.extend(self.at.to_be_bytes());
            key.extend(number.to_be_bytes());
            let edit =
                Edit { table: Table::Transfer, key: key.clone(), was: Expect::Nothing, becomes: Some(self.row()) };
            if rows.write(&[edit])? == Written::Durably {
                return Ok(Key(key));
            }
        }
        Err(Error::Busy)
    }

    /// All that are written.
    pub(crate) fn all(rows: &dyn Rows) -> Result<Vec<(Key, Self)>, Error> {
        let read = |(key, row): KeyedRow| Ok((Key(key), Self::read(&row)?));
        rows.range(Table::Transfer, &[], usize::MAX)?.into_iter().map(read).collect()
    }

    fn row(&self) -> Vec<u8> {
        let mut row = vec![VERSION];
        for end in [self.from, self.to] {
            row.extend(end.account.get().to_le_bytes());
            row.extend(end.mailbox.get().to_le_bytes());
        }
        row.extend(self.first.get().to_le_bytes());
        row.extend(self.at.to_le_bytes());
        for range in self.uids.ranges() {
            row.extend(range.start().get().to_le_bytes());
            row.extend(range.end().get().to_le_bytes());
        }
        row
    }

    fn read(row: &[u8]) -> Result<Self, Error> {
        match row.split_first() {
            Some((&VERSION, rest)) => Self::parts(rest).ok_or_else(|| Error::damaged("the note of a MOVE")),
            Some((version, _)) => {
                Err(Error::TooNew { what: "the note of a MOVE".to_owned(), format: i64::from(*version) })
            }
            None => Err(Error::damaged("the note of a MOVE")),
        }
    }

    fn parts(mut rest: &[u8]) -> Option<Self> {
        let from = end(&mut rest)?;
        let to = end(&mut rest)?;
        let first = uid(&mut rest)?;
        let at = i64::from_le_bytes(take(&mut rest)?);
        let mut uids = UidSet::new();
        while !rest.is_empty() {
            uids.insert_range(uid(&mut rest)?..=uid(&mut rest)?);
        }
        Some(Self { from, to, uids, first, at })
    }
}

impl Key {
    /// The MOVE is over, or did not begin.
    pub(crate) fn remove(&self, rows: &dyn Rows) -> Result<(), Error> {
        let key = self.0.clone();
        rows.write(&[Edit { table: Table::Transfer, key, was: Expect::Anything, becomes: None }]).map(|_| ())
    }
}

fn end(rest: &mut &[u8]) -> Option<End> {
    let account = AccountId::new(u64::from_le_bytes(take(rest)?))?;
    let mailbox = MailboxId::new(u64::from_le_bytes(take(rest)?))?;
    Some(End { account, mailbox })
}

fn uid(rest: &mut &[u8]) -> Option<Uid> {
    Uid::new(u32::from_le_bytes(take(rest)?))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_comes_back_as_it_was() {
        let end = |account, mailbox| End {
            account: AccountId::new(account).unwrap(),
            mailbox: MailboxId::new(mailbox).unwrap(),
        };
        let uids = [1, 2, 3, 70, u32::MAX].into_iter().filter_map(Uid::new).collect();
        let note = Note { from: end(7, 1 << 40), to: end(8, 3), uids, first: Uid::new(99).unwrap(), at: -5 };
        let row = note.row();
        assert_eq!(Note::read(&row).unwrap(), note);
        assert!(matches!(Note::read(&row[..row.len() - 1]), Err(Error::Damaged { .. })));
        assert!(matches!(Note::read(&[]), Err(Error::Damaged { .. })));
        assert!(matches!(Note::read(&[2, 1]), Err(Error::TooNew { .. })));
    }
}
