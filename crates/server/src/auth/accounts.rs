//! The directory, remembered: a login that needs no hash should need no query either.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use store::{AccountId, Credentials, Error, Store};

use super::scram::Keys;

/// How many names are remembered, those that nobody has among them.
const ROOM: usize = 50_000;

/// An account as logging in sees it.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) id: AccountId,
    /// As the directory writes it.
    pub(crate) name: Box<str>,
    pub(super) disabled: bool,
    /// The stored hash; `None` where the account has no password yet.
    pub(super) hash: Option<String>,
    pub(super) keys: Option<Keys>,
    /// Stands for the credentials: another password is another stamp.
    pub(crate) stamp: u64,
}

/// The accounts by name, as long as the directory stays the same.
pub(crate) struct Accounts {
    store: Store,
    cache: RwLock<Cache>,
}

#[derive(Default)]
struct Cache {
    version: u64,
    names: HashMap<Box<str>, Option<Arc<Known>>>,
}

impl Accounts {
    pub(super) fn new(store: Store) -> Self {
        Self { store, cache: RwLock::default() }
    }

    /// The account that has this name or alias, as far as this process knows.
    pub(super) fn find(&self, name: &str) -> Result<Option<Arc<Known>>, Error> {
        let version = self.store.directory().version();
        {
            let cache = self.cache.read();
            if cache.version == version
                && let Some(found) = cache.names.get(name)
            {
                return Ok(found.clone());
            }
        }
        let found = match self.store.directory().find_by_name(name)? {
            Some(entry) => {
                let credentials = self.store.directory().credentials(entry.id)?;
                Some(Arc::new(Known {
                    id: entry.id,
                    disabled: entry.disabled,
                    stamp: stamp(credentials.as_ref()),
                    keys: credentials.as_ref().and_then(|kept| Keys::kept(&kept.scram)),
                    hash: credentials.map(|kept| kept.hash),
                    name: entry.name.into(),
                }))
            }
            None => None,
        };
        let mut cache = self.cache.write();
        if cache.version != version {
            *cache = Cache { version, names: HashMap::new() };
        }
        // A flood of names that nobody has must not push out those that somebody has.
        if cache.names.len() < ROOM || found.is_some() {
            cache.names.insert(name.into(), found.clone());
        }
        Ok(found)
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
