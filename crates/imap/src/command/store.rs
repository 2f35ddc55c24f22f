//! STORE (RFC 9051 §6.4.6; RFC 7162 §3.1.3).

use crate::{Flag, StoreMode, Target};

/// STORE and UID STORE.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    /// Which messages.
    pub target: Target,
    /// What is done with the flags.
    pub mode: StoreMode,
    /// The flags.
    pub flags: Vec<Flag>,
    /// Whether the new flags are told.
    pub echo: Echo,
    /// `UNCHANGEDSINCE`: only messages that have not changed after this modseq (RFC 7162 §3.1.3). 0 is allowed: then
    /// none of them.
    pub unchanged_since: Option<u64>,
}

/// Whether STORE tells what it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Echo {
    /// By untagged FETCH.
    Flags,
    /// `.SILENT`: not to this session.
    Silent,
}
