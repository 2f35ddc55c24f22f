//! In which format a store and its accounts are kept: a number in each of their files.

use crate::Error;

/// A version of what is in the files. A store made new has the newest; one that is there keeps its own until somebody
/// asks to upgrade it, so that the version that made it can still be gone back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Posthorn 0.1's.
    One,
    /// Objects have lasting ids, unlike those of any other account.
    Two,
}

impl Format {
    /// What stores and accounts that are made new have.
    pub const NEWEST: Self = Self::Two;

    /// Its number, as it stands in files and is told to people.
    pub fn number(self) -> u32 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// The format of that number, which `what` says to be in.
    pub(crate) fn read(number: i64, what: &str) -> Result<Self, Error> {
        match number {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            _ => Err(Error::TooNew { what: what.to_owned(), format: number }),
        }
    }
}
