//! Where the sweeps of a store stand, written down beside the accounts for the next start.
//!
//! One line: the version, the count in hexadecimal, its seconds; when the round that looks for damage was begun, the last
//! account that it has read (0: none), whether that was the last (1) or not (0); and the CRC32C of what is before in
//! hexadecimal, with a blank after each. What cannot be read says nothing, and a new count begins: what is old stays longer then, and nothing
//! goes too early.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::inspect::Inspected;
use crate::{AccountId, Error, Moment};

const VERSION: u64 = 1;

/// What is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stand {
    /// How much time has passed.
    pub(crate) moment: Moment,
    /// What has been read to find damage.
    pub(crate) inspected: Inspected,
}

impl Stand {
    /// What is written down at `path`; where nothing is, or nothing that can be read, a new count.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        if let Some(stand) = Self::read(path)? {
            return Ok(stand);
        }
        let new = Self { moment: Moment::first()?, inspected: Inspected::default() };
        let file = new.beside(path)?;
        // Another process may be about to do the same: whose file has the name first is right for both.
        let linked = fs::hard_link(&file, path);
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match Self::read(path)? {
                Some(theirs) => {
                    fs::remove_file(&file)?;
                    return Ok(theirs);
                }
                // It is damaged.
                None => fs::rename(&file, path)?,
            },
            Err(error) => return Err(error.into()),
            Ok(()) => fs::remove_file(&file)?,
        }
        Ok(new)
    }

    /// Writes it down in the place of an earlier one, and gives what is written down then: if another process has counted
    /// further, that.
    pub(crate) fn write(mut self, path: &Path) -> Result<Self, Error> {
        if let Some(theirs) = Self::read(path)?.filter(|theirs| theirs.moment.count == self.moment.count) {
            self.moment.seconds = self.moment.seconds.max(theirs.moment.seconds);
        }
        fs::rename(self.beside(path)?, path)?;
        Ok(self)
    }

    fn read(path: &Path) -> Result<Option<Self>, Error> {
        match fs::read(path) {
            Ok(octets) => Ok(Self::parse(&octets)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn parse(octets: &[u8]) -> Option<Self> {
        let (line, crc) = std::str::from_utf8(octets).ok()?.strip_suffix('\n')?.rsplit_once(' ')?;
        let mut words = line.split(' ');
        let version: u64 = words.next()?.parse().ok()?;
        let count = u64::from_str_radix(words.next()?, 16).ok()?;
        let seconds = words.next()?.parse().ok()?;
        let (begun, after) = (words.next()?.parse().ok()?, AccountId::new(words.next()?.parse().ok()?));
        let inspected = Inspected { begun, after, whole: words.next()? == "1" };
        let sound = version == VERSION && words.next().is_none() && u32::from_str_radix(crc, 16) == Ok(sum(line));
        sound.then_some(Self { moment: Moment { count, seconds }, inspected })
    }

    fn text(self) -> String {
        let Moment { count, seconds } = self.moment;
        let Inspected { begun, after, whole } = self.inspected;
        let (after, whole) = (after.map_or(0, AccountId::get), u8::from(whole));
        let line = format!("{VERSION} {count:016x} {seconds} {begun} {after} {whole}");
        format!("{line} {:08x}\n", sum(&line))
    }

    /// Writes a file beside the one at `path`, whole and on disk before it can have that one's name.
    fn beside(self, path: &Path) -> Result<PathBuf, Error> {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}", std::process::id()));
        let name = PathBuf::from(name);
        let mut file: File = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&name)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()?;
        Ok(name)
    }
}

fn sum(line: &str) -> u32 {
    crc32c::crc32c(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_says_nothing() {
        let inspected = Inspected { begun: 70_000, after: AccountId::new(42), whole: false };
        let stand = Stand { moment: Moment { count: 0x1234, seconds: 86_400 }, inspected };
        let text = stand.text();
        assert_eq!(Stand::parse(text.as_bytes()), Some(stand));
        for at in 0..text.len() {
            let mut octets = text.clone().into_bytes();
            octets[at] ^= 1;
            assert_eq!(Stand::parse(&octets), None, "octet {at}");
            assert_eq!(Stand::parse(&text.as_bytes()[..at]), None, "{at} octets");
        }
    }
}
