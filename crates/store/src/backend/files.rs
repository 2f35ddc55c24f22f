//! A store in one folder: `docs/design/store.md` has its files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::rows::Rows;
use super::{Backend, Changed, Directory, Spool};
use crate::engine::sqlite::{SqliteDirectory, SqliteRows, durable_folder};
use crate::engine::{Engine, Sqlite};
use crate::{AccountId, Error};

/// A folder with a directory, and a file for each account. Several processes may have it open.
#[derive(Debug)]
pub struct Files {
    directory: SqliteDirectory,
    accounts: PathBuf,
    rows: SqliteRows,
    spool: Arc<Path>,
}

impl Files {
    /// Opens a data folder, and makes what is missing.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let spool = folder.join("tmp");
        durable_folder(&spool)?;
        empty(&spool)?;
        let accounts = folder.join("accounts");
        durable_folder(&accounts)?;
        let directory = folder.join("directory.sqlite");
        let rows = SqliteRows::new(directory.clone());
        Ok(Self { directory: SqliteDirectory::open(&directory)?, accounts, rows, spool: spool.into() })
    }

    /// Where an account is kept: folders by the last two digits of its id, so that none has very many files. Nothing that
    /// anybody chose becomes part of a path.
    fn file(&self, id: AccountId) -> PathBuf {
        self.accounts.join(format!("{:02x}", id.get() & 0xff)).join(format!("{id}.sqlite"))
    }
}

impl Backend for Files {
    fn directory(&self) -> &dyn Directory {
        &self.directory
    }

    fn engine(&self, id: AccountId) -> Arc<dyn Engine> {
        Arc::new(Sqlite::new(self.file(id)))
    }

    fn rows(&self) -> &dyn Rows {
        &self.rows
    }

    fn spool(&self) -> Spool {
        Spool::Folder(self.spool.clone())
    }

    /// Files tell of themselves only: two `stat` for each that is asked for.
    fn changed(&self) -> Result<Changed, Error> {
        Ok(Changed::AskEach)
    }
}

/// What a process that was stopped has left.
fn empty(folder: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(folder)? {
        match std::fs::remove_file(entry?.path()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
