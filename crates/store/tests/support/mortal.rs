//! A data folder whose power goes after a number of writes, to any of its files.

use std::path::Path;
use std::sync::Arc;

use store::backend::{Backend, Changed, Directory, Edit, Files, KeyedRow, Rows, Spool, Table};
use store::engine::{Engine, Written};
use store::{AccountId, Error};

use super::faulty::{Faulty, Meanwhile, Power};

/// A folder, and what it has power for.
#[derive(Debug)]
pub(crate) struct Mortal {
    files: Files,
    power: Power,
    meanwhile: Meanwhile,
}

impl Mortal {
    pub(crate) fn set_up(folder: &Path, power: &Power) -> Self {
        Self {
            files: Files::set_up(folder, &store::Options::default()).unwrap(),
            power: power.clone(),
            meanwhile: Meanwhile::default(),
        }
    }

    /// The same, and another process does something right before the first account is made.
    pub(crate) fn outrun(folder: &Path, act: impl FnOnce() + Send + 'static) -> Self {
        let mortal = Self::set_up(folder, &Power::unlimited());
        mortal.meanwhile.set(act);
        mortal
    }
}

impl Backend for Mortal {
    fn directory(&self) -> &dyn Directory {
        self.files.directory()
    }

    fn engine(&self, id: AccountId) -> Arc<dyn Engine> {
        let mut faulty = Faulty::over(self.files.engine(id), self.power.clone());
        faulty.meanwhile = self.meanwhile.clone();
        Arc::new(faulty)
    }

    fn rows(&self) -> &dyn Rows {
        self
    }

    fn spool(&self) -> Spool {
        self.files.spool()
    }

    fn changed(&self) -> Result<Changed, Error> {
        self.files.changed()
    }
}

impl Rows for Mortal {
    fn range(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<KeyedRow>, Error> {
        self.files.rows().range(table, from, limit)
    }

    fn write(&self, edits: &[Edit]) -> Result<Written, Error> {
        self.power.spend()?;
        self.files.rows().write(edits)
    }
}
