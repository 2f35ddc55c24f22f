//! The file that marks a data folder as a store: which one it is, and how far it has given numbers.
//!
//! It is beside the directory so that a directory which comes back from an older backup gives nothing twice. It is
//! written anew and renamed, and only by who holds the directory's right to write.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::folder::Fault;
use crate::Error;
use crate::identity::StoreId;

const WORDS: &str = "\
# This folder is a Posthorn store: accounts with their passwords and their mail. What is in it belongs together.
# Posthorn writes this file itself. Back it up with the rest, and do not remove it or copy it to another folder.
";

/// The highest numbers that were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    /// Of an account; 0 before the first.
    pub(crate) account: u64,
    /// UIDVALIDITY, in any account. No mailbox was ever given a higher one, but for those that came from elsewhere.
    pub(crate) uid_validity: u32,
}

/// How far ahead of the time a commit raises the UIDVALIDITY, so that not each one does: an hour.
const AHEAD: u32 = 3600;

/// A UIDVALIDITY that is this far ahead of the time came from elsewhere, and is nothing to go by: a year.
const FAR: i64 = 366 * 24 * 3600;

impl Numbers {
    /// The first of so many numbers for a new account: the time, and above all that were given.
    pub(crate) fn give_uid_validities(&mut self, time: i64, count: u32) -> u32 {
        let first = u32::try_from(time).unwrap_or(0).max(self.uid_validity.saturating_add(1));
        self.uid_validity = first.saturating_add(count.saturating_sub(1));
        first
    }

    /// Whether a number that a mailbox is given at some time needs no note.
    pub(crate) fn covers(&self, given: u32, time: i64) -> bool {
        given <= self.uid_validity || i64::from(given) > time.saturating_add(FAR)
    }

    /// A mailbox is given this number.
    pub(crate) fn note_uid_validity(&mut self, given: u32) {
        if given > self.uid_validity {
            self.uid_validity = given.saturating_add(AHEAD);
        }
    }
}

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) store: StoreId,
    pub(crate) numbers: Numbers,
}

impl Marker {
    /// Reads the file; `None` if there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, Error> {
        let octets = match fs::read(path) {
            Ok(octets) => octets,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let read = Self::parse(&String::from_utf8_lossy(&octets));
        read.map(Some).ok_or_else(|| Error::damaged(format!("{}: restore it from a backup", path.display())))
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| {
            let mut lines = text.lines().filter(|line| !line.starts_with('#'));
            lines.find_map(|line| line.split_once('=').filter(|(name, _)| name.trim() == key)).map(|(_, v)| v.trim())
        };
        Some(Self {
            store: StoreId::parse(value("store")?.trim_matches('"'))?,
            numbers: Numbers {
                account: value("account")?.parse().ok()?,
                uid_validity: value("uid_validity")?.parse().ok()?,
            },
        })
    }

    /// Writes the file. Whatever stops this, there is the old one or the new one.
    pub(crate) fn write(self, path: &Path) -> Result<(), Error> {
        let Self { store, numbers: Numbers { account, uid_validity } } = self;
        let text = format!("{WORDS}store = \"{store}\"\naccount = {account}\nuid_validity = {uid_validity}\n");
        let new = path.with_extension("store.new");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        Ok(File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?)
    }
}

/// The marker of a store that is open.
#[derive(Debug)]
pub(crate) struct Marks {
    file: PathBuf,
    store: StoreId,
    /// As they were last seen; they only grow.
    seen: Numbers,
}

impl Marks {
    /// A marker that is not written before it is first raised.
    pub(crate) fn new(file: PathBuf, store: StoreId) -> Self {
        Self { file, store, seen: Numbers::default() }
    }

    pub(crate) fn store(&self) -> StoreId {
        self.store
    }

    /// The numbers as they were last seen.
    pub(crate) fn seen(&self) -> Numbers {
        self.seen
    }

    /// Raises numbers; durably, when this returns. Only for who holds the directory's right to write.
    pub(crate) fn raise<T>(&mut self, change: impl FnOnce(&mut Numbers) -> Result<T, Error>) -> Result<T, Error> {
        let ours = Marker::read(&self.file)?.filter(|marker| marker.store == self.store);
        let before = ours.ok_or_else(|| self.lost())?.numbers;
        let mut numbers = before;
        let given = change(&mut numbers)?;
        if before != numbers {
            Marker { store: self.store, numbers }.write(&self.file)?;
        }
        self.seen = numbers;
        Ok(given)
    }

    /// Writes the marker if there is none. `store` is what the directory says to be of: of two processes that give it an
    /// id at once, one was first. `numbers` are the highest that the directory knows of.
    pub(crate) fn complete(&mut self, store: StoreId, numbers: Numbers) -> Result<(), Error> {
        self.store = store;
        match Marker::read(&self.file)? {
            None => Marker { store, numbers }.write(&self.file),
            Some(found) if found.store == store => Ok(()),
            Some(_) => Err(self.lost()),
        }
    }

    fn lost(&self) -> Error {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        Fault::OtherMarker.of(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let marker = Marker { store: StoreId::new(7), numbers: Numbers { account: 12, uid_validity: 1_790_000_000 } };
        let folder = std::env::temp_dir().join(format!("posthorn-marker-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("posthorn.store");
        assert_eq!(Marker::read(&path).unwrap(), None);
        marker.write(&path).unwrap();
        assert_eq!(Marker::read(&path).unwrap(), Some(marker));
        for text in ["", "store = \"7\"", "garbage\0"] {
            fs::write(&path, text).unwrap();
            assert!(matches!(Marker::read(&path), Err(Error::Damaged { .. })), "{text}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
