//! An account's files that are moved away under the servers that have them open, and come back when these are gone.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A database, and what is beside it while it is open.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

/// What stands in the files' place meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// Nothing.
    Nothing,
    /// A file with nothing in it.
    EmptyFile,
}

/// Files that are away.
#[derive(Debug)]
pub(super) struct Away {
    database: PathBuf,
    moved: Vec<(PathBuf, PathBuf)>,
}

impl Away {
    /// Moves a database away, with what belongs to it.
    pub(super) fn take(database: &Path, gap: Gap) -> io::Result<Self> {
        let mut moved = Vec::new();
        for suffix in SUFFIXES {
            let was = with_suffix(database, suffix);
            if was.try_exists()? {
                let is = with_suffix(&was, ".away");
                fs::rename(&was, &is)?;
                moved.push((was, is));
            }
        }
        if gap == Gap::EmptyFile {
            File::create(database)?;
        }
        Ok(Self { database: database.to_owned(), moved })
    }

    /// Puts all back. Nobody has anything open.
    pub(super) fn put_back(self) -> io::Result<()> {
        for suffix in SUFFIXES {
            match fs::remove_file(with_suffix(&self.database, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for (was, is) in self.moved {
            fs::rename(is, was)?;
        }
        Ok(())
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
