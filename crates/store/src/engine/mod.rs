//! What makes an account's bytes durable.
//!
//! An engine keeps four things for one account: the log, the checkpoint, the emails and their octets. It knows neither
//! what a commit means nor what is in a message. Anything that can be done above it is.

mod cells;
mod memory;
pub(crate) mod packed;
pub(crate) mod sqlite;

use std::fmt::Debug;
use std::ops::ControlFlow;

use account::EmailId;
use account::codec::Format;
use imap::ModSeq;

pub use memory::Memory;
pub use packed::{BODY_CHUNK, Packed};
pub use sqlite::Sqlite;

use crate::{Error, Message, Moment};

/// How many octets of rows of the log are read at once, and one row.
pub const LOG_OCTETS: usize = 4 << 20;

/// Whether a row is still read at once with those before it, which take `octets`.
fn fits(octets: &mut usize, row: &Row) -> bool {
    let fits = *octets < LOG_OCTETS;
    *octets += row.changes.len() + row.gone.len();
    fits
}

/// A row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place. The rows of a log have neighbouring ones.
    pub modseq: ModSeq,
    /// When, unix seconds.
    pub at: i64,
    /// Who, for people to read.
    pub actor: String,
    /// What happened: `account::codec::write_commit`.
    pub changes: Vec<u8>,
    /// In format 1, the emails that were in the mailboxes which it deleted: `ids::write`. Newer formats have them in
    /// `changes`.
    pub gone: Vec<u8>,
}

/// The name of a message's octets, as the engine gave it before any row named them. The octets of an empty name come
/// with the row: the email's id is their name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BodyRef(pub Box<[u8]>);

/// An email that comes with a batch.
#[derive(Clone, Debug)]
pub struct NewEmail {
    /// Never used before.
    pub id: EmailId,
    /// When, unix seconds.
    pub received_at: i64,
    /// Its structure, and its octets where `body` is an empty name.
    pub message: Message,
    /// The name of its octets: [`Engine::put`] gave it.
    pub body: BodyRef,
}

/// Commits that become durable together, or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The last commit of the state that they were planned on.
    pub after: Option<ModSeq>,
    /// The rows, the first one right after that.
    pub rows: Vec<Row>,
    /// The emails that they brought.
    pub emails: Vec<NewEmail>,
}

/// Whether something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It is durable.
    Durably,
    /// Nothing was written: somebody else was first.
    TooLate,
}

/// The name of a piece of a checkpoint: (0, 0) is the root, (mailbox, 0) a mailbox, (mailbox, base) a chunk of its
/// messages.
pub type CellName = (u64, u32);

/// A piece of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Which one.
    pub name: CellName,
    /// What `account::codec` wrote.
    pub data: Vec<u8>,
}

/// What a checkpoint is written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The checkpoint at this modseq and no other: what is not named stays.
    This(Option<ModSeq>),
    /// Any that is not newer: all that is there goes, but for what generations need.
    AnyOlder,
}

/// A checkpoint, as far as it is new.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// What it is written over.
    pub over: Over,
    /// The last commit in it.
    pub modseq: ModSeq,
    /// What is new or has changed.
    pub put: Vec<Cell>,
    /// What has gone.
    pub remove: Vec<CellName>,
    /// If it stays readable as a [`Generation`]: when it is written.
    pub keep: Option<Moment>,
}

/// A checkpoint that stays readable when later ones are written over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The last commit in it.
    pub modseq: ModSeq,
    /// When it was written.
    pub moment: Moment,
}

/// What the sweeps know of the age of rows: that this one and all before it were there at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The last row of the log at that moment.
    pub modseq: ModSeq,
    /// The moment.
    pub moment: Moment,
}

/// What an engine keeps of an email beside its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Email<'a> {
    /// Which one.
    pub id: EmailId,
    /// Its size in octets.
    pub size: u32,
    /// The BLAKE3 hash of its octets.
    pub hash: [u8; 32],
    /// When it came in, unix seconds.
    pub received_at: i64,
    /// `mime::Structure`
    pub structure: &'a [u8],
}

/// How far the structures of an account have been looked through for those that older rules made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The rules that they are to be of.
    pub by: mime::Derivation,
    /// The last email that was looked at, all before it too.
    pub upto: EmailId,
}

impl Derived {
    /// Whether it may take the place of what is written down: neither newer rules nor a farther reach.
    pub(crate) fn is_news(&self, known: Option<Self>) -> bool {
        known.is_none_or(|known| (known.by, known.upto) < (self.by, self.upto))
    }
}

/// Sees pieces of a checkpoint.
pub type SeeCell<'a> = &'a mut dyn FnMut(CellName, Option<&[u8]>);

/// Sees emails, one after the other.
pub type VisitEmail<'a> = &'a mut dyn FnMut(Email<'_>) -> ControlFlow<()>;

/// Sees the ids of emails.
pub type VisitId<'a> = &'a mut dyn FnMut(EmailId) -> ControlFlow<()>;

/// Sees chunks as they are kept.
pub type VisitChunk<'a> = &'a mut dyn FnMut(EmailId, Packed<'_>) -> ControlFlow<()>;

/// One account's bytes. Every write is atomic and, when it returns, durable; what is read is what was written, or
/// [`Error::Damaged`]. All functions may be called from any thread; reads never wait for writes.
pub trait Engine: Send + Sync + Debug {
    /// Makes the place where the account is kept, in this format, if it is not there yet; one that does not say whose it
    /// is becomes this account's. Reads and writes of an account that has none fail with [`Error::NoSuchAccount`], those
    /// of one that is another account's with [`Error::Foreign`].
    fn create(&self, format: Format) -> Result<(), Error>;

    /// The format that everything is written in from now on. It only ever rises.
    fn format(&self) -> Result<Format, Error>;

    /// Raises the format, with a batch and a checkpoint of all there is, all at once.
    fn upgrade(&self, format: Format, batch: &Batch, checkpoint: &Checkpoint) -> Result<Written, Error>;

    /// Shows the pieces of the checkpoint, ascending by name; none if there is no checkpoint. One that is damaged is
    /// shown as `None`.
    fn checkpoint(&self, see: SeeCell<'_>) -> Result<(), Error>;

    /// The last row of the log.
    fn newest(&self) -> Result<Option<ModSeq>, Error>;

    /// Up to `limit` rows of the log after a modseq, ascending; fewer where they are more than [`LOG_OCTETS`] together. None
    /// only if there are none.
    fn log(&self, after: Option<ModSeq>, limit: usize) -> Result<Vec<Row>, Error>;

    /// Gives a message's octets a name, for the row that will name them. An engine whose octets lie elsewhere than its
    /// rows makes them durable here; others keep nothing yet. A checksum of the row covers the name.
    fn put(&self, message: &Message) -> Result<BodyRef, Error>;

    /// Nothing will ever name these octets: the commit that was to was refused. Of a commit that failed nobody knows, so
    /// it discards nothing; what no row has named for long is the engine's to find.
    fn discard(&self, body: &BodyRef) -> Result<(), Error>;

    /// Makes a batch durable if `batch.after` is the last row of the log.
    fn append(&self, batch: &Batch) -> Result<Written, Error>;

    /// Makes a checkpoint durable, if it is not ahead of the log. What it replaces or takes away stays readable for the
    /// generations that need it.
    fn save(&self, checkpoint: &Checkpoint) -> Result<Written, Error>;

    /// Shows emails in the order asked for. One that is not there ends it with [`Error::NoSuchEmail`].
    fn emails(&self, ids: &mut dyn Iterator<Item = EmailId>, visit: VisitEmail<'_>) -> Result<(), Error>;

    /// Shows the ids of all emails from one on, ascending.
    fn ids(&self, from: EmailId, visit: VisitId<'_>) -> Result<(), Error>;

    /// Shows the first chunks of emails' octets in the order asked for, as they are kept.
    fn first_chunks(&self, ids: &mut dyn Iterator<Item = EmailId>, visit: VisitChunk<'_>) -> Result<(), Error>;

    /// Appends the octets of one chunk to `out`.
    fn chunk(&self, id: EmailId, number: u32, out: &mut Vec<u8>) -> Result<(), Error>;

    /// The generations, ascending. One that is damaged is left out.
    fn generations(&self) -> Result<Vec<Generation>, Error>;

    /// Shows the pieces of a generation, ascending by name, as [`Engine::checkpoint`] does those of the newest.
    /// [`Error::NoSuchCommit`] if it is none.
    fn generation(&self, modseq: ModSeq, see: SeeCell<'_>) -> Result<(), Error>;

    /// Shows all pieces that are no more in the checkpoint, but in a generation.
    fn superseded(&self, see: SeeCell<'_>) -> Result<(), Error>;

    /// Forgets the generations before one, and what only they need.
    fn forget(&self, before: ModSeq) -> Result<(), Error>;

    /// The marks, ascending by modseq. One that is damaged is left out: rows are taken to be younger then.
    fn marks(&self) -> Result<Vec<Mark>, Error>;

    /// Makes a mark durable, and forgets those of other counts and those of rows before `from`.
    fn mark(&self, mark: &Mark, from: ModSeq) -> Result<(), Error>;

    /// Removes the rows of the log up to a modseq, if the checkpoint covers them and they are not all there are, and
    /// writes down the emails whose last names went with them, each with the last commit that took it away.
    fn expire(&self, upto: ModSeq, doomed: &[(EmailId, ModSeq)]) -> Result<Written, Error>;

    /// Up to `limit` of the emails that [`Engine::expire`] wrote down, after an id, ascending.
    fn doomed(&self, after: Option<EmailId>, limit: usize) -> Result<Vec<(EmailId, ModSeq)>, Error>;

    /// Removes emails with their octets, and forgets that those in `spared` were written down, if `after` is the last
    /// row of the log.
    fn remove(&self, after: Option<ModSeq>, emails: &[EmailId], spared: &[EmailId]) -> Result<Written, Error>;

    /// What [`Engine::rederive`] wrote down last. It saves work and no more: `None` where it cannot be read.
    fn derived(&self) -> Result<Option<Derived>, Error>;

    /// Puts structures in the place of those that the emails have, as far as these are there and whole, and writes down how
    /// far that went, unless newer rules or a reach as far are written down.
    fn rederive(&self, structures: &[(EmailId, Vec<u8>)], derived: Derived) -> Result<Written, Error>;

    /// Gives back some of the room that is free, a few MiB, so that nobody waits long for it; whether there may be more.
    fn shrink(&self) -> Result<bool, Error>;

    /// What is wrong with the files beneath all that, in words.
    fn examine(&self) -> Result<Vec<String>, Error>;

    /// The last row of the log of an account that nobody here works with. It costs next to nothing while nobody writes,
    /// and what was closed is closed afterwards.
    fn glance(&self) -> Result<Option<ModSeq>, Error>;

    /// Gives back what being open costs. The next call opens again.
    fn close(&self) -> Result<(), Error>;

    /// Removes all of it, for ever.
    fn destroy(&self) -> Result<(), Error>;
}
