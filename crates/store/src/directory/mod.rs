//! Accounts, their names, addresses and credentials.

use crate::{AccountId, Error};

/// What the directory knows of an account, but for its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its lasting id.
    pub id: AccountId,
    /// Its name: what its owner logs in with, and an address of it if it has an `@`.
    pub name: String,
    /// Whether logging in is refused. Mail still comes in.
    pub disabled: bool,
    /// When it was made, unix seconds.
    pub created: i64,
}

/// What checks a password. The directory keeps it and does not look into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// A PHC string, such as `$argon2id$…`.
    pub hash: String,
    /// For SCRAM-SHA-256.
    pub scram: Scram,
}

/// What SCRAM needs of a password (RFC 5802 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scram {
    /// The salt.
    pub salt: Vec<u8>,
    /// The iteration count.
    pub iterations: u32,
    /// `StoredKey`
    pub stored_key: Vec<u8>,
    /// `ServerKey`
    pub server_key: Vec<u8>,
}

/// All accounts of a store. Names and addresses compare in any case of ASCII letters.
#[derive(Debug)]
pub struct Directory {}

impl Directory {
    /// Grows with each change by anybody, as far as this process knows: what others remember of the directory holds
    /// while it stays the same. Costs next to nothing.
    pub fn version(&self) -> u64 {
        unimplemented!()
    }

    /// Looks whether another process has changed something, and gives the version then.
    pub fn refresh(&self) -> Result<u64, Error> {
        unimplemented!()
    }

    /// Makes an account. `now` is in unix seconds.
    pub fn add(&self, _name: &str, _credentials: Option<&Credentials>, _now: i64) -> Result<AccountId, Error> {
        unimplemented!()
    }

    /// All accounts, by name.
    pub fn list(&self) -> Result<Vec<Entry>, Error> {
        unimplemented!()
    }

    /// An account by its id.
    pub fn find(&self, _id: AccountId) -> Result<Option<Entry>, Error> {
        unimplemented!()
    }

    /// An account by its name or one of its aliases.
    pub fn find_by_name(&self, _name: &str) -> Result<Option<Entry>, Error> {
        unimplemented!()
    }

    /// What checks an account's password; `None` if it has none yet.
    pub fn credentials(&self, _id: AccountId) -> Result<Option<Credentials>, Error> {
        unimplemented!()
    }

    /// Gives an account another password.
    pub fn set_password(&self, _id: AccountId, _credentials: &Credentials) -> Result<(), Error> {
        unimplemented!()
    }

    /// Refuses logins from now on.
    pub fn disable(&self, _id: AccountId) -> Result<(), Error> {
        unimplemented!()
    }

    /// Allows logins again.
    pub fn enable(&self, _id: AccountId) -> Result<(), Error> {
        unimplemented!()
    }

    /// Removes an account with all its mail, for ever. Its id is never given again.
    pub fn remove(&self, _id: AccountId) -> Result<(), Error> {
        unimplemented!()
    }

    /// Gives an account one more address.
    pub fn add_alias(&self, _address: &str, _id: AccountId) -> Result<(), Error> {
        unimplemented!()
    }

    /// Takes an address away; whether it was there.
    pub fn remove_alias(&self, _address: &str) -> Result<bool, Error> {
        unimplemented!()
    }

    /// All aliases with their accounts, by address.
    pub fn aliases(&self) -> Result<Vec<(String, AccountId)>, Error> {
        unimplemented!()
    }
}
