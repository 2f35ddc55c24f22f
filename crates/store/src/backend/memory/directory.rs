//! The directory of accounts in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use account::codec::Format;

use crate::backend::directory::{Credentials, Directory, Entry, Standing, check_name, folded};
use crate::backend::marker::Numbers;
use crate::lock::{Lock, Rank};
use crate::open::FIRST_MAILBOXES;
use crate::{AccountId, Error};

/// A directory that nobody else looks at, and that is forgotten when it is dropped.
#[derive(Debug)]
pub(super) struct InMemory {
    kept: Lock<Kept>,
    /// What others compare with what they remember.
    version: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    format: Format,
    accounts: BTreeMap<AccountId, Known>,
    /// Whose a name is, and whose an alias, as they were spelled: both by what [`folded`] makes of them.
    names: BTreeMap<String, AccountId>,
    aliases: BTreeMap<String, (String, AccountId)>,
    removed: BTreeSet<AccountId>,
    numbers: Numbers,
}

#[derive(Debug)]
struct Known {
    entry: Entry,
    credentials: Option<Credentials>,
    /// Whether it has had mailboxes.
    made: bool,
}

impl Default for InMemory {
    fn default() -> Self {
        let kept = Kept {
            format: Format::NEWEST,
            accounts: BTreeMap::new(),
            names: BTreeMap::new(),
            aliases: BTreeMap::new(),
            removed: BTreeSet::new(),
            numbers: Numbers::default(),
        };
        Self { kept: Lock::new(Rank::Directory, kept), version: AtomicU64::new(1) }
    }
}

impl InMemory {
    /// Changes what others remember of the directory.
    fn write<T>(&self, act: impl FnOnce(&mut Kept) -> Result<T, Error>) -> Result<T, Error> {
        let result = act(&mut self.kept.lock())?;
        self.version.fetch_add(1, Ordering::AcqRel);
        Ok(result)
    }

    fn change(&self, id: AccountId, change: impl FnOnce(&mut Known)) -> Result<(), Error> {
        self.write(|kept| kept.accounts.get_mut(&id).map(change).ok_or(Error::NoSuchAccount))
    }
}

impl Kept {
    /// Whether no account and no alias has that name.
    fn free(&self, name: &str) -> Result<(), Error> {
        let key = folded(name);
        let taken = self.names.contains_key(&key) || self.aliases.contains_key(&key);
        if taken { Err(Error::NameTaken(name.to_owned())) } else { Ok(()) }
    }
}

impl Directory for InMemory {
    fn format(&self) -> Result<Format, Error> {
        Ok(self.kept.lock().format)
    }

    fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    fn refresh(&self) -> Result<u64, Error> {
        Ok(self.version())
    }

    fn add(&self, name: &str, credentials: Option<&Credentials>, now: i64) -> Result<AccountId, Error> {
        check_name(name)?;
        self.write(|kept| {
            kept.free(name)?;
            let mut probe = kept.numbers;
            probe.give_uid_validities(0, FIRST_MAILBOXES)?;
            let number = kept.numbers.account.saturating_add(1);
            let id = AccountId::new(number).ok_or_else(|| Error::damaged("the numbers of accounts"))?;
            kept.numbers.account = number;
            let entry = Entry { id, name: name.to_owned(), disabled: false, created: now };
            kept.accounts.insert(id, Known { entry, credentials: credentials.cloned(), made: false });
            kept.names.insert(folded(name), id);
            Ok(id)
        })
    }

    fn list(&self) -> Result<Vec<Entry>, Error> {
        let kept = self.kept.lock();
        Ok(kept.names.values().filter_map(|id| kept.accounts.get(id)).map(|known| known.entry.clone()).collect())
    }

    fn find(&self, id: AccountId) -> Result<Option<Entry>, Error> {
        Ok(self.kept.lock().accounts.get(&id).map(|known| known.entry.clone()))
    }

    fn find_by_name(&self, name: &str) -> Result<Option<Entry>, Error> {
        let (kept, key) = (self.kept.lock(), folded(name));
        let id = kept.names.get(&key).or_else(|| kept.aliases.get(&key).map(|(_, id)| id));
        Ok(id.and_then(|id| kept.accounts.get(id)).map(|known| known.entry.clone()))
    }

    fn credentials(&self, id: AccountId) -> Result<Option<Credentials>, Error> {
        let kept = self.kept.lock();
        kept.accounts.get(&id).map(|known| known.credentials.clone()).ok_or(Error::NoSuchAccount)
    }

    fn set_password(&self, id: AccountId, credentials: &Credentials) -> Result<(), Error> {
        self.change(id, |known| known.credentials = Some(credentials.clone()))
    }

    fn disable(&self, id: AccountId) -> Result<(), Error> {
        self.change(id, |known| known.entry.disabled = true)
    }

    fn enable(&self, id: AccountId) -> Result<(), Error> {
        self.change(id, |known| known.entry.disabled = false)
    }

    fn remove(&self, id: AccountId) -> Result<(), Error> {
        self.write(|kept| {
            let known = kept.accounts.remove(&id).ok_or(Error::NoSuchAccount)?;
            kept.names.remove(&folded(&known.entry.name));
            kept.aliases.retain(|_, (_, of)| *of != id);
            kept.removed.insert(id);
            Ok(())
        })
    }

    fn add_alias(&self, address: &str, id: AccountId) -> Result<(), Error> {
        check_name(address)?;
        self.write(|kept| {
            kept.accounts.get(&id).ok_or(Error::NoSuchAccount)?;
            kept.free(address)?;
            kept.aliases.insert(folded(address), (address.to_owned(), id));
            Ok(())
        })
    }

    fn remove_alias(&self, address: &str) -> Result<bool, Error> {
        self.write(|kept| Ok(kept.aliases.remove(&folded(address)).is_some()))
    }

    fn aliases(&self) -> Result<Vec<(String, AccountId)>, Error> {
        Ok(self.kept.lock().aliases.values().cloned().collect())
    }

    fn after(&self, id: Option<AccountId>) -> Result<Option<AccountId>, Error> {
        Ok(self.kept.lock().accounts.keys().find(|next| Some(**next) > id).copied())
    }

    fn raise_format(&self, format: Format) -> Result<(), Error> {
        self.kept.lock().format = format;
        Ok(())
    }

    fn standing(&self, id: AccountId) -> Result<Standing, Error> {
        Ok(match self.kept.lock().accounts.get(&id) {
            None => Standing::Gone,
            Some(known) if known.made => Standing::Made,
            Some(_) => Standing::New,
        })
    }

    fn made(&self, id: AccountId) -> Result<(), Error> {
        self.kept.lock().accounts.get_mut(&id).map(|known| known.made = true).ok_or(Error::NoSuchAccount)
    }

    /// Memory loses nothing by itself.
    fn lost(&self) -> Result<Vec<AccountId>, Error> {
        Ok(Vec::new())
    }

    fn place(&self, id: AccountId) -> String {
        format!("account {id}")
    }

    fn give_uid_validities(&self, time: i64, count: u32) -> Result<u32, Error> {
        self.kept.lock().numbers.give_uid_validities(time, count)
    }

    fn note_uid_validity(&self, given: u32, time: i64) -> Result<(), Error> {
        let numbers = &mut self.kept.lock().numbers;
        if !numbers.covers(given, time) {
            numbers.note_uid_validity(given);
        }
        Ok(())
    }

    fn removed(&self) -> Result<Vec<AccountId>, Error> {
        Ok(self.kept.lock().removed.iter().copied().collect())
    }

    fn forget_removed(&self, id: AccountId) -> Result<(), Error> {
        self.kept.lock().removed.remove(&id);
        Ok(())
    }
}
