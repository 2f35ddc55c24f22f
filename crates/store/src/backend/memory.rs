//! A store in one process's memory: for tests, and for a server that is only tried out.

mod directory;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Backend, Changed, Directory, Rows, Spool, rows};
use crate::engine::{self, Engine};
use crate::{AccountId, Error};

type Engines = dyn Fn(AccountId) -> Arc<dyn Engine> + Send + Sync;

/// A store that forgets everything when it is dropped.
pub struct Memory {
    directory: directory::InMemory,
    engines: Box<Engines>,
    rows: rows::InMemory,
    changed: Changed,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Default for Memory {
    fn default() -> Self {
        // An engine must outlive the account's handle, which a sweep may drop.
        let kept: Mutex<HashMap<AccountId, engine::Memory>> = Mutex::default();
        let engines = move |id| -> Arc<dyn Engine> { Arc::new(kept.lock().entry(id).or_default().clone()) };
        // Nobody else has these engines.
        Self { changed: Changed::These(Vec::new()), ..Self::with_engines(engines) }
    }
}

impl Memory {
    /// A store whose accounts are kept by engines of the caller's choice: for tests of what happens when they fail.
    pub fn with_engines(engines: impl Fn(AccountId) -> Arc<dyn Engine> + Send + Sync + 'static) -> Self {
        let (directory, rows) = (directory::InMemory::default(), rows::InMemory::default());
        Self { directory, engines: Box::new(engines), rows, changed: Changed::AskEach }
    }
}

impl Backend for Memory {
    fn directory(&self) -> &dyn Directory {
        &self.directory
    }

    fn engine(&self, id: AccountId) -> Arc<dyn Engine> {
        (self.engines)(id)
    }

    fn rows(&self) -> &dyn Rows {
        &self.rows
    }

    fn spool(&self) -> Spool {
        Spool::Memory
    }

    fn changed(&self) -> Result<Changed, Error> {
        Ok(self.changed.clone())
    }
}
