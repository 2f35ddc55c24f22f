//! A message on its way in.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mime::{Derivation, Scanner};

use crate::backend;
use crate::disk::{Disk, Work};
use crate::engine::{BODY_CHUNK, packed::Squeezed};
use crate::message::{Content, Part};
use crate::share::{Share, Shares};
use crate::{Error, Message, Options};

/// How many compressed octets of the messages of one commit are kept in memory.
const IN_MEMORY: usize = 1 << 20;

/// Takes a message's octets as they come: scans, hashes and compresses them, keeps about 1 MiB of what that gives in
/// memory and the rest in a file without a name.
pub struct Upload {
    scanner: Scanner,
    derivation: Derivation,
    hasher: blake3::Hasher,
    /// What has come since the last whole chunk.
    waiting: Vec<u8>,
    size: u64,
    parts: Vec<Part>,
    share: Share,
    room: Room,
}

/// Where compressed octets wait for their commit. Messages that come one after the other, to be committed together, share
/// one, so that many of them need no more memory and no more files than one does.
pub struct Room {
    shares: Arc<Shares>,
    in_memory: usize,
    spool: Spool,
}

impl Room {
    pub(crate) fn new(spool: backend::Spool, shares: Arc<Shares>, options: &Options) -> Self {
        let folder = match spool {
            backend::Spool::Folder(folder) => Some(Disk::new(&folder, options)),
            backend::Spool::Memory => None,
        };
        Self { shares, in_memory: 0, spool: Spool { folder, file: None, len: 0 } }
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").field("in_memory", &self.in_memory).finish_non_exhaustive()
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Upload {
    pub(crate) fn new(options: &Options, room: Room) -> Self {
        Self {
            scanner: Scanner::new(options.mime),
            derivation: options.derivation,
            hasher: blake3::Hasher::new(),
            waiting: Vec::new(),
            size: 0,
            parts: Vec::new(),
            share: room.shares.share(),
            room,
        }
    }

    /// Takes the next octets. After an error the upload is of no more use.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        self.size += bytes.len() as u64;
        if self.size > u64::from(u32::MAX) {
            return Err(Error::TooLarge);
        }
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BODY_CHUNK - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            if self.waiting.len() == BODY_CHUNK {
                self.take_chunk()?;
            }
            bytes = later;
        }
        Ok(())
    }

    /// How many octets have come.
    pub fn len(&self) -> u64 {
        self.size
    }

    /// How many octets it takes before it works on them: fewer than that are put by and cost a copy.
    pub fn room(&self) -> usize {
        BODY_CHUNK - self.waiting.len()
    }

    /// Whether none has come yet.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The message is complete.
    pub fn finish(self) -> Result<Message, Error> {
        self.finish_with_room().map(|(message, _)| message)
    }

    /// The same, with room for the next one that is for the same commit.
    pub fn finish_with_room(mut self) -> Result<(Message, Room), Error> {
        if !self.waiting.is_empty() || self.parts.is_empty() {
            self.take_chunk()?;
        }
        let message = Message(Arc::new(Content {
            size: u32::try_from(self.size).map_err(|_| Error::TooLarge)?,
            hash: *self.hasher.finalize().as_bytes(),
            structure: self.scanner.finish().derived_by(self.derivation),
            parts: self.parts,
            spool: self.room.spool.file.clone(),
            _share: self.share,
        }));
        Ok((message, self.room))
    }

    /// A chunk at a time, as scanning, hashing and compressing are all faster on long runs.
    fn take_chunk(&mut self) -> Result<(), Error> {
        self.scanner.push(&self.waiting);
        self.hasher.update(&self.waiting);
        let mut squeezed = Squeezed::new(&self.waiting);
        self.waiting.clear();
        let mut place = None;
        let octets = squeezed.data.len();
        let fits = self.room.in_memory + octets <= IN_MEMORY && self.share.take(octets);
        if fits || self.room.spool.folder.is_none() {
            self.room.in_memory += octets;
        } else {
            place = Some(self.room.spool.write(&squeezed.take_data())?);
        }
        self.parts.push(Part { squeezed, spooled: place });
        Ok(())
    }
}

/// Where what is too much for memory goes.
struct Spool {
    folder: Option<Disk>,
    file: Option<Arc<File>>,
    len: u64,
}

impl Spool {
    /// Where in the file it stands, and how much it is.
    fn write(&mut self, data: &[u8]) -> Result<(u64, usize), Error> {
        let Some(folder) = &self.folder else {
            return Err(std::io::Error::other("no folder for large messages").into());
        };
        let _room = folder.promise(Work::Adds, data.len() as u64)?;
        let file = match &mut self.file {
            Some(file) => file,
            empty => empty.insert(Arc::new(nameless(folder.path())?)),
        };
        file.write_all_at(data, self.len)?;
        let place = (self.len, data.len());
        self.len += data.len() as u64;
        Ok(place)
    }
}

/// A file that has lost its name already, so that it goes with its last user, however that ends.
fn nameless(folder: &Path) -> Result<File, Error> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let path: PathBuf = folder.join(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    match std::fs::remove_file(&path) {
        // Another process that starts clears the folder.
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(file),
    }
}
