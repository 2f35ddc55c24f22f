//! Whose a file is: the store's id and the account's number stand in it, so that one in the wrong place is noticed.

use std::fmt;

use crate::{AccountId, Error};

/// A store's name for itself: 128 random bits, given when it was set up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StoreId(u128);

impl StoreId {
    /// The id that is written as this number.
    pub const fn new(number: u128) -> Self {
        Self(number)
    }

    /// One that no other store has.
    pub(crate) fn random() -> Result<Self, Error> {
        let mut octets = [0; 16];
        getrandom::fill(&mut octets).map_err(std::io::Error::from)?;
        Ok(Self(u128::from_be_bytes(octets)))
    }

    /// Reads what [`fmt::Display`] writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        u128::from_str_radix(text, 16).ok().map(Self).filter(|id| id.to_string() == text)
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What an account's file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The store that it was made in.
    pub store: StoreId,
    /// The account whose mail is in it.
    pub account: AccountId,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "account {} of the store {}", self.account, self.store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_they_are_written() {
        for id in [StoreId::new(0), StoreId::new(0xabc), StoreId::new(u128::MAX), StoreId::random().unwrap()] {
            assert_eq!(StoreId::parse(&id.to_string()), Some(id));
        }
        for text in ["", "abc", "+0000000000000000000000000000abc", "0000000000000000000000000000000G"] {
            assert_eq!(StoreId::parse(text), None, "{text}");
        }
        assert_ne!(StoreId::random().unwrap(), StoreId::random().unwrap());
    }
}
