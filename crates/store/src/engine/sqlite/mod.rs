//! An account in one SQLite file.
//!
//! `schema` says what is in the file and how it is opened, `connections` who holds it open, `write` and `read` are the
//! two halves of the engine; `marks`, `history` and `derived` have both halves of their tables. SQLite's pages carry no
//! checksums, so every row that matters has its own (`crc`).

mod connections;
mod crc;
mod derived;
mod directory;
mod error;
mod footing;
mod history;
mod manner;
mod marks;
mod need;
mod read;
mod rows;
mod schema;
mod write;

use std::path::Path;

use account::EmailId;
use account::codec::Format;
use imap::ModSeq;

use self::connections::Connections;
use self::error::spoils;
use super::{
    Batch, BodyRef, Checkpoint, Derived, Engine, Generation, Mark, Row, SeeCell, VisitChunk, VisitEmail, VisitId,
    Written,
};
use crate::disk::Disk;
use crate::{Error, Identity, Message, Options};

pub(crate) use directory::SqliteDirectory;
pub(crate) use footing::{Footing, Paths};
pub(crate) use rows::{SqliteRows, seat};
pub(crate) use schema::{durable_folder, private_file};

/// An account's file. It is opened when it is first used.
#[derive(Debug)]
pub struct Sqlite {
    connections: Connections,
}

impl Sqlite {
    /// The account that is kept in the file at `path`, whether it is there or not.
    pub fn new(path: &Path, owner: Identity, options: &Options) -> Self {
        Self { connections: Connections::new(path, owner, Disk::new(path, options)) }
    }

    /// Where it is kept.
    pub fn path(&self) -> &Path {
        self.connections.path()
    }
}

impl Engine for Sqlite {
    fn create(&self, format: Format) -> Result<(), Error> {
        let _room = self.connections.promise(need::ACCOUNT)?;
        schema::create(self.connections.path(), self.connections.owner(), format)
    }

    fn format(&self) -> Result<Format, Error> {
        self.connections.look(|connection| schema::format(connection, self.connections.path()))
    }

    fn upgrade(&self, format: Format, batch: &Batch, checkpoint: &Checkpoint) -> Result<Written, Error> {
        self.connections.write(need::of_checkpoint(checkpoint), |connection| {
            if write::append(connection, batch)? == Written::TooLate {
                return Ok(Written::TooLate);
            }
            let saved = write::save(connection, checkpoint)?;
            schema::set_format(connection, format)?;
            Ok(saved)
        })
    }

    fn checkpoint(&self, see: SeeCell<'_>) -> Result<(), Error> {
        self.connections.look(|connection| read::checkpoint(connection, see))
    }

    fn newest(&self) -> Result<Option<ModSeq>, Error> {
        self.connections.look(read::newest)
    }

    fn log(&self, after: Option<ModSeq>, limit: usize) -> Result<Vec<Row>, Error> {
        self.connections.look(|connection| read::log(connection, after, limit))
    }

    /// The octets go in the transaction that writes their email's row, after it: one sync makes all durable.
    fn put(&self, _: &Message) -> Result<BodyRef, Error> {
        Ok(BodyRef::default())
    }

    fn discard(&self, _: &BodyRef) -> Result<(), Error> {
        Ok(())
    }

    fn append(&self, batch: &Batch) -> Result<Written, Error> {
        self.connections.write(need::of_batch(batch), |connection| write::append(connection, batch))
    }

    fn save(&self, checkpoint: &Checkpoint) -> Result<Written, Error> {
        self.connections.write(need::of_checkpoint(checkpoint), |connection| write::save(connection, checkpoint))
    }

    fn emails(&self, ids: &mut dyn Iterator<Item = EmailId>, visit: VisitEmail<'_>) -> Result<(), Error> {
        self.connections.read(|connection| read::emails(connection, ids, visit))
    }

    fn ids(&self, from: EmailId, visit: VisitId<'_>) -> Result<(), Error> {
        self.connections.read(|connection| read::ids(connection, from, visit))
    }

    fn first_chunks(&self, ids: &mut dyn Iterator<Item = EmailId>, visit: VisitChunk<'_>) -> Result<(), Error> {
        self.connections.read(|connection| read::first_chunks(connection, ids, visit))
    }

    fn chunk(&self, id: EmailId, number: u32, out: &mut Vec<u8>) -> Result<(), Error> {
        self.connections.read(|connection| read::chunk(connection, (id, number), out))
    }

    fn generations(&self) -> Result<Vec<Generation>, Error> {
        self.connections.look(history::generations)
    }

    fn generation(&self, modseq: ModSeq, see: SeeCell<'_>) -> Result<(), Error> {
        self.connections.read(|connection| history::generation(connection, modseq, see))
    }

    fn superseded(&self, see: SeeCell<'_>) -> Result<(), Error> {
        self.connections.read(|connection| history::superseded(connection, see))
    }

    fn forget(&self, before: ModSeq) -> Result<(), Error> {
        let _always = self.connections.write(need::LITTLE, |connection| history::forget(connection, before))?;
        Ok(())
    }

    fn marks(&self) -> Result<Vec<Mark>, Error> {
        self.connections.look(marks::read)
    }

    fn mark(&self, mark: &Mark, from: ModSeq) -> Result<(), Error> {
        let _always = self.connections.write(need::LITTLE, |connection| marks::write(connection, mark, from))?;
        Ok(())
    }

    fn expire(&self, upto: ModSeq, doomed: &[(EmailId, ModSeq)]) -> Result<Written, Error> {
        self.connections.write(need::LITTLE, |connection| write::expire(connection, upto, doomed))
    }

    fn doomed(&self, after: Option<EmailId>, limit: usize) -> Result<Vec<(EmailId, ModSeq)>, Error> {
        self.connections.look(|connection| read::doomed(connection, after, limit))
    }

    fn remove(&self, after: Option<ModSeq>, emails: &[EmailId], spared: &[EmailId]) -> Result<Written, Error> {
        self.connections.write(need::LITTLE, |connection| write::remove(connection, after, emails, spared))
    }

    fn shrink(&self) -> Result<bool, Error> {
        match self.connections.promise(need::SHRINKING) {
            Ok(_room) => self.connections.look(write::shrink),
            // Where there is no room to move pages, the next sweep tries again.
            Err(_) => Ok(true),
        }
    }

    fn derived(&self) -> Result<Option<Derived>, Error> {
        self.connections.look(derived::read)
    }

    fn rederive(&self, structures: &[(EmailId, Vec<u8>)], derived: Derived) -> Result<Written, Error> {
        self.connections
            .write(need::of_structures(structures), |connection| derived::rederive(connection, structures, derived))
    }

    fn examine(&self) -> Result<Vec<String>, Error> {
        self.connections.read(read::examine)
    }

    fn glance(&self) -> Result<Option<ModSeq>, Error> {
        self.connections.glance()
    }

    fn close(&self) -> Result<(), Error> {
        self.connections.close();
        Ok(())
    }

    fn destroy(&self) -> Result<(), Error> {
        self.connections.close();
        schema::destroy(self.connections.path())
    }
}

/// The rowid of a chunk of a message's octets: an email's chunks are neighbours, and emails follow each other.
fn body_id((id, number): (EmailId, u32)) -> Result<i64, Error> {
    const CHUNK_BITS: u32 = 14;
    if number >> CHUNK_BITS != 0 || id.get() >= 1 << (63 - CHUNK_BITS) {
        return Err(Error::TooLarge);
    }
    Ok((id.get() << CHUNK_BITS).cast_signed() | i64::from(number))
}

/// As SQLite takes it: both kinds of number are below 2^63.
fn email_id(id: EmailId) -> i64 {
    id.get().cast_signed()
}

fn modseq(modseq: Option<ModSeq>) -> i64 {
    modseq.map_or(0, ModSeq::get).cast_signed()
}

/// A modseq of a row; `None` is one that no row can have.
fn read_modseq(number: i64) -> Option<ModSeq> {
    ModSeq::new(number.cast_unsigned())
}
