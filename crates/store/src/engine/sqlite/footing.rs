//! Whether a file that is open is still the one that its path names.
//!
//! What is written to a file that was deleted or replaced is lost when it is closed, and SQLite does not tell.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::schema::beside;

/// What is beside a database while it is open, and as much a part of it.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

/// The paths of a database, to be looked at after every commit.
#[derive(Debug)]
pub(crate) struct Paths([PathBuf; 3]);

impl Paths {
    pub(crate) fn new(path: &Path) -> Self {
        Self(SUFFIXES.map(|suffix| beside(path, suffix)))
    }

    pub(crate) fn database(&self) -> &Path {
        &self.0[0]
    }

    /// How the database looks now; `None` if it is not there.
    pub(crate) fn look(&self) -> Option<Look> {
        let found = std::fs::metadata(self.database()).ok()?;
        Some((found.len(), found.ctime(), found.ctime_nsec()))
    }

    /// Which files the paths name now.
    pub(crate) fn now(&self) -> Footing {
        let found = |at: usize| std::fs::metadata(&self.0[at]).ok();
        // A database that was cut to nothing is not there any more, though its file is.
        let database = found(0).filter(|database| database.len() > 0);
        Footing([database, found(1), found(2)].map(|found| found.map(|found| (found.dev(), found.ino()))))
    }
}

/// How a database looks from outside: its length, and when it or what is known of it was changed. It looks otherwise when
/// a journal was written into it, and when somebody copied another file over it.
pub(crate) type Look = (u64, i64, i64);

/// The files that a database had when it was opened: device and inode. A path that names the same inode still is a link
/// to it, so links need not be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Footing([Option<(u64, u64)>; 3]);

impl Footing {
    /// Whether these are still there. What was not beside the database when it was opened may have come since.
    pub(crate) fn holds(&self, paths: &Paths) -> bool {
        let now = paths.now();
        self.0.iter().zip(now.0).all(|(then, now)| then.is_none() || *then == now)
    }

    /// Whether both have the same database, whatever is beside it.
    pub(crate) fn same_database(&self, other: &Self) -> bool {
        self.0[0] == other.0[0]
    }
}

/// How a file and its journal look from outside: length, time of change, inode.
pub(crate) type Stamp = [Option<(u64, i64, i64, u64)>; 2];

/// `None` if the file was changed so lately that a change that follows could look the same.
pub(super) fn stamp(path: &Path) -> Option<Stamp> {
    let recently = SystemTime::now().checked_sub(Duration::from_millis(100))?;
    let mut stamp = [None; 2];
    for (place, suffix) in stamp.iter_mut().zip(["", "-wal"]) {
        let Ok(found) = std::fs::metadata(beside(path, suffix)) else { continue };
        if found.modified().ok()? > recently {
            return None;
        }
        *place = Some((found.len(), found.mtime(), found.mtime_nsec(), found.ino()));
    }
    Some(stamp)
}
