//! One data folder.

use std::path::Path;
use std::sync::Arc;

use crate::{Account, AccountId, Directory, Error, Options, Upload};

/// All accounts of one data folder, or of one process's memory. Cloning is free.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: Directory,
}

/// What [`Store::sweep`] did.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// Accounts whose checkpoint was written.
    pub checkpoints: usize,
    /// Rows of logs that were older than the retention.
    pub commits: u64,
    /// Emails that nothing names any more.
    pub emails: u64,
    /// Accounts that were closed.
    pub closed: usize,
    /// What failed, to be logged. The next sweep tries again.
    pub failed: Vec<(AccountId, Error)>,
}

impl Store {
    /// Opens a data folder, and makes what is missing.
    pub fn open(_dir: &Path, _options: Options) -> Result<Self, Error> {
        unimplemented!()
    }

    /// A store that forgets everything when it is dropped: for tests and for trying things out.
    pub fn memory() -> Self {
        unimplemented!()
    }

    /// The accounts, their addresses and credentials.
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// The handle of an account. Costs next to nothing: no file is opened before its data is used.
    pub fn account(&self, _id: AccountId) -> Result<Arc<Account>, Error> {
        unimplemented!()
    }

    /// A message on its way in.
    pub fn upload(&self) -> Upload {
        unimplemented!()
    }

    /// What has to be done from time to time, every few seconds: checkpoints, retention, removal of emails that
    /// nothing names, closing of what is idle. It waits for the disk. `now` is in unix seconds.
    pub fn sweep(&self, _now: i64) -> Swept {
        unimplemented!()
    }

    /// Writes the checkpoints that are due and closes all files; what is used again afterwards opens again.
    pub fn close(&self) -> Result<(), Error> {
        unimplemented!()
    }
}
