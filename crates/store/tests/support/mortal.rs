//! A data folder whose power goes after a number of writes, to any of its files.

use std::path::Path;
use std::sync::Arc;

use store::backend::{Backend, Changed, Directory, Edit, Files, KeyedRow, Rows, Spool, Table};
use store::engine::{Engine, Written};
use store::{AccountId, Error};

use super::faulty::{Faulty, Power};

/// A folder, and what it has power for.
#[derive(Debug)]
pub(crate) struct Mortal {
    files: Files,
    power: Power,
}

impl Mortal {
    pub(crate) fn set_up(folder: &Path, power: &Power) -> Self {
        Self { files: Files::set_up(folder, &store::Options::default()).unwrap(), power: power.clone() }
    }
}

impl Backend for Mortal {
    fn directory(&self) -> &dyn Directory {
        self.files.directory()
    }

    fn engine(&self, id: AccountId) -> Arc<dyn Engine> {
        Arc::new(Faulty::over(self.files.engine(id), self.power.clone()))
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
