//! Leases: who does alone what only one at a time may do, and how a holder that lost it is kept from writing.
//!
//! A lease is a row. Each time it changes hands its fence grows, and whoever writes under it writes only while the row
//! is the one that they took ([`Lease::fence`]): one that slept through the end of its lease wakes up to
//! [`Written::TooLate`], not to two writers.

use super::rows::{Edit, Expect, Rows, Table};
use crate::Error;
use crate::engine::Written;

/// The version of what is in the row.
const VERSION: u8 = 1;

/// A lease that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    name: Vec<u8>,
    holder: Vec<u8>,
    fence: u64,
    until: i64,
}

impl Lease {
    /// Takes the lease of that name until a time, if nobody holds it at `now`; both in unix seconds. Who holds it already
    /// gets it anew.
    pub fn take(rows: &dyn Rows, name: &str, holder: &str, (now, until): (i64, i64)) -> Result<Option<Self>, Error> {
        let (name, holder) = (name.as_bytes().to_vec(), holder.as_bytes().to_vec());
        let found = rows.row(Table::Lease, &name)?;
        let (fence, was) = match found {
            None => (1, Expect::Nothing),
            Some(row) => {
                let held = Self::read(&name, &row)?;
                if held.until > now && held.holder != holder {
                    return Ok(None);
                }
                (held.fence.saturating_add(1), Expect::This(row))
            }
        };
        let lease = Self { name, holder, fence, until };
        let edit = lease.edit(was, Some(lease.row()));
        Ok((rows.write(&[edit])? == Written::Durably).then_some(lease))
    }

    /// Holds it longer; `None` if somebody else has taken it.
    pub fn renew(self, rows: &dyn Rows, until: i64) -> Result<Option<Self>, Error> {
        let renewed = Self { until, ..self.clone() };
        let edit = self.edit(Expect::This(self.row()), Some(renewed.row()));
        Ok((rows.write(&[edit])? == Written::Durably).then_some(renewed))
    }

    /// Gives it back. Its fence stays behind, so that the next one is higher.
    pub fn release(self, rows: &dyn Rows) -> Result<(), Error> {
        let released = Self { until: i64::MIN, ..self.clone() };
        let edit = self.edit(Expect::This(self.row()), Some(released.row()));
        // If somebody else has taken it meanwhile, it is theirs.
        rows.write(&[edit]).map(|_| ())
    }

    /// To be written together with other edits: they happen only while this lease is held.
    pub fn fence(&self) -> Edit {
        Edit::only_while(Table::Lease, &self.name, &self.row())
    }

    fn edit(&self, was: Expect, becomes: Option<Vec<u8>>) -> Edit {
        Edit { table: Table::Lease, key: self.name.clone(), was, becomes }
    }

    fn row(&self) -> Vec<u8> {
        let mut row = vec![VERSION];
        row.extend(self.fence.to_le_bytes());
        row.extend(self.until.to_le_bytes());
        row.extend(&self.holder);
        row
    }

    fn read(name: &[u8], row: &[u8]) -> Result<Self, Error> {
        let damaged = || Error::damaged(format!("lease {}", name.escape_ascii()));
        let (version, rest) = row.split_first().ok_or_else(damaged)?;
        let (fence, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (until, holder) = rest.split_first_chunk().ok_or_else(damaged)?;
        if *version != VERSION {
            return Err(Error::TooNew { what: "a lease".to_owned(), format: i64::from(*version) });
        }
        let (fence, until) = (u64::from_le_bytes(*fence), i64::from_le_bytes(*until));
        Ok(Self { name: name.to_vec(), holder: holder.to_vec(), fence, until })
    }
}
