//! Who holds an account's file open: one connection that writes, a few that read, none while nobody asks.

use std::cell::Cell;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use imap::ModSeq;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::footing::{Footing, Look, Paths};
use super::schema::{self, Role};
use super::{read, spoils};
use crate::engine::Written;
use crate::lock::{Lock, Rank};
use crate::{Error, Identity};

/// How many reading connections are kept. More are opened when more are needed at once.
const READERS: usize = 2;

#[derive(Debug)]
pub(super) struct Connections {
    paths: Paths,
    owner: Identity,
    writer: Lock<Writer>,
    readers: Lock<Readers>,
}

#[derive(Debug, Default)]
struct Writer {
    connection: Option<Held>,
    /// A write has failed, and what it left in the file is not known.
    suspect: bool,
    /// How the file looked when it was closed and this was its last row.
    glanced: Option<(Stamp, Option<ModSeq>)>,
}

/// A connection, the files that it was opened on, and how the database looked when it was last known to be its owner's.
#[derive(Debug)]
struct Held {
    connection: Connection,
    footing: Footing,
    look: Cell<Option<Look>>,
}

#[derive(Debug, Default)]
struct Readers {
    idle: Vec<Held>,
    /// Grows when all are closed: who was reading meanwhile closes too when done.
    generation: u64,
}

/// How a file and its journal look from outside: length, time of change, inode.
type Stamp = [Option<(u64, i64, i64, u64)>; 2];

impl Connections {
    pub(super) fn new(path: &Path, owner: Identity) -> Self {
        let writer = Lock::new(Rank::Writer, Writer::default());
        Self { paths: Paths::new(path), owner, writer, readers: Lock::new(Rank::Readers, Readers::default()) }
    }

    pub(super) fn path(&self) -> &Path {
        self.paths.database()
    }

    pub(super) fn owner(&self) -> Identity {
        self.owner
    }

    /// Writes in one transaction, which is durable or undone when this returns. What was written to a file that is not
    /// there any more, or not in its place, is lost with it.
    pub(super) fn write(&self, act: impl FnOnce(&Connection) -> Result<Written, Error>) -> Result<Written, Error> {
        self.with_writer(|held| {
            self.stands(held)?;
            let written = transaction(&held.connection, act)?;
            self.stands(held)?;
            Ok(written)
        })
    }

    /// Reads, or does what needs no transaction, by the connection that writes: it is open already where somebody
    /// works with the account.
    pub(super) fn look<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        self.with_writer(|held| {
            self.stands(held)?;
            act(&held.connection)
        })
    }

    fn stands(&self, held: &Held) -> Result<(), Error> {
        if held.footing.holds(&self.paths) { self.is_its_owners(held) } else { Err(self.replaced()) }
    }

    /// Whether nobody has copied another account's file over this one. Looking into the file costs more than looking at
    /// it, and is done where it looks otherwise than before.
    fn is_its_owners(&self, held: &Held) -> Result<(), Error> {
        let look = self.paths.look();
        if held.look.get() != look {
            schema::refuse_another(self.path(), self.owner)?;
            held.look.set(look);
        }
        Ok(())
    }

    fn replaced(&self) -> Error {
        Error::Replaced { what: self.path().display().to_string() }
    }

    fn with_writer<T>(&self, act: impl FnOnce(&Held) -> Result<T, Error>) -> Result<T, Error> {
        let mut writer = self.writer.lock();
        let held = if let Some(held) = writer.connection.take() { held } else { self.open_writer(&mut writer)? };
        let result = act(&held);
        if result.as_ref().is_err_and(spoils) {
            // After a failed sync nobody knows what of the file is on disk. It is closed, never asked again to sync
            // the same pages, and read anew.
            writer.suspect = true;
            self.close_readers();
            // One that was deleted is in this connection alone, which is to save it.
            if held.footing.holds(&self.paths) {
                leave_journal(&held.connection);
            }
            self.let_go(held);
        } else {
            writer.connection = Some(held);
        }
        result
    }

    fn open_writer(&self, writer: &mut Writer) -> Result<Held, Error> {
        let held = self.open_as(Role::Writer)?;
        if writer.suspect {
            settle(&held.connection)?;
            writer.suspect = false;
        }
        Ok(held)
    }

    fn open_as(&self, role: Role) -> Result<Held, Error> {
        let (before, look) = (self.paths.now(), self.paths.look());
        let connection = schema::open(self.path(), self.owner, role)?;
        let footing = self.paths.now();
        // Else nobody knows which of them was opened.
        if !footing.same_database(&before) {
            return Err(self.replaced());
        }
        Ok(Held { connection, footing, look: Cell::new(look) })
    }

    /// Reads by a connection of its own, so that it never waits for a write.
    pub(super) fn read<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let (idle, generation) = {
            let mut readers = self.readers.lock();
            (readers.idle.pop(), readers.generation)
        };
        let held = idle.map_or_else(|| self.open_as(Role::Reader), Ok)?;
        let result = self.is_its_owners(&held).and_then(|()| act(&held.connection));
        let mut readers = self.readers.lock();
        let healthy = !result.as_ref().is_err_and(spoils);
        if healthy && readers.generation == generation && readers.idle.len() < READERS {
            readers.idle.push(held);
        }
        result
    }

    pub(super) fn close(&self) {
        let mut writer = self.writer.lock();
        self.close_readers();
        if let Some(held) = writer.connection.take() {
            self.let_go(held);
        }
    }

    /// Closes the connection that writes. What is in the journal goes into the database then, also from a journal that
    /// was deleted; but where the database is not in its place any more, the journal is left as it is: it may have all
    /// that is left of what was acknowledged, for when the right file is put back.
    fn let_go(&self, held: Held) {
        if !held.footing.same_database(&self.paths.now()) || self.is_its_owners(&held).is_err() {
            leave_journal(&held.connection);
        }
        drop(held);
    }

    fn close_readers(&self) {
        let mut readers = self.readers.lock();
        readers.generation += 1;
        readers.idle.clear();
    }

    /// The last row of the log. A file that looks as it did when it was last read is not opened for that. What another
    /// process wrote while we closed is never missed: how the file looks is believed only if it looked so before it was
    /// read and afterwards, and had been left alone for a while.
    pub(super) fn glance(&self) -> Result<Option<ModSeq>, Error> {
        let mut writer = self.writer.lock();
        if let Some(held) = writer.connection.take() {
            if let Err(replaced) = self.stands(&held) {
                self.close_readers();
                self.let_go(held);
                return Err(replaced);
            }
            return read::newest(&writer.connection.insert(held).connection);
        }
        let before = stamp(self.path());
        if let (Some(before), Some((then, newest))) = (before, writer.glanced)
            && before == then
        {
            return Ok(newest);
        }
        let opened = self.open_writer(&mut writer)?;
        let newest = read::newest(&opened.connection)?;
        drop(opened);
        let untouched = before.filter(|before| stamp(self.path()) == Some(*before));
        writer.glanced = untouched.map(|stamp| (stamp, newest));
        Ok(newest)
    }
}

/// Has a connection leave the journal as it is when it is closed. After a failed sync it would delete a journal that has
/// more than it knows of, and the power may go before that is durable: what was refused would come back.
fn leave_journal(connection: &Connection) {
    // If it cannot be told to, it does as ever.
    let _as_ever = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
}

/// What the last connection of a process left is made whole and durable before anybody builds on it.
/// The journal keeps its length: one that was cut could come back in part when the power goes, and that part is older
/// than the file.
fn settle(connection: &Connection) -> Result<(), Error> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(Error::Busy) }
}

fn transaction(
    connection: &Connection,
    act: impl FnOnce(&Connection) -> Result<Written, Error>,
) -> Result<Written, Error> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let result = match act(connection) {
        Ok(Written::Durably) => match connection.prepare_cached("COMMIT")?.execute([]) {
            Ok(_) => return Ok(Written::Durably),
            Err(error) => Err(error.into()),
        },
        other => other,
    };
    // SQLite may have rolled back by itself, as it does when the disk is full.
    if !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK")?.execute([])?;
    }
    result
}

/// `None` if the file was changed so lately that a change that follows could look the same.
fn stamp(path: &Path) -> Option<Stamp> {
    let recently = SystemTime::now().checked_sub(Duration::from_millis(100))?;
    let mut stamp = [None; 2];
    for (place, suffix) in stamp.iter_mut().zip(["", "-wal"]) {
        let Ok(found) = std::fs::metadata(schema::beside(path, suffix)) else { continue };
        if found.modified().ok()? > recently {
            return None;
        }
        *place = Some((found.len(), found.mtime(), found.mtime_nsec(), found.ino()));
    }
    Some(stamp)
}
