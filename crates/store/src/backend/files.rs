//! A store in one folder: `docs/design/store.md` has its files.

use std::path::Path;
use std::sync::Arc;

use super::folder::{Fault, Folder};
use super::rows::Rows;
use super::{Backend, Changed, Directory, Spool};
use crate::disk::Disk;
use crate::engine::sqlite::{SqliteDirectory, SqliteRows, durable_folder, seat};
use crate::engine::{Engine, Sqlite};
use crate::{AccountId, Error, Options, Space};

/// A folder with a directory, and a file for each account. Several processes may have it open.
#[derive(Debug)]
pub struct Files {
    directory: SqliteDirectory,
    folder: Folder,
    rows: SqliteRows,
    spool: Arc<Path>,
    options: Options,
}

impl Files {
    /// Opens the store in a data folder. If there is none, or its parts do not belong together, nothing is changed.
    pub fn open(folder: &Path, options: &Options) -> Result<Self, Error> {
        let folder = Folder::new(folder);
        let (file, seat) = (folder.directory(), seat());
        let disk = Disk::new(&file, options);
        let directory = SqliteDirectory::open(&folder, disk.clone(), seat.clone())?;
        let spool = folder.spool();
        match durable_folder(&spool).and_then(|()| empty(&spool)) {
            // Mail is read all the same.
            Err(error) if error.is_of_a_disk_that_takes_nothing() => {}
            other => other?,
        }
        let rows = SqliteRows::new(&file, disk, seat);
        Ok(Self { directory, rows, spool: spool.into(), folder, options: options.clone() })
    }

    /// The same for a folder that may be absent or empty: a store is set up in it then.
    pub fn set_up(folder: &Path, options: &Options) -> Result<Self, Error> {
        match Self::open(folder, options) {
            Err(Error::Folder { fault: Fault::NotSetUp, .. }) => {
                let new = Folder::new(folder);
                new.make()?;
                SqliteDirectory::create(&new)?;
                Self::open(folder, options)
            }
            other => other,
        }
    }
}

impl Backend for Files {
    fn directory(&self) -> &dyn Directory {
        &self.directory
    }

    fn engine(&self, id: AccountId) -> Arc<dyn Engine> {
        Arc::new(Sqlite::new(&self.folder.account(id), self.directory.identity(id), &self.options))
    }

    fn rows(&self) -> &dyn Rows {
        &self.rows
    }

    fn spool(&self) -> Spool {
        Spool::Folder(self.spool.clone())
    }

    fn space(&self) -> Space {
        Disk::new(&self.folder.directory(), &self.options).space()
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
