//! What keeps the store from doing what it was asked to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use account::codec::Format;

use crate::backend::Fault;
use crate::{Identity, disk};

/// A failure of the store. What was asked for did not happen, but for [`Error::Unsettled`]; all that was durable before still is.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The disk or a quota of the file system is full.
    #[error("the disk is full")]
    Full,
    /// The disk is mounted for reading only.
    #[error("the disk is mounted for reading only")]
    ReadOnly,
    /// The process has as many files open as it may, or the machine has.
    #[error("too many files are open: raise the limit of open files (LimitNOFILE, `ulimit -n`)")]
    NoDescriptors,
    /// Reading or writing a file failed.
    #[error("{0}")]
    Io(Arc<std::io::Error>),
    /// The database said no, in its words.
    #[error("{0}")]
    Database(Arc<str>),
    /// A write failed, and so did looking whether it got through: what was asked for may have happened.
    #[error("a write failed, and whether it got through is not known: {0}")]
    Unsettled(Arc<str>),
    /// Another process held the account for too long.
    #[error("another process holds the database")]
    Busy,
    /// What was read is not what was written.
    #[error("damaged: {what}")]
    Damaged {
        /// What is damaged, and how it shows.
        what: String,
    },
    /// The data was written by a newer version of the store.
    #[error(
        "{what} was written by a newer version of Posthorn (format {format}); this one reads up to {}: upgrade this program",
        Format::NEWEST.number()
    )]
    TooNew {
        /// Which file.
        what: String,
        /// Its format.
        format: i64,
    },
    /// The data folder is not opened, and is left as it is.
    #[error("{}: {fault}", folder.display())]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// Why.
        fault: Fault,
    },
    /// An account has mail, and what it was kept in is missing or empty.
    #[error(
        "{what} is missing or empty: restore it from a backup; without one, `posthorn user remove` and `posthorn user add` make the account anew, with no mail"
    )]
    Missing {
        /// Which file.
        what: String,
    },
    /// An account's file is another one's.
    #[error("{what} is {}: put back the right one, from a backup", whose(*found))]
    Foreign {
        /// Which file.
        what: String,
        /// Whose it is, if it says so.
        found: Option<Identity>,
    },
    /// A file was deleted or replaced while it was in use. What was written to it at last may be lost.
    #[error(
        "{what} was deleted or replaced while it was in use: stop the server, put the right file back, and start it"
    )]
    Replaced {
        /// Which file.
        what: String,
    },
    /// No UIDVALIDITY is left for another account (RFC 9051 §2.3.1.1: 32 bits, and each is above all before).
    #[error(
        "no UIDVALIDITY is left for a new account: the clock of this machine was wrong for long, or mail was imported whose numbers were; accounts that are there go on"
    )]
    OutOfNumbers,
    /// There is no account of that id or name; or it was removed.
    #[error("there is no such account")]
    NoSuchAccount,
    /// An account or an alias of that name exists.
    #[error("the name {0} is taken")]
    NameTaken(String),
    /// A name or an address that cannot be one.
    #[error("{0:?} cannot be a name")]
    BadName(String),
    /// There is no such email: it was removed, or never was.
    #[error("there is no email {0}")]
    NoSuchEmail(account::EmailId),
    /// A message is larger than 4 GiB.
    #[error("the message is too large")]
    TooLarge,
    /// The changes of a plan do not follow from the state that they were planned on: a mistake in the plan.
    #[error("a plan is wrong: {0}")]
    WrongPlan(String),
    /// A commit that was not made yet, or is from before what is kept.
    #[error("the account as of commit {0} is not known")]
    NoSuchCommit(imap::ModSeq),
    /// A mistake of ours in what is done from time to time.
    #[error("it panicked: {0}")]
    Panicked(String),
}

impl Error {
    /// Whether the disk takes nothing, and reading goes on.
    pub fn is_of_a_disk_that_takes_nothing(&self) -> bool {
        matches!(self, Self::Full | Self::ReadOnly)
    }

    /// Something that was read is not what was written.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    /// Says which file it was that could not be read.
    pub(crate) fn at(self, path: &Path) -> Self {
        let path = path.display();
        match self {
            Self::Damaged { what } => Self::damaged(format!("{path}: {what}: restore it from a backup")),
            Self::Database(words) => Self::Database(format!("{path}: {words}").into()),
            Self::Io(error) => Self::Io(Arc::new(std::io::Error::new(error.kind(), format!("{path}: {error}")))),
            other => other,
        }
    }
}

fn whose(found: Option<Identity>) -> String {
    found.map_or_else(|| "one that does not say whose it is".to_owned(), |found| format!("that of {found}"))
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ if disk::is_short_of_descriptors(&error) => Self::NoDescriptors,
            _ => Self::Io(Arc::new(error)),
        }
    }
}
