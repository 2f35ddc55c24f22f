//! What the directory knows of its store: which one it is, what was made, which numbers were given.

use rusqlite::Connection;

use super::{Directory, Kept, schema};
use crate::backend::Fault;
use crate::backend::folder::Folder;
use crate::backend::marker::{Marker, Marks};
use crate::engine::sqlite::{Footing, Paths};
use crate::{AccountId, Error, Format, Identity, StoreId};

/// The first UIDVALIDITY that none of a new account's mailboxes is below, and how long that holds is what one raise of
/// the marker covers: commits raise it once in an hour, not each.
const AHEAD: u32 = 3600;

/// A UIDVALIDITY that is this far ahead of the time came from elsewhere, and is nothing to go by.
const FAR: i64 = 366 * 24 * 3600;

/// The files of a directory that is open, to be looked at.
#[derive(Debug)]
pub(super) struct Guard {
    folder: Folder,
    paths: Paths,
    footing: Footing,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is not there, or not any more.
    Gone,
    /// It is there; whether what it is kept in was ever made is not known.
    New,
    /// It has had mailboxes: if what it is kept in is not there, it was lost.
    Made,
}

impl Directory {
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
        let marks = Marks::new(Some(folder.marker()), known.map_or_else(StoreId::random, Ok)?);
        let mut directory = Self::new(connection, marks, Some(Guard { folder: folder.clone(), paths, footing }));
        if marker.is_none() {
            directory.store = directory.record(mark)?;
        }
        Ok(directory)
    }

    /// Makes an empty directory in a folder that holds nothing.
    pub(crate) fn create(folder: &Folder) -> Result<(), Error> {
        schema::create(&folder.directory(), StoreId::random()?)
    }

    pub(crate) fn memory() -> Self {
        let store = StoreId::new(0);
        // Our own statements on an empty database.
        let connection = schema::in_memory(store).expect("a database in memory opens");
        Self::new(connection, Marks::new(None, store), None)
    }

    /// What an account's file has to say of itself.
    pub(crate) fn identity(&self, account: AccountId) -> Identity {
        Identity { store: self.store, account }
    }

    /// The store's format.
    pub fn format(&self) -> Result<Format, Error> {
        schema::format(&self.kept.lock().connection)
    }

    /// Raises the store's format. What has an older one refuses the store from then on.
    pub(crate) fn raise_format(&self, format: Format) -> Result<(), Error> {
        self.record(|kept| schema::set_format(&kept.connection, format))
    }

    /// How an account stands.
    pub(crate) fn standing(&self, id: AccountId) -> Result<Standing, Error> {
        Ok(match schema::is_made(&self.kept.lock().connection, id.get().cast_signed())? {
            None => Standing::Gone,
            Some(false) => Standing::New,
            Some(true) => Standing::Made,
        })
    }

    /// An account has its first mailboxes, durably.
    pub(crate) fn is_made(&self, id: AccountId) -> Result<(), Error> {
        self.record(|kept| {
            let mut insert = kept.connection.prepare_cached("INSERT OR IGNORE INTO made VALUES (?1)")?;
            insert.execute([id.get().cast_signed()])?;
            Ok(())
        })
    }

    /// Accounts that have had mailboxes and whose files are not there any more.
    pub fn missing(&self) -> Result<Vec<AccountId>, Error> {
        let Some(guard) = &self.guard else { return Ok(Vec::new()) };
        let made = {
            let connection = &self.kept.lock().connection;
            let mut statement = connection.prepare_cached("SELECT id FROM made JOIN account USING (id)")?;
            let ids = statement.query_map([], |row| row.get::<_, i64>(0))?;
            ids.collect::<Result<Vec<_>, _>>()?
        };
        let made = made.into_iter().filter_map(|id| AccountId::new(id.cast_unsigned()));
        Ok(made.filter(|id| std::fs::metadata(guard.folder.account(*id)).map_or(0, |file| file.len()) == 0).collect())
    }

    /// What an account is kept in, for people to find.
    pub(crate) fn place(&self, id: AccountId) -> String {
        let path = self.guard.as_ref().map(|guard| guard.folder.account(id));
        path.map_or_else(|| format!("account {id}"), |path| path.display().to_string())
    }

    /// The first of `count` numbers for the UIDVALIDITY of a new account's mailboxes: above all that any account was ever
    /// given, so that an account which comes again does not have its numbers again, whatever the clock says (RFC 9051
    /// §2.3.1.1).
    pub(crate) fn give_uid_validities(&self, time: i64, count: u32) -> Result<u32, Error> {
        self.record(|kept| {
            kept.marks.raise(|numbers| {
                let first = u32::try_from(time).unwrap_or(0).max(numbers.uid_validity.saturating_add(1));
                numbers.uid_validity = first.saturating_add(count.saturating_sub(1));
                Ok(first)
            })
        })
    }

    /// A commit at `time` gives a mailbox this UIDVALIDITY: no new account will have it.
    pub(crate) fn note_uid_validity(&self, given: u32, time: i64) -> Result<(), Error> {
        if i64::from(given) > time.saturating_add(FAR) || given <= self.kept.lock().marks.seen().uid_validity {
            return Ok(());
        }
        self.record(|kept| {
            kept.marks.raise(|numbers| {
                if given > numbers.uid_validity {
                    numbers.uid_validity = given.saturating_add(AHEAD);
                }
                Ok(())
            })
        })
    }

    /// The number of a new account: above all that were given by this directory, or by one before it that was lost. The
    /// marker has it before any account does.
    pub(super) fn give_number(&self, kept: &mut Kept) -> Result<AccountId, Error> {
        let last = schema::last(&kept.connection)?;
        kept.marks.raise(|numbers| {
            let number = last.max(numbers.account).saturating_add(1);
            let id = AccountId::new(number).ok_or_else(|| Error::damaged("the numbers of accounts in the directory"))?;
            match &self.guard {
                Some(guard) if guard.folder.account(id).exists() => {
                    return Err(Fault::OldDirectory { account: id }.of(guard.folder.path()));
                }
                _ => {}
            }
            numbers.account = number;
            Ok(id)
        })
    }

    /// Whether the directory's file is still there.
    pub(super) fn stands(&self) -> Result<(), Error> {
        match &self.guard {
            Some(guard) if guard.paths.now() != guard.footing => {
                Err(Error::Replaced { what: guard.paths.database().display().to_string() })
            }
            _ => Ok(()),
        }
    }
}

/// Gives a folder of Posthorn 0.1, or one whose setting up was cut short, what it lacks. First the directory gets its id:
/// a marker of a store that the directory does not know is what a wrong directory looks like.
fn mark(kept: &mut Kept) -> Result<StoreId, Error> {
    let Kept { connection, marks } = kept;
    schema::claim(connection, marks.store())?;
    let store = schema::store(connection)?.ok_or_else(|| Error::damaged("the store's id in the directory"))?;
    connection.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
    marks.complete(store, schema::last(connection)?)?;
    Ok(store)
}

fn anything_made(connection: &Connection) -> Result<bool, Error> {
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM made JOIN account USING (id))";
    Ok(connection.query_row(SQL, [], |row| row.get(0))?)
}
