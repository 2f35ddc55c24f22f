//! SCRAM keys of aliases. Keys go with a salt that everybody is shown who asks (RFC 5802 §3), so an alias that showed its
//! account's would tell whose it is. It shows the salt that it would show if nobody had it, and gets keys for that salt
//! when its owner's password is at hand: at a login by LOGIN or PLAIN under this name. Until then no proof fits.

use std::collections::HashMap;

use parking_lot::Mutex;
use store::backend::{Directory, Edit, Expect, KeyedRow, Rows, Table, folded};
use store::{AccountId, Error};
use tracing::warn;

use super::scram::Keys;

/// The version of what is in a row.
const VERSION: u8 = 1;

/// How many rows are read or written at once.
const BATCH: usize = 1_000;

/// How many keys wait to be written. One more is made again at the next login.
const WAITING: usize = 10_000;

/// Whose password the keys are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) account: AccountId,
    /// Stands for the credentials: another password is another stamp.
    pub(super) stamp: u64,
}

/// The keys of all aliases.
pub(super) struct Aliases {
    secret: [u8; 32],
    /// Made, and not written yet.
    waiting: Mutex<HashMap<Box<str>, Vec<u8>>>,
}

impl Aliases {
    /// `secret` outlives restarts.
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { secret, waiting: Mutex::default() }
    }

    /// What is shown for a name that has no keys: no password fits.
    pub(super) fn fake(&self, name: &str) -> Keys {
        Keys::fake(&self.secret, &folded(name))
    }

    /// The keys of an alias, if it has some that were made of the password that its owner has now. The alias is folded.
    pub(super) fn keys(&self, rows: &dyn Rows, alias: &str, owner: Owner) -> Option<Keys> {
        let waiting = self.waiting.lock().get(alias).cloned();
        let row = match waiting {
            Some(row) => Some(row),
            None => rows.row(Table::AliasKeys, alias.as_bytes()).unwrap_or_else(|error| {
                warn!(%error, alias, "the keys of an alias cannot be read: the next LOGIN or PLAIN makes them anew");
                None
            }),
        };
        let (of, keys) = read(&row?, self.fake(alias))?;
        (of == owner).then_some(keys)
    }

    /// Makes keys of the owner's password, prepared. Takes some milliseconds.
    pub(super) fn make(&self, alias: &str, owner: Owner, password: &[u8]) -> Keys {
        let keys = self.fake(alias).with_password(password);
        let mut waiting = self.waiting.lock();
        if waiting.len() < WAITING || waiting.contains_key(alias) {
            waiting.insert(alias.into(), write(owner, &keys));
        }
        keys
    }

    /// Writes what was made. After an error it is tried again the next time.
    pub(super) fn keep(&self, rows: &dyn Rows) -> Result<(), Error> {
        loop {
            let some: Vec<(Box<str>, Vec<u8>)> =
                self.waiting.lock().iter().take(BATCH).map(|(alias, row)| (alias.clone(), row.clone())).collect();
            if some.is_empty() {
                return Ok(());
            }
            let edits: Vec<Edit> = some.iter().map(|(alias, row)| edit(alias.as_bytes(), Some(row.clone()))).collect();
            // They expect nothing, so nobody can be too early for them.
            let _always_durably = rows.write(&edits)?;
            let mut waiting = self.waiting.lock();
            for (alias, row) in some {
                // Another password may have come meanwhile.
                if waiting.get(&alias) == Some(&row) {
                    waiting.remove(&alias);
                }
            }
        }
    }
}

/// Removes the keys of aliases that are no more.
pub(super) fn sweep(rows: &dyn Rows, directory: &dyn Directory) -> Result<(), Error> {
    let mut from = Vec::new();
    loop {
        let found = rows.range(Table::AliasKeys, &from, BATCH)?;
        let Some((last, _)) = found.last() else { return Ok(()) };
        from.clone_from(last);
        from.push(0);
        for (key, row) in found {
            if is_left(&(key.clone(), row), directory)? {
                let _always_durably = rows.write(&[edit(&key, None)])?;
            }
        }
    }
}

/// Whether the alias of a row is its owner's no more.
fn is_left((key, row): &KeyedRow, directory: &dyn Directory) -> Result<bool, Error> {
    let (Ok(alias), Some((owner, _))) = (std::str::from_utf8(key), parts(row)) else { return Ok(false) };
    let entry = directory.find_by_name(alias)?;
    Ok(entry.is_none_or(|entry| entry.id != owner.account || folded(&entry.name) == alias))
}

fn edit(alias: &[u8], becomes: Option<Vec<u8>>) -> Edit {
    Edit { table: Table::AliasKeys, key: alias.to_vec(), was: Expect::Anything, becomes }
}

fn write(owner: Owner, keys: &Keys) -> Vec<u8> {
    let mut row = vec![VERSION];
    row.extend(owner.account.get().to_le_bytes());
    row.extend(owner.stamp.to_le_bytes());
    row.extend(keys.octets());
    row
}

/// The owner and the keys, if they are for the salt that the alias shows.
fn read(row: &[u8], shown: Keys) -> Option<(Owner, Keys)> {
    let (owner, octets) = parts(row)?;
    Some((owner, shown.with_octets(octets)?))
}

fn parts(row: &[u8]) -> Option<(Owner, &[u8])> {
    let (version, rest) = row.split_first()?;
    let (account, rest) = rest.split_first_chunk()?;
    let (stamp, octets) = rest.split_first_chunk()?;
    let account = AccountId::new(u64::from_le_bytes(*account))?;
    (*version == VERSION).then_some((Owner { account, stamp: u64::from_le_bytes(*stamp) }, octets))
}

#[cfg(test)]
mod tests {
    use store::Store;

    use super::*;

    #[test]
    fn keys_are_for_one_alias_one_account_and_one_password() {
        let (store, aliases) = (Store::memory(), Aliases::new([1; 32]));
        let owner = Owner { account: AccountId::new(1).unwrap(), stamp: 5 };
        let keys = aliases.make("info", owner, b"pw");
        assert!(keys.fit(b"pw"));
        for kept in [false, true] {
            if kept {
                aliases.keep(store.rows()).unwrap();
                assert!(aliases.waiting.lock().is_empty());
            }
            assert_eq!(aliases.keys(store.rows(), "info", owner), Some(keys.clone()));
            let others = [Owner { stamp: 6, ..owner }, Owner { account: AccountId::new(2).unwrap(), ..owner }];
            assert!(others.iter().all(|other| aliases.keys(store.rows(), "info", *other).is_none()));
            assert_eq!(aliases.keys(store.rows(), "post", owner), None);
        }
        let other_secret = Aliases::new([2; 32]);
        assert_eq!(other_secret.keys(store.rows(), "info", owner), None, "it shows another salt now");
    }

    #[test]
    fn keys_of_aliases_that_are_no_more_go() {
        let (store, aliases) = (Store::memory(), Aliases::new([1; 32]));
        let account = store.directory().add("anna", None, 0).unwrap();
        let owner = Owner { account, stamp: 5 };
        for alias in ["info", "post"] {
            store.directory().add_alias(alias, account).unwrap();
            aliases.make(alias, owner, b"pw");
        }
        aliases.keep(store.rows()).unwrap();
        store.directory().remove_alias("post").unwrap();
        sweep(store.rows(), store.directory()).unwrap();
        let left = store.rows().range(Table::AliasKeys, &[], 9).unwrap();
        assert_eq!(left.iter().map(|(key, _)| &key[..]).collect::<Vec<_>>(), [b"info"]);
        let (row, salt) = (&left[0].1, &aliases.fake("info").octets()[4..20]);
        // Version, account, stamp, rounds, salt, StoredKey, ServerKey.
        assert_eq!(row[..17], [1, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!((row.len(), &row[17..21], &row[21..37]), (17 + 4 + 16 + 64, &20_000_u32.to_le_bytes()[..], salt));
    }
}
