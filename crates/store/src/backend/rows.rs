//! Rows that are no account's own: small, few beside mail, and looked up by key.
//!
//! They are named here before they are used, so that each kind has one place in every backend. A key is at most 512
//! octets; what is in a row begins with a version byte, and is for its owner to read.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::Error;
use crate::engine::Written;
use crate::lock::{Lock, Rank};

/// What a row is about. The numbers are what backends keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Who may do what nobody else does meanwhile: [`Lease`](super::Lease).
    Lease = 1,
    /// Passwords for one application each, by account and name.
    AppPassword = 2,
    /// Addresses from which somebody has logged in, by account and address: guessing from elsewhere does not lock them out.
    /// The server's `auth/throttle` knows what is in them.
    KnownAddress = 3,
    /// How much the accounts of a domain may hold together, by domain.
    DomainQuota = 4,
    /// What the server says of itself (RFC 5464 §6.2), by entry name.
    ServerMetadata = 5,
    /// Messages to be sent and their recipients, by the time of the next try.
    Queue = 6,
    /// Where the sweeps stand: one row.
    Sweeps = 7,
    /// MOVEs between two accounts that are under way, or were stopped half-way.
    Transfer = 8,
    /// SCRAM keys of aliases, by alias: an account's own would tell whose the alias is.
    AliasKeys = 9,
}

/// What an [`Edit`] takes for granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing.
    Anything,
    /// There is no row.
    Nothing,
    /// The row has just these octets.
    This(Vec<u8>),
}

impl Expect {
    /// Whether a row is as expected.
    pub(crate) fn holds(&self, row: Option<&[u8]>) -> bool {
        match self {
            Self::Anything => true,
            Self::Nothing => row.is_none(),
            Self::This(octets) => row == Some(octets),
        }
    }
}

/// A change of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Which kind of row.
    pub table: Table,
    /// Which row.
    pub key: Vec<u8>,
    /// What it must be before.
    pub was: Expect,
    /// What it is afterwards; `None`: it is not there.
    pub becomes: Option<Vec<u8>>,
}

impl Edit {
    /// Changes nothing, but lets the edits beside it happen only while the row has these octets: how a write holds on to
    /// a lease.
    pub fn only_while(table: Table, key: &[u8], octets: &[u8]) -> Self {
        let octets = octets.to_vec();
        Self { table, key: key.to_vec(), was: Expect::This(octets.clone()), becomes: Some(octets) }
    }
}

/// A row with its key.
pub type KeyedRow = (Vec<u8>, Vec<u8>);

/// The rows of a store. What is read is what was written, or [`Error::Damaged`].
pub trait Rows: Send + Sync + Debug {
    /// Up to `limit` rows of a table from a key on, ascending by key.
    fn range(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<KeyedRow>, Error>;

    /// One row.
    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let found = self.range(table, key, 1)?.pop();
        Ok(found.filter(|(found, _)| found == key).map(|(_, row)| row))
    }

    /// Makes edits durable, all of them if each finds what it expects, else none: [`Written::TooLate`].
    fn write(&self, edits: &[Edit]) -> Result<Written, Error>;
}

type Place = (Table, Vec<u8>);

/// Rows in memory.
#[derive(Debug)]
pub(super) struct InMemory(Lock<BTreeMap<Place, Vec<u8>>>);

impl Default for InMemory {
    fn default() -> Self {
        Self(Lock::new(Rank::Rows, BTreeMap::new()))
    }
}

impl Rows for InMemory {
    fn range(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<KeyedRow>, Error> {
        let rows = self.0.lock();
        let found = rows.range((table, from.to_vec())..).take_while(|((of, _), _)| *of == table);
        Ok(found.take(limit).map(|((_, key), row)| (key.clone(), row.clone())).collect())
    }

    fn write(&self, edits: &[Edit]) -> Result<Written, Error> {
        let mut rows = self.0.lock();
        let mut becomes = BTreeMap::new();
        for edit in edits {
            let place = (edit.table, edit.key.clone());
            let row = becomes.get(&place).map_or_else(|| rows.get(&place).cloned(), Clone::clone);
            if !edit.was.holds(row.as_deref()) {
                return Ok(Written::TooLate);
            }
            becomes.insert(place, edit.becomes.clone());
        }
        for (place, row) in becomes {
            match row {
                Some(row) => rows.insert(place, row),
                None => rows.remove(&place),
            };
        }
        Ok(Written::Durably)
    }
}
