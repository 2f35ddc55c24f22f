//! Who holds an account's file open: one connection that writes, a few that read, none while nobody asks.

use std::cell::Cell;
use std::path::Path;

use imap::ModSeq;
use rusqlite::Connection;

use super::footing::{Footing, Look, Paths, Stamp, stamp};
use super::manner::{Manner, Opened};
use super::need::Need;
use super::schema::{self, Place, Role};
use super::{read, spoils};
use crate::disk::{Disk, Promise};
use crate::engine::Written;
use crate::lock::{Lock, Rank};
use crate::{Error, Identity};

/// How many reading connections are kept. More are opened when more are needed at once.
const READERS: usize = 2;

#[derive(Debug)]
pub(super) struct Connections {
    paths: Paths,
    owner: Identity,
    disk: Disk,
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
    opened: Opened,
    footing: Footing,
    look: Cell<Option<Look>>,
}

#[derive(Debug)]
struct Readers {
    idle: Vec<Held>,
    /// How many read just now.
    at_work: usize,
    /// Grows when all are closed: who was reading meanwhile closes too when done.
    generation: u64,
    /// How connections are opened. All of a process are opened in the same way, as they share what is mapped.
    manner: Manner,
}

impl Connections {
    pub(super) fn new(path: &Path, owner: Identity, disk: Disk) -> Self {
        let writer = Lock::new(Rank::Writer, Writer::default());
        let readers = Readers { idle: Vec::new(), at_work: 0, generation: 0, manner: Manner::Usual };
        Self { paths: Paths::new(path), owner, disk, writer, readers: Lock::new(Rank::Readers, readers) }
    }

    pub(super) fn path(&self) -> &Path {
        self.paths.database()
    }

    pub(super) fn owner(&self) -> Identity {
        self.owner
    }

    /// Speaks for room on the disk.
    pub(super) fn promise(&self, (work, octets): Need) -> Result<Promise, Error> {
        self.disk.promise(work, octets)
    }

    /// Writes in one transaction, which is durable or undone when this returns. What was written to a file that is not
    /// there any more, or not in its place, is lost with it.
    pub(super) fn write(
        &self,
        need: Need,
        act: impl FnOnce(&Connection) -> Result<Written, Error>,
    ) -> Result<Written, Error> {
        let _room = self.promise(need)?;
        self.with_writer(|held| {
            if held.opened.manner == Manner::Careful {
                // There was no room just now, and somebody still reads in that manner.
                return Err(Error::Busy);
            }
            self.stands(held)?;
            let written = transaction(&held.opened.connection, act)?;
            self.stands(held)?;
            Ok(written)
        })
    }

    /// Reads, or does what needs no transaction, by the connection that writes: it is open already where somebody
    /// works with the account.
    pub(super) fn look<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        self.with_writer(|held| {
            self.stands(held)?;
            self.read_by(held, act)
        })
    }

    /// Reads. What changed meanwhile, where others could not be kept from it, is not believed.
    fn read_by<T>(&self, held: &Held, act: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let result = act(&held.opened.connection);
        if held.opened.holds(self.path()) { result } else { Err(Error::Busy) }
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
        self.with_this_writer(&mut self.writer.lock(), act)
    }

    fn with_this_writer<T>(
        &self,
        writer: &mut Writer,
        act: impl FnOnce(&Held) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.suit_the_disk(writer);
        let held = if let Some(held) = writer.connection.take() { held } else { self.open_writer(writer)? };
        let result = act(&held);
        self.mind(held.opened.manner, &result);
        if result.as_ref().is_err_and(spoils) {
            // After a failed sync nobody knows what of the file is on disk. It is closed, never asked again to sync
            // the same pages, and read anew.
            writer.suspect |= held.opened.manner == Manner::Usual;
            self.close_readers();
            // One that was deleted is in this connection alone, which is to save it.
            if held.footing.holds(&self.paths) {
                held.opened.leave_journal();
            }
            self.let_go(held);
        } else if held.opened.lasts() {
            writer.connection = Some(held);
        }
        result
    }

    /// A disk that has failed may have no room, whatever it says.
    fn mind<T>(&self, manner: Manner, result: &Result<T, Error>) {
        if let (Manner::Usual, Err(Error::Full | Error::Io(_) | Error::Database(_))) = (manner, result) {
            self.disk.doubt();
        }
    }

    /// Closes all that was opened in another manner than the disk calls for, unless somebody reads: they share what is
    /// mapped. Until nobody does, it stays as it is; who reads again and again writes nothing into the index.
    fn suit_the_disk(&self, writer: &mut Writer) {
        let manner = Manner::on(&self.disk);
        let mut readers = self.readers.lock();
        if readers.manner == manner || readers.at_work > 0 {
            return;
        }
        readers.manner = manner;
        readers.generation += 1;
        let closed = readers.idle.drain(..).chain(writer.connection.take());
        for held in closed {
            // A disk that takes nothing does not take what is in the journal either.
            if manner == Manner::Careful {
                held.opened.leave_journal();
            }
        }
    }

    fn open_writer(&self, writer: &mut Writer) -> Result<Held, Error> {
        let held = self.open_as(Role::Writer)?;
        if writer.suspect {
            if held.opened.manner == Manner::Careful {
                return Err(Error::Full);
            }
            settle(&held.opened.connection)?;
            writer.suspect = false;
        }
        Ok(held)
    }

    fn open_as(&self, role: Role) -> Result<Held, Error> {
        let manner = self.readers.lock().manner;
        let (before, look) = (self.paths.now(), self.paths.look());
        let place = Place { path: self.path(), owner: self.owner, disk: &self.disk };
        let opened = schema::open(place, role, manner);
        self.mind(manner, &opened);
        let opened = opened?;
        let footing = self.paths.now();
        // Else nobody knows which of them was opened.
        if !footing.same_database(&before) {
            return Err(self.replaced());
        }
        Ok(Held { opened, footing, look: Cell::new(look) })
    }

    /// Reads by a connection of its own, so that it never waits for a write; where no file can be opened any more, by the
    /// one that writes.
    pub(super) fn read<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let manner = Manner::on(&self.disk);
        if self.readers.lock().manner != manner {
            self.suit_the_disk(&mut self.writer.lock());
        }
        let at_work = AtWork::begin(&self.readers);
        let (idle, generation) = {
            let mut readers = self.readers.lock();
            (readers.idle.pop(), readers.generation)
        };
        let held = match idle.map_or_else(|| self.open_as(Role::Reader), Ok) {
            // Who has it may wait for us.
            Err(Error::NoDescriptors) => match self.writer.try_lock() {
                Some(mut writer) => {
                    drop(at_work);
                    return self.with_this_writer(&mut writer, |held| {
                        self.is_its_owners(held)?;
                        self.read_by(held, act)
                    });
                }
                None => return Err(Error::NoDescriptors),
            },
            held => held?,
        };
        let result = self.is_its_owners(&held).and_then(|()| self.read_by(&held, act));
        self.mind(held.opened.manner, &result);
        let mut readers = self.readers.lock();
        let healthy = !result.as_ref().is_err_and(spoils) && held.opened.lasts();
        if healthy && readers.generation == generation && readers.idle.len() < READERS {
            readers.idle.push(held);
        }
        result
    }

    pub(super) fn close(&self) {
        let mut writer = self.writer.lock();
        self.suit_the_disk(&mut writer);
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
            held.opened.leave_journal();
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
        self.suit_the_disk(&mut writer);
        if let Some(held) = writer.connection.take() {
            if let Err(replaced) = self.stands(&held) {
                self.close_readers();
                self.let_go(held);
                return Err(replaced);
            }
            return read::newest(&writer.connection.insert(held).opened.connection);
        }
        let before = stamp(self.path());
        if let (Some(before), Some((then, newest))) = (before, writer.glanced)
            && before == then
        {
            return Ok(newest);
        }
        let opened = self.open_writer(&mut writer)?;
        let newest = self.read_by(&opened, read::newest)?;
        drop(opened);
        let untouched = before.filter(|before| stamp(self.path()) == Some(*before));
        writer.glanced = untouched.map(|stamp| (stamp, newest));
        Ok(newest)
    }
}

/// Somebody reads.
struct AtWork<'a>(&'a Lock<Readers>);

impl<'a> AtWork<'a> {
    fn begin(readers: &'a Lock<Readers>) -> Self {
        readers.lock().at_work += 1;
        Self(readers)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.lock().at_work -= 1;
    }
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
