//! The directory, remembered: a login that needs no hash should need no query either.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use store::backend::folded;
use store::{AccountId, Credentials, Error, Store};

use super::aliases::{Aliases, Owner};
use super::scram::Keys;

/// How many names are remembered, those that nobody has among them.
const ROOM: usize = 50_000;

/// An account as logging in sees it.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) id: AccountId,
    /// As the directory writes it.
    pub(crate) name: Box<str>,
    pub(super) disabled: bool,
    /// The stored hash; `None` where the account has no password yet.
    pub(super) hash: Option<String>,
    /// What checks a proof under the name that was asked for; `None` also for an alias that has no keys yet.
    pub(super) keys: Option<Keys>,
    /// The name that was asked for, folded, where it is an alias.
    alias: Option<Box<str>>,
    /// Stands for the credentials: another password is another stamp.
    pub(crate) stamp: u64,
}

/// The accounts by name, as long as the directory stays the same.
pub(crate) struct Accounts {
    store: Store,
    aliases: Arc<Aliases>,
    cache: RwLock<Cache>,
}

#[derive(Default)]
struct Cache {
    version: u64,
    names: HashMap<Box<str>, Option<Arc<Known>>>,
}

impl Accounts {
    pub(super) fn new(store: Store, aliases: Arc<Aliases>) -> Self {
        Self { store, aliases, cache: RwLock::default() }
    }

    /// The account that has this name or alias, as far as this process knows.
    pub(super) fn find(&self, name: &str) -> Result<Option<Arc<Known>>, Error> {
        let version = self.store.directory().version();
        let name = folded(name);
        {
            let cache = self.cache.read();
            if cache.version == version
                && let Some(found) = cache.names.get(&*name)
            {
                return Ok(found.clone());
            }
        }
        let found = self.look_up(&name)?.map(Arc::new);
        self.remember(version, name.into(), found.clone());
        Ok(found)
    }

    fn look_up(&self, name: &str) -> Result<Option<Known>, Error> {
        let directory = self.store.directory();
        let Some(entry) = directory.find_by_name(name)? else { return Ok(None) };
        let credentials = directory.credentials(entry.id)?;
        let stamp = stamp(credentials.as_ref());
        let is_alias = folded(&entry.name) != name;
        let keys = match &credentials {
            Some(_) if is_alias => self.aliases.keys(self.store.rows(), name, Owner { account: entry.id, stamp }),
            Some(kept) => Keys::kept(&kept.scram),
            None => None,
        };
        Ok(Some(Known {
            id: entry.id,
            disabled: entry.disabled,
            stamp,
            keys,
            alias: is_alias.then(|| name.into()),
            hash: credentials.map(|kept| kept.hash),
            name: entry.name.into(),
        }))
    }

    fn remember(&self, version: u64, name: Box<str>, found: Option<Arc<Known>>) {
        let mut cache = self.cache.write();
        if cache.version != version {
            *cache = Cache { version, names: HashMap::new() };
        }
        // A flood of names that nobody has must not push out those that somebody has.
        if cache.names.len() < ROOM || found.is_some() {
            cache.names.insert(name, found);
        }
    }

    /// The right password came, prepared: an alias that has no keys gets some.
    pub(super) fn give_keys(&self, known: &Arc<Known>, password: &[u8]) {
        let Some(alias) = known.alias.clone().filter(|_| known.keys.is_none()) else { return };
        let version = self.store.directory().version();
        let owner = Owner { account: known.id, stamp: known.stamp };
        let keys = Some(self.aliases.make(&alias, owner, password));
        self.remember(version, alias, Some(Arc::new(Known { keys, ..Known::clone(known) })));
    }

    /// As [`find`](Self::find), after a look at what other processes did.
    pub(super) fn find_newest(&self, name: &str) -> Result<Option<Arc<Known>>, Error> {
        self.store.directory().refresh()?;
        self.find(name)
    }

    /// What an account's sessions have to have logged in with; `None` if it may have none.
    pub(crate) fn stamp(&self, id: AccountId) -> Result<Option<u64>, Error> {
        match self.store.directory().find(id)? {
            Some(entry) if !entry.disabled => Ok(Some(stamp(self.store.directory().credentials(id)?.as_ref()))),
            _ => Ok(None),
        }
    }
}

fn stamp(credentials: Option<&Credentials>) -> u64 {
    let hash = blake3::hash(credentials.map(|kept| kept.hash.as_bytes()).unwrap_or_default());
    hash.as_bytes().first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}
