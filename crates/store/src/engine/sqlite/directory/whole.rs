//! Whether the directory and the folder that it is in belong together, and still do.

use std::path::PathBuf;

use rusqlite::Connection;

use super::{Kept, SqliteDirectory, floor, schema};
use crate::backend::Fault;
use crate::backend::folder::Folder;
use crate::backend::marker::{Marker, Marks, Numbers};
use crate::engine::sqlite::{Footing, Paths};
use crate::{AccountId, Error, Identity, StoreId};

/// The files of a directory that is open, to be looked at.
#[derive(Debug)]
pub(super) struct Guard {
    folder: Folder,
    paths: Paths,
    footing: Footing,
}

impl SqliteDirectory {
    /// Opens the directory of a folder whose parts belong together, and marks a folder of Posthorn 0.1. Of any other
    /// folder nothing is changed.
    pub(crate) fn open(folder: &Folder) -> Result<Self, Error> {
        let marker = Marker::read(&folder.marker())?;
        let Some(connection) = schema::open(&folder.directory())? else {
            let was_there = marker.is_some() || folder.has_accounts()?;
            return Err(if was_there { Fault::NoDirectory } else { Fault::NotSetUp }.of(folder.path()));
        };
        let paths = Paths::new(&folder.directory());
        let footing = paths.now();
        let last = schema::last(&connection)?;
        let known = schema::store(&connection)?;
        if marker.is_some_and(|marker| Some(marker.store) != known) {
            return Err(Fault::OtherDirectory.of(folder.path()));
        }
        if let Some(account) = folder.beyond(last, marker.map_or(0, |marker| marker.numbers.account)) {
            return Err(Fault::OldDirectory { account }.of(folder.path()));
        }
        if known.is_some() && anything_made(&connection)? && !folder.has_accounts()? {
            return Err(Fault::NoAccounts.of(folder.path()));
        }
        let marks = Marks::new(folder.marker(), known.map_or_else(StoreId::random, Ok)?);
        let mut directory = Self::new(connection, marks, Guard { folder: folder.clone(), paths, footing });
        if marker.is_none() {
            directory.store = directory.record(mark)?;
            let was_there = known.is_some() && last > 0;
            directory.put_right = was_there.then(|| {
                let file = folder.marker();
                format!("{} was missing: it is written anew from what the directory knows", file.display())
            });
        }
        Ok(directory)
    }

    /// Makes an empty directory in a folder that holds nothing.
    pub(crate) fn create(folder: &Folder) -> Result<(), Error> {
        schema::create(&folder.directory(), StoreId::random()?)
    }

    /// What an account's file has to say of itself.
    pub(crate) fn identity(&self, account: AccountId) -> Identity {
        Identity { store: self.store, account }
    }

    /// Accounts that have had mailboxes and whose files are not there any more.
    pub(super) fn lost_files(&self) -> Result<Vec<AccountId>, Error> {
        let made = {
            let connection = &self.kept.lock().connection;
            let mut statement = connection.prepare_cached("SELECT id FROM made JOIN account USING (id)")?;
            let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
            ids.collect::<Result<Vec<_>, _>>()?
        };
        let made = made.into_iter().filter_map(|id| AccountId::new(id.cast_unsigned()));
        Ok(made
            .filter(|id| std::fs::metadata(self.guard.folder.account(*id)).map_or(0, |file| file.len()) == 0)
            .collect())
    }

    pub(super) fn file(&self, id: AccountId) -> PathBuf {
        self.guard.folder.account(id)
    }

    /// The number of a new account: above all that were given by this directory, or by one before it that was lost. The
    /// marker has it before any account does.
    pub(super) fn give_number(&self, kept: &mut Kept) -> Result<AccountId, Error> {
        let last = schema::last(&kept.connection)?;
        kept.marks.raise(|numbers| {
            let number = last.max(numbers.account).saturating_add(1);
            let id =
                AccountId::new(number).ok_or_else(|| Error::damaged("the numbers of accounts in the directory"))?;
            if self.file(id).exists() {
                return Err(Fault::OldDirectory { account: id }.of(self.guard.folder.path()));
            }
            numbers.account = number;
            Ok(id)
        })
    }

    /// Whether the directory's file is still there.
    pub(super) fn stands(&self) -> Result<(), Error> {
        let Guard { paths, footing, .. } = &self.guard;
        if footing.holds(paths) {
            return Ok(());
        }
        Err(Error::Replaced { what: paths.database().display().to_string() })
    }
}

/// Gives a folder of Posthorn 0.1, or one whose setting up was cut short, what it lacks. First the directory gets its id:
/// a marker of a store that the directory does not know is what a wrong directory looks like.
fn mark(kept: &mut Kept) -> Result<StoreId, Error> {
    let Kept { connection, marks } = kept;
    schema::claim(connection, marks.store())?;
    let store = schema::store(connection)?.ok_or_else(|| Error::damaged("the store's id in the directory"))?;
    connection.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
    let given = Numbers { account: schema::last(connection)?, uid_validity: floor::read(connection)? };
    marks.complete(store, given)?;
    Ok(store)
}

fn anything_made(connection: &Connection) -> Result<bool, Error> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM made JOIN account USING (id))";
    Ok(connection.query_row(SQL, [], |row| row.get(0))?)
}
