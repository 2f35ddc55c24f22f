//! Who serves a data folder: a lock on `DATA/control.lock`. It is held also where the control socket is gone, and ends with
//! the process however that ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A folder that this process alone serves, or upgrades, as long as this lives.
#[derive(Debug)]
pub struct Claim {
    /// Closing it gives the lock back.
    _file: File,
}

impl Claim {
    /// Claims a folder; `None` if another process has it.
    pub fn take(data: &Path) -> io::Result<Option<Self>> {
        let path = data.join("control.lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        // A lock needs no right to write: one that is there is locked on a disk that can only be read, too.
        let file = file.or_else(|error| File::open(&path).map_err(|_| error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
