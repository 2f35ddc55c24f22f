//! What a disk remembers, and what it forgets when the power goes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::shim;

/// What a disk writes at once, or not at all.
const SECTOR: usize = 512;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The power is cut.
    PowerCut,
    /// A sync fails; what it was to make durable may be lost.
    Sync,
    /// So many syncs fail, one after the other.
    Syncs(u8),
    /// The disk is full.
    Full,
    /// A write fails before anything is written.
    Write,
    /// A write fails half-way.
    ShortWrite,
    /// A read fails.
    Read,
}

/// What somebody is about to do to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Read,
    Write,
    Truncate,
    Sync,
    Delete,
    Open,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done.
    Go,
    /// It is done, and then the power is cut.
    LastGo,
    /// The first half of it is done, and then it fails.
    Half,
    /// It fails, and nothing is done.
    Fail,
    /// There is no room for it.
    Full,
}

/// A folder whose files can be lost. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    files: BTreeMap<PathBuf, File>,
    /// The files that were synced since somebody asked, in order.
    syncs: Vec<PathBuf>,
    /// How many acts are left until something goes wrong.
    next: Option<(usize, Trouble)>,
    calm: bool,
    dice: u64,
    /// What is on the disk after the power was cut; `None` while it is on.
    after: Option<BTreeMap<PathBuf, Vec<u8>>>,
}

/// What is durable of a file.
#[derive(Debug, Default)]
struct File {
    /// As it was when it was last synced; `None` if its name was not on the disk.
    synced: Option<Vec<u8>>,
    /// It was made since, in place of the one that was synced.
    made: bool,
}

impl Disk {
    /// The disk that holds a folder. Its dice make what is lost the same for the same seed.
    pub fn new(folder: &Path, seed: u64) -> Self {
        let inner =
            Inner { files: BTreeMap::new(), syncs: Vec::new(), next: None, calm: false, dice: seed, after: None };
        let disk = Self(Arc::new(Mutex::new(inner)));
        shim::watch(folder, &disk);
        disk
    }

    /// After so many more writes, syncs or (for [`Trouble::Read`]) reads, this happens.
    pub fn expect(&self, trouble: Trouble, after: usize) {
        self.0.lock().next = Some((after, trouble));
    }

    /// Nothing is to happen any more.
    pub fn relax(&self) {
        self.0.lock().next = None;
    }

    /// Does something that no trouble comes to, and that does not count.
    pub fn calmly<T>(&self, act: impl FnOnce() -> T) -> T {
        self.0.lock().calm = true;
        let done = act();
        self.0.lock().calm = false;
        done
    }

    /// The files that were synced since this was last asked, once for each time.
    pub fn take_syncs(&self) -> Vec<PathBuf> {
        std::mem::take(&mut self.0.lock().syncs)
    }

    /// Files were removed past SQLite, and their folder was synced: they do not come back with the power.
    pub fn look(&self) {
        let mut inner = self.0.lock();
        if inner.after.is_none() {
            inner.files.retain(|path, _| path.exists());
        }
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.0.lock().after.is_some()
    }

    /// The power is back: the files are as the disk has them. Nobody may have them open.
    pub fn restore(&self) -> io::Result<()> {
        let mut inner = self.0.lock();
        let Some(after) = inner.after.take() else { return Ok(()) };
        inner.next = None;
        for path in inner.files.keys() {
            remove(path)?;
            remove(&beside(path, "-shm"))?;
        }
        inner.files.clear();
        for (path, octets) in after {
            std::fs::write(&path, &octets)?;
            inner.files.insert(path, File { synced: Some(octets), made: false });
        }
        Ok(())
    }

    /// What becomes of an act.
    pub(crate) fn judge(&self, act: Act) -> Verdict {
        let mut inner = self.0.lock();
        if inner.after.is_some() {
            return Verdict::Fail;
        }
        let Some((left, trouble)) = inner.next.filter(|_| !inner.calm) else { return Verdict::Go };
        if !meets(trouble, act) {
            return Verdict::Go;
        }
        if left > 0 {
            inner.next = Some((left - 1, trouble));
            return Verdict::Go;
        }
        inner.next = None;
        match trouble {
            Trouble::PowerCut if act != Act::Sync && inner.toss() < 2 => Verdict::LastGo,
            Trouble::PowerCut => {
                inner.cut();
                Verdict::Fail
            }
            Trouble::Full => Verdict::Full,
            Trouble::ShortWrite => Verdict::Half,
            Trouble::Syncs(more) => {
                inner.next = more.checked_sub(2).map(|more| (0, Trouble::Syncs(more + 1)));
                Verdict::Fail
            }
            Trouble::Sync | Trouble::Write | Trouble::Read => Verdict::Fail,
        }
    }

    /// The power is cut after what has just been done.
    pub(crate) fn cut(&self) {
        self.0.lock().cut();
    }

    /// A file that was there is opened. What is in it when it is first seen counts as durable.
    pub(crate) fn opened(&self, path: &Path) {
        let mut inner = self.0.lock();
        if !inner.files.contains_key(path) {
            let synced = std::fs::read(path).ok();
            inner.files.insert(path.to_owned(), File { synced, made: false });
        }
    }

    /// A file is made.
    pub(crate) fn made(&self, path: &Path) {
        self.0.lock().files.entry(path.to_owned()).or_default().made = true;
    }

    /// A file's content is durable, and its name.
    pub(crate) fn synced(&self, path: &Path) {
        let octets = std::fs::read(path).ok();
        let mut inner = self.0.lock();
        inner.syncs.push(path.to_owned());
        inner.files.insert(path.to_owned(), File { synced: octets, made: false });
    }
}

impl Inner {
    /// What the disk has without power.
    fn cut(&mut self) {
        let mut after = BTreeMap::new();
        for (path, file) in std::mem::take(&mut self.files) {
            let is = std::fs::read(&path).ok();
            let octets = match (&file.synced, is) {
                (Some(synced), Some(is)) if !file.made => Some(self.torn(synced, &is)),
                // A name that came or went without a sync is as before or as after.
                (synced, None) => synced.clone().filter(|_| self.toss() < 2),
                (synced, Some(_)) if self.toss() < 2 => synced.clone(),
                (_, Some(is)) => Some(self.torn(&[], &is)),
            };
            after.extend(octets.map(|octets| (path.clone(), octets)));
            self.files.insert(path, file);
        }
        self.after = Some(after);
    }

    /// A file between two syncs: all of what was written is lost, or kept, or each sector is old or new.
    fn torn(&mut self, old: &[u8], new: &[u8]) -> Vec<u8> {
        let odds = self.toss();
        let shorter = old.len().min(new.len());
        let between = old.len().max(new.len()) - shorter;
        let length = match odds {
            0 => old.len(),
            3 => new.len(),
            _ => shorter + self.below(between + 1),
        };
        let mut torn = old.to_vec();
        torn.resize(length, 0);
        for (at, sector) in torn.chunks_mut(SECTOR).enumerate() {
            let Some(rest) = new.get(at * SECTOR..) else { break };
            let octets = &rest[..rest.len().min(sector.len())];
            if self.below(3) < odds {
                sector[..octets.len()].copy_from_slice(octets);
            }
        }
        torn
    }

    fn toss(&mut self) -> usize {
        self.below(4)
    }

    fn below(&mut self, most: usize) -> usize {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.dice >> 33).unwrap_or(0) % most
    }
}

fn meets(trouble: Trouble, act: Act) -> bool {
    match trouble {
        Trouble::PowerCut => matches!(act, Act::Write | Act::Truncate | Act::Sync | Act::Delete),
        Trouble::Sync | Trouble::Syncs(_) => act == Act::Sync,
        Trouble::Full | Trouble::Write | Trouble::ShortWrite => act == Act::Write,
        Trouble::Read => act == Act::Read,
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
