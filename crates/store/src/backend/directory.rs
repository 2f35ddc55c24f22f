//! The directory: accounts, their names, addresses and credentials.

use std::fmt::Debug;

use account::codec::Format;

use crate::{AccountId, Error};

/// The longest name or address, in octets (RFC 5321 §4.5.3.1: 64 and 255 and an `@`).
const LONGEST: usize = 320;

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

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is not there, or not any more.
    Gone,
    /// It is there; whether what it is kept in was ever made is not known.
    New,
    /// It has had mailboxes: what it is kept in is never made anew.
    Made,
}

/// All accounts of a store. Names and addresses compare in any case of ASCII letters.
pub trait Directory: Send + Sync + Debug {
    /// The format that accounts which are made new are in.
    fn format(&self) -> Result<Format, Error>;

    /// Grows with each change by anybody, as far as this process knows: what others remember of the directory holds
    /// while it stays the same. Costs next to nothing.
    fn version(&self) -> u64;

    /// Looks whether another process has changed something, and gives the version then.
    fn refresh(&self) -> Result<u64, Error>;

    /// Makes an account. `now` is in unix seconds.
    fn add(&self, name: &str, credentials: Option<&Credentials>, now: i64) -> Result<AccountId, Error>;

    /// All accounts, by name.
    fn list(&self) -> Result<Vec<Entry>, Error>;

    /// An account by its id.
    fn find(&self, id: AccountId) -> Result<Option<Entry>, Error>;

    /// An account by its name or one of its aliases.
    fn find_by_name(&self, name: &str) -> Result<Option<Entry>, Error>;

    /// What checks an account's password; `None` if it has none yet.
    fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, Error>;

    /// Gives an account another password.
    fn set_password(&self, id: AccountId, credentials: &Credentials) -> Result<(), Error>;

    /// Refuses logins from now on.
    fn disable(&self, id: AccountId) -> Result<(), Error>;

    /// Allows logins again.
    fn enable(&self, id: AccountId) -> Result<(), Error>;

    /// Takes an account out of the directory, with its aliases, for ever. Its id is never given again. Its mail goes with
    /// the next sweep of any process; [`Store::remove`](crate::Store::remove) does both at once.
    fn remove(&self, id: AccountId) -> Result<(), Error>;

    /// Gives an account one more address.
    fn add_alias(&self, address: &str, id: AccountId) -> Result<(), Error>;

    /// Takes an address away; whether it was there.
    fn remove_alias(&self, address: &str) -> Result<bool, Error>;

    /// All aliases with their accounts, by address.
    fn aliases(&self) -> Result<Vec<(String, AccountId)>, Error>;

    /// The account after that one, by id.
    fn after(&self, id: Option<AccountId>) -> Result<Option<AccountId>, Error>;

    /// Raises the format: what is made new is in it from now on, and programs that do not know it refuse the store.
    fn raise_format(&self, format: Format) -> Result<(), Error>;

    /// How an account stands.
    fn standing(&self, id: AccountId) -> Result<Standing, Error>;

    /// Writes down, durably, that an account has its first mailboxes: if it is not there any more, it was lost. Of one that
    /// was removed meanwhile nothing is written: [`Error::NoSuchAccount`].
    fn made(&self, id: AccountId) -> Result<(), Error>;

    /// The accounts that were made and are not there.
    fn lost(&self) -> Result<Vec<AccountId>, Error>;

    /// The accounts whose file is there and cannot be theirs: another one's, or no database. So many are looked into, from
    /// the lowest number on; opening, and the sweeps' round, come to each.
    fn strange(&self, _most: usize) -> Result<Vec<(AccountId, Error)>, Error> {
        Ok(Vec::new())
    }

    /// What was not as it should be when this was opened, and was put right, in words for a log.
    fn put_right(&self) -> Option<&str> {
        None
    }

    /// What an account is kept in, for people to find it.
    fn place(&self, id: AccountId) -> String;

    /// The first of `count` numbers for the UIDVALIDITY of a new account's mailboxes: above all that any account was
    /// given, so that an account which comes again does not have its numbers again, whatever the clock says (RFC 9051
    /// §2.3.1.1). `time` is in unix seconds.
    fn give_uid_validities(&self, time: i64, count: u32) -> Result<u32, Error>;

    /// Writes down, durably, that a mailbox is to be given this UIDVALIDITY at `time`: no new account gets it.
    fn note_uid_validity(&self, given: u32, time: i64) -> Result<(), Error>;

    /// The accounts that were removed, but whose files may still be there.
    fn removed(&self) -> Result<Vec<AccountId>, Error>;

    /// Its files are not there any more.
    fn forget_removed(&self, id: AccountId) -> Result<(), Error>;
}

/// A name or address as it is compared: capital and small letters are the same in ASCII, and nowhere else. Every backend and
/// everybody who keeps something by name goes by this rule.
pub fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Refuses what can be neither a name nor an address.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let odd = name.is_empty() || name.len() > LONGEST || name.trim() != name || name.contains(char::is_control);
    if odd { Err(Error::BadName(name.to_owned())) } else { Ok(()) }
}
