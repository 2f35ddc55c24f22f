//! Whether the directory and the folder that it is in belong together, and still do.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Kept, SqliteDirectory, Writing, floor, schema};
use crate::backend::Fault;
use crate::backend::folder::Folder;
use crate::backend::marker::{Marker, Marks, Numbers};
use crate::disk::Disk;
use crate::engine::sqlite::rows::Seat;
use crate::engine::sqlite::schema::refuse_another;
use crate::engine::sqlite::{Footing, Paths};
use crate::open::FIRST_MAILBOXES;
use crate::{AccountId, Error, Identity, StoreId};

/// The files of a directory that is open, to be looked at.
#[derive(Debug)]
pub(super) struct Guard {
    folder: Folder,
    paths: Paths,
}

impl Guard {
    pub(super) fn file(&self) -> &Path {
        self.paths.database()
    }

    /// Which files are there now.
    pub(super) fn now(&self) -> Footing {
        self.paths.now()
    }

    pub(super) fn replaced(&self) -> Error {
        Error::Replaced { what: self.file().display().to_string() }
    }
}

impl SqliteDirectory {
    /// Opens the directory of a folder whose parts belong together, and marks a folder of Posthorn 0.1. Of any other
    /// folder nothing is changed.
    pub(crate) fn open(folder: &Folder, disk: Disk, beside: Seat) -> Result<Self, Error> {
        let marker = Marker::read(&folder.marker())?;
        let ours = |found: StoreId| marker.is_none_or(|marker| marker.store == found);
        if schema::store_without_journal(&folder.directory()).is_some_and(|found| !ours(found)) {
            return Err(Fault::OtherDirectory.of(folder.path()));
        }
        let opened = schema::open(&folder.directory(), &disk).map_err(|error| error.at(&folder.directory()))?;
        let Some(opened) = opened else {
            let was_there = marker.is_some() || folder.has_accounts()?;
            return Err(if was_there { Fault::NoDirectory } else { Fault::NotSetUp }.of(folder.path()));
        };
        let paths = Paths::new(&folder.directory());
        let footing = paths.now();
        let connection = &opened.connection;
        let last = schema::last(connection)?;
        let known = schema::store(connection)?;
        if marker.is_some_and(|marker| Some(marker.store) != known) {
            return Err(Fault::OtherDirectory.of(folder.path()));
        }
        if let Some(account) = folder.beyond(last, marker.map_or(0, |marker| marker.numbers.account)) {
            return Err(Fault::OldDirectory { account }.of(folder.path()));
        }
        if known.is_some() && anything_made(connection)? && !folder.has_accounts()? {
            return Err(Fault::NoAccounts.of(folder.path()));
        }
        let marks = Marks::new(folder.marker(), known.map_or_else(StoreId::random, Ok)?);
        let kept = Kept { opened: Some(opened), footing, marks };
        let mut directory = Self::new(kept, Guard { folder: folder.clone(), paths }, disk, beside);
        match marker {
            None => {
                directory.store = directory.record(mark)?;
                // Where no account was ever made, or 0.1 made them, there was none.
                let was_there = known.is_some() && last > 0;
                directory.put_right = was_there.then(|| {
                    let file = folder.marker();
                    format!("{} was missing: it is written anew from what the directory knows", file.display())
                });
            }
            Some(marker) => directory.keep_floor(marker.numbers)?,
        }
        Ok(directory)
    }

    /// The directory of a store from before the floor stood in it, or from a backup, gets it from the marker.
    fn keep_floor(&self, marked: Numbers) -> Result<(), Error> {
        if self.look(floor::read)? >= marked.uid_validity {
            return Ok(());
        }
        match self.record(|kept| kept.raise(|_| Ok(()))) {
            // The marker has it, and the next opening tries again.
            Err(error) if error.is_of_a_disk_that_takes_nothing() => Ok(()),
            other => other,
        }
    }

    /// Makes an empty directory in a folder that holds nothing.
    pub(crate) fn create(folder: &Folder) -> Result<(), Error> {
        schema::create(&folder.directory(), StoreId::random()?)
    }

    /// What an account's file has to say of itself.
    pub(crate) fn identity(&self, account: AccountId) -> Identity {
        Identity { store: self.store, account }
    }

    /// Accounts that have had mailboxes.
    fn made_accounts(&self) -> Result<impl Iterator<Item = AccountId>, Error> {
        const SQL: &str = "SELECT id FROM made JOIN account USING (id) ORDER BY id";
        let ids = self.look(|connection| {
            let mut statement = connection.prepare_cached(SQL)?;
            Ok(statement.query_map([], |row| row.get::<_, i64>(0))?.collect::<Result<Vec<_>, _>>()?)
        })?;
        Ok(ids.into_iter().filter_map(|id| AccountId::new(id.cast_unsigned())))
    }

    /// Those of the first so many accounts whose files are not theirs.
    pub(super) fn strange_files(&self, most: usize) -> Result<Vec<(AccountId, Error)>, Error> {
        let looked = self.made_accounts()?.take(most);
        let strange = looked.filter_map(|id| Some((id, refuse_another(&self.file(id), self.identity(id)).err()?)));
        Ok(strange.collect())
    }

    /// Accounts that have had mailboxes and whose files are not there any more.
    pub(super) fn lost_files(&self) -> Result<Vec<AccountId>, Error> {
        Ok(self
            .made_accounts()?
            .filter(|id| std::fs::metadata(self.guard.folder.account(*id)).map_or(0, |file| file.len()) == 0)
            .collect())
    }

    pub(super) fn file(&self, id: AccountId) -> PathBuf {
        self.guard.folder.account(id)
    }

    /// The number of a new account: above all that were given by this directory, or by one before it that was lost. The
    /// marker has it before any account does.
    pub(super) fn give_number(&self, kept: &mut Writing<'_>) -> Result<AccountId, Error> {
        let last = schema::last(kept.connection)?;
        kept.raise(|numbers| {
            // An account that could have no mailbox is not made by half.
            let mut probe = *numbers;
            probe.give_uid_validities(0, FIRST_MAILBOXES)?;
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
    pub(super) fn stands(&self, kept: &Kept) -> Result<(), Error> {
        if kept.footing.holds(&self.guard.paths) { Ok(()) } else { Err(self.guard.replaced()) }
    }
}

/// Gives a folder of Posthorn 0.1, or one whose setting up was cut short, what it lacks. First the directory gets its id:
/// a marker of a store that the directory does not know is what a wrong directory looks like.
fn mark(Writing { connection, marks }: &mut Writing<'_>) -> Result<StoreId, Error> {
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
