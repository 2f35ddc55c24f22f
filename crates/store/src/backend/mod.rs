//! Where a store is kept: everything that the rest of this crate asks of disks, databases and other processes.
//!
//! A backend has the directory of accounts, an [`Engine`] for each account, rows that are no account's own, a place for
//! large messages on their way in, and knows what other processes did. [`Files`] is one folder of SQLite files,
//! [`Memory`] one process's memory. Nothing above assumes files, or that it is alone: whoever writes says on what it
//! built, and is told if somebody else was first.

pub(crate) mod directory;
mod files;
pub(crate) mod folder;
mod lease;
pub(crate) mod marker;
mod memory;
pub(crate) mod rows;

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

pub use directory::{Credentials, Directory, Entry, Scram, Standing, folded};
pub use files::Files;
pub use folder::Fault;
pub use lease::Lease;
pub use memory::Memory;
pub use rows::{Edit, Expect, KeyedRow, Rows, Table};

use crate::engine::Engine;
use crate::{AccountId, Error, Space};

/// Where a store is kept.
pub trait Backend: Send + Sync + Debug {
    /// The accounts, their addresses and credentials.
    fn directory(&self) -> &dyn Directory;

    /// The engine of an account. It costs next to nothing before it is used.
    fn engine(&self, id: AccountId) -> Arc<dyn Engine>;

    /// Rows that are no account's own.
    fn rows(&self) -> &dyn Rows;

    /// Where large messages wait until they are committed.
    fn spool(&self) -> Spool;

    /// What its disk still takes.
    fn space(&self) -> Space {
        Space::Plenty
    }

    /// Which accounts others may have written to since this was last asked.
    fn changed(&self) -> Result<Changed, Error>;
}

/// Where large messages wait.
#[derive(Clone, Debug)]
pub enum Spool {
    /// In memory.
    Memory,
    /// In files without a name in this folder.
    Folder(Arc<Path>),
}

/// What others did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// They may have written to these accounts, and to no other one.
    These(Vec<AccountId>),
    /// The backend cannot tell of all at once: [`Engine::glance`] tells of each.
    AskEach,
}
