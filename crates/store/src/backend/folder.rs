//! A data folder: where what lies in it, and whether its parts belong together.
//!
//! A folder whose parts do not is left as it is, for its keeper to put right: whatever a store made up in the place of
//! what is missing would be mail that is lost, or a stranger's.

use std::fmt;
use std::fs::{self, DirEntry};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::engine::sqlite::durable_folder;
use crate::{AccountId, Error};

/// What is in a folder that is set up but holds nothing yet: a new file system's own, and what the server puts there
/// beside the store.
const BESIDE: [&str; 4] = ["lost+found", "tls", "secret", "tmp"];

/// Why a folder is not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not there, or there is nothing in it.
    NotSetUp,
    /// Something is in it, but no store.
    Occupied {
        /// One of the things in it.
        by: String,
    },
    /// The directory is missing or empty, and there is something that shows that it was there.
    NoDirectory,
    /// The directory is of another store than the folder, or from before the folder was marked.
    OtherDirectory,
    /// The directory is older than the accounts: one that it has not given yet is there.
    OldDirectory {
        /// The account that the directory does not know of.
        account: AccountId,
    },
    /// The directory knows accounts that have mail, and not one of their files is there.
    NoAccounts,
    /// The marker is missing, or another store's.
    OtherMarker,
}

impl Fault {
    pub(crate) fn of(self, folder: &Path) -> Error {
        Error::Folder { folder: folder.to_owned(), fault: self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let together = "restore directory.sqlite, posthorn.store and accounts/ together, from one backup";
        match self {
            Self::NotSetUp => f.write_str("there is no store in it"),
            Self::Occupied { by } => {
                write!(f, "there is no store in it, but {by}: name an empty folder, or the right one")
            }
            Self::NoDirectory => write!(f, "its directory.sqlite is missing or empty: {together}"),
            Self::OtherDirectory => write!(f, "its directory.sqlite is of another store than the folder: {together}"),
            Self::OldDirectory { account } => write!(
                f,
                "its directory.sqlite is older than accounts/, where there is an account {account} that it does not \
                 know: {together}"
            ),
            Self::NoAccounts => {
                write!(f, "its accounts/ is missing or empty: mount it if it is not mounted, else {together}")
            }
            Self::OtherMarker => write!(f, "its posthorn.store is missing or another store's: {together}"),
        }
    }
}

/// A data folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.0.join("directory.sqlite")
    }

    pub(crate) fn marker(&self) -> PathBuf {
        self.0.join("posthorn.store")
    }

    /// Where large messages wait.
    pub(crate) fn spool(&self) -> PathBuf {
        self.0.join("tmp")
    }

    fn accounts(&self) -> PathBuf {
        self.0.join("accounts")
    }

    /// Where an account is kept: folders by the last two digits of its id, so that none has very many files. Nothing that
    /// anybody chose becomes part of a path.
    pub(crate) fn account(&self, id: AccountId) -> PathBuf {
        self.accounts().join(format!("{:02x}", id.get() & 0xff)).join(format!("{id}.sqlite"))
    }

    /// Makes the folder, if there is nothing in it that is not ours.
    pub(crate) fn make(&self) -> Result<(), Error> {
        let ours = [self.directory(), self.accounts(), self.marker()];
        let foreign = |entry: &DirEntry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let beside = name.starts_with('.') || name.starts_with("control") || BESIDE.contains(&&*name);
            !beside && !ours.iter().any(|ours| entry.path().to_string_lossy().starts_with(&*ours.to_string_lossy()))
        };
        if let Some(entry) = entries(&self.0)?.into_iter().find(foreign) {
            return Err(Fault::Occupied { by: entry.file_name().to_string_lossy().into_owned() }.of(&self.0));
        }
        durable_folder(&self.accounts())
    }

    /// Whether there is a file of an account.
    pub(crate) fn has_accounts(&self) -> Result<bool, Error> {
        for folder in entries(&self.accounts())? {
            if folder.path().is_dir() && !entries(&folder.path())?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// An account that is there and has a higher number than the last one that was given. Looking through all that is
    /// there would take long where there are many, so the next numbers are tried.
    pub(crate) fn beyond(&self, last: u64, known: u64) -> Option<AccountId> {
        const AHEAD: u64 = 256;
        let numbers = last.saturating_add(1)..=last.max(known).saturating_add(AHEAD);
        numbers.filter_map(AccountId::new).find(|id| self.account(*id).exists())
    }
}

/// What is in a folder; nothing, if it is not there.
fn entries(folder: &Path) -> Result<Vec<DirEntry>, Error> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(entries.collect::<Result<_, _>>()?),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}
