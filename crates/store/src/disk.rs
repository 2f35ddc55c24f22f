//! How much room a disk has, and what may still be written to it.
//!
//! SQLite maps the index of a journal into memory, as a file beside it. Where the file system has no block for a page of
//! that when the page is written, there is nobody to tell: the kernel ends the process by SIGBUS. So it never comes to
//! that: a reserve is kept free. What brings mail leaves it alone, small changes and what gives room back may use three
//! quarters of it, and in the last quarter nothing is written, and nothing mapped for writing (`engine/sqlite/manner`).

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use rustix::fs::{Mode, OFlags, StatVfsMountFlags};
use rustix::io::Errno;

use crate::{Error, Options};

/// What is kept free unless somebody says otherwise.
const RESERVE: u64 = 64 << 20;

/// The share of a disk that this is at most.
const SHARE: u64 = 16;

/// What nobody touches, whatever the reserve is.
const LEAST: u64 = 1 << 20;

/// What is written to see whether a disk has room in fact.
const PROOF: usize = 1 << 20;

/// How long a disk that had none is left alone before it is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// How long one that copies has to have room, each time that it is tried: while what filled it is being removed, it has some
/// at one moment and none at the next.
const STEADY: Duration = Duration::from_secs(30);

/// What the transactions of this process that are under way may come to take, on whatever disk.
static PROMISED: AtomicU64 = AtomicU64::new(0);

/// The file systems that are not believed before something was written to them, and those that were tried lately.
static TRUST: LazyLock<RwLock<HashMap<u64, Trust>>> = LazyLock::new(RwLock::default);

/// How far a file system is believed that says it has room.
#[derive(Clone, Copy, Debug)]
enum Trust {
    Whole,
    /// It had no room just now, whatever it said.
    Doubted,
    /// It had none when it was tried.
    Refuted(Instant),
    /// It has had some since then, and when it was last tried.
    Hoped {
        since: Instant,
        tried: Instant,
    },
}

/// What a file system says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Which one it is.
    pub system: u64,
    /// The octets that this process may still write.
    pub free: u64,
    /// All that it has; 0 if it does not say.
    pub total: u64,
    /// It is mounted for reading only.
    pub read_only: bool,
    /// It writes everything anew, and so cannot say exactly what it takes.
    pub copies: bool,
}

impl Measured {
    /// The file system that a path is on.
    pub fn of(path: &Path) -> io::Result<Self> {
        /// btrfs, bcachefs, ZFS.
        const COPYING: [u64; 3] = [0x9123_683e, 0xca45_1a4e, 0x2fc1_2fc1];
        let found = rustix::fs::statvfs(path)?;
        let kind = rustix::fs::statfs(path)?.f_type;
        let octets = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Ok(Self {
            system: found.f_fsid,
            free: octets(found.f_bavail),
            total: octets(found.f_blocks),
            read_only: found.f_flag.contains(StatVfsMountFlags::RDONLY),
            copies: u64::try_from(kind).is_ok_and(|kind| COPYING.contains(&kind)),
        })
    }
}

/// What a disk still takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// All.
    Plenty,
    /// No mail: the reserve is begun. Small changes, and what gives room back.
    Reserve,
    /// Nothing.
    Full,
    /// Nothing: it is mounted for reading only.
    ReadOnly,
}

/// What somebody is about to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// What can grow without end.
    Adds,
    /// What is small, or gives room back.
    Keeps,
}

/// The disk that a path is on.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    path: Arc<Path>,
    reserve: Option<u64>,
    measure: fn(&Path) -> io::Result<Measured>,
}

/// Room that is spoken for while this lives.
#[derive(Debug)]
pub(crate) struct Promise(u64);

impl Drop for Promise {
    fn drop(&mut self) {
        PROMISED.fetch_sub(self.0, Ordering::AcqRel);
    }
}

impl Disk {
    pub(crate) fn new(path: &Path, options: &Options) -> Self {
        Self { path: path.into(), reserve: options.reserve, measure: options.measure }
    }

    /// What it was named by.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it still takes. One that cannot be asked is taken at its word when something is written.
    pub(crate) fn space(&self) -> Space {
        let Some(found) = self.measured() else { return Space::Plenty };
        let (reserve, least) = self.kept_free(found.total);
        match found.free {
            _ if found.read_only => Space::ReadOnly,
            free if free < least => {
                doubt(found.system);
                Space::Full
            }
            _ if !self.is_believed(found) => Space::Full,
            free if free < reserve => Space::Reserve,
            _ => Space::Plenty,
        }
    }

    /// It had no room for something: that it has some is not believed before something was written.
    pub(crate) fn doubt(&self) {
        if let Some(found) = self.measured() {
            doubt(found.system);
        }
    }

    /// Whether a disk that says to have room has some. One that copies is asked once for that, too: it has less than it
    /// says when many small files have filled it, and while they are being removed.
    fn is_believed(&self, found: Measured) -> bool {
        let known = TRUST.read().get(&found.system).copied();
        let since = match known {
            Some(Trust::Whole) => return true,
            None if !found.copies => return true,
            Some(Trust::Refuted(tried) | Trust::Hoped { tried, .. }) if tried.elapsed() < AGAIN => return false,
            Some(Trust::Hoped { since, .. }) => Some(since),
            Some(Trust::Doubted | Trust::Refuted(_)) => Some(Instant::now()),
            None => None,
        };
        if self.prove().is_err_and(|error| Error::from(error).is_of_a_disk_that_takes_nothing()) {
            trust(found.system, Trust::Refuted(Instant::now()));
            return false;
        }
        match since.filter(|since| found.copies && since.elapsed() < STEADY) {
            Some(since) => trust(found.system, Trust::Hoped { since, tried: Instant::now() }),
            None => trust(found.system, Trust::Whole),
        }
        since.is_none_or(|since| !found.copies || since.elapsed() >= STEADY)
    }

    /// Writes a little to a file without a name.
    fn prove(&self) -> io::Result<()> {
        let folder = if self.path.is_dir() { &self.path } else { self.path.parent().unwrap_or(&self.path) };
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        let mut file = std::fs::File::from(rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR)?);
        // Not what it could compress.
        let mut octets = vec![0; PROOF];
        getrandom::fill(&mut octets)?;
        file.write_all(&octets)?;
        file.sync_all()
    }

    /// Speaks for as many octets, if there is room for them beside all that others speak for.
    pub(crate) fn promise(&self, work: Work, octets: u64) -> Result<Promise, Error> {
        let promised = PROMISED.fetch_add(octets, Ordering::AcqRel);
        let promise = Promise(octets);
        let Some(found) = self.measured() else { return Ok(promise) };
        if found.read_only {
            return Err(Error::ReadOnly);
        }
        let (reserve, least) = self.kept_free(found.total);
        let stays = match work {
            Work::Adds => reserve,
            Work::Keeps => least,
        };
        let wanted = stays.saturating_add(promised).saturating_add(octets);
        if found.free < wanted || !self.is_believed(found) { Err(Error::Full) } else { Ok(promise) }
    }

    fn measured(&self) -> Option<Measured> {
        // A file that is yet to be made is where its folder is.
        let found = (self.measure)(&self.path).or_else(|_| (self.measure)(self.path.parent().unwrap_or(&self.path)));
        found.ok().filter(|found| found.total > 0)
    }

    /// What is kept free of mail, and what of everything.
    fn kept_free(&self, total: u64) -> (u64, u64) {
        let reserve = self.reserve.unwrap_or(RESERVE.min(total / SHARE));
        let least = (reserve / 4).max(LEAST.min(total / SHARE / 4));
        (reserve.max(least), least)
    }
}

/// What has been tried in vain is doubted already.
fn doubt(system: u64) {
    let known = TRUST.read().get(&system).copied();
    if !matches!(known, Some(Trust::Doubted | Trust::Refuted(_))) {
        trust(system, Trust::Doubted);
    }
}

fn trust(system: u64, trust: Trust) {
    TRUST.write().insert(system, trust);
}

/// Whether an error says that the process or the machine has as many files open as it may.
pub(crate) fn is_short_of_descriptors(error: &io::Error) -> bool {
    Errno::from_io_error(error).is_some_and(|errno| [Errno::MFILE, Errno::NFILE].contains(&errno))
}

/// Whether not one more file can be opened just now.
pub(crate) fn has_no_descriptors() -> bool {
    std::fs::File::open("/dev/null").is_err_and(|error| is_short_of_descriptors(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;
    const MIB: u64 = 1 << 20;

    fn disk(reserve: Option<u64>, measure: fn(&Path) -> io::Result<Measured>) -> Disk {
        Disk::new(Path::new("/"), &Options { reserve, measure, ..Options::default() })
    }

    #[test]
    fn the_reserve_is_a_setting_and_small_disks_have_a_small_one() {
        let kept = |reserve, total| disk(reserve, Measured::of).kept_free(total);
        assert_eq!(kept(None, 100 * GIB), (64 * MIB, 16 * MIB));
        assert_eq!(kept(None, 64 * MIB), (4 * MIB, MIB));
        assert_eq!(kept(Some(GIB), 100 * GIB), (GIB, 256 * MIB));
        assert_eq!(kept(Some(0), 100 * GIB), (MIB, MIB), "what a mapped page may need is always left");
    }

    #[test]
    fn what_is_left_decides_what_is_taken() {
        let plenty = disk(None, |_| Ok(Measured { free: GIB, total: 100 * GIB, ..Measured::default() }));
        assert_eq!(plenty.space(), Space::Plenty);
        let promise = plenty.promise(Work::Adds, 600 * MIB).unwrap();
        assert!(matches!(plenty.promise(Work::Adds, 600 * MIB), Err(Error::Full)), "another one has it");
        drop(promise);
        drop(plenty.promise(Work::Adds, 600 * MIB).unwrap());
        let little = disk(None, |_| Ok(Measured { free: 60 * MIB, total: 100 * GIB, ..Measured::default() }));
        assert_eq!(little.space(), Space::Reserve);
        assert!(matches!(little.promise(Work::Adds, 1), Err(Error::Full)));
        drop(little.promise(Work::Keeps, MIB).unwrap());
        let full = disk(None, |_| Ok(Measured { free: 15 * MIB, total: 100 * GIB, ..Measured::default() }));
        assert_eq!(full.space(), Space::Full);
        assert!(matches!(full.promise(Work::Keeps, 1), Err(Error::Full)));
        let still =
            disk(None, |_| Ok(Measured { free: GIB, total: 100 * GIB, read_only: true, ..Measured::default() }));
        assert_eq!(still.space(), Space::ReadOnly);
        assert!(matches!(still.promise(Work::Keeps, 1), Err(Error::ReadOnly)));
        let silent = disk(None, |_| Err(io::ErrorKind::Unsupported.into()));
        assert_eq!(silent.space(), Space::Plenty);
        drop(silent.promise(Work::Adds, GIB).unwrap());
    }
}
