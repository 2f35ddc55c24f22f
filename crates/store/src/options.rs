//! How much a store may use, and for how long it keeps.

use std::path::Path;
use std::time::Duration;

use crate::Measured;

/// Settings of a [`Store`](crate::Store).
#[derive(Clone, Debug)]
pub struct Options {
    /// How long the log is kept, and with it the emails that it names: undelete and undo live in that window. It is
    /// measured by the time that sweeps see pass, not by any clock.
    pub retention: Duration,
    /// The most accounts whose files are open at once. Each takes up to [`Options::DESCRIPTORS`].
    pub open_accounts: usize,
    /// The most octets of accounts' states to keep in memory, roughly.
    pub memory: usize,
    /// How much an account may hold.
    pub limits: account::Limits,
    /// The most octets of memory that commands about many messages take at once; who finds no room waits.
    pub work: u64,
    /// How long an account that nobody uses stays open.
    pub idle: Duration,
    /// How many commits the log may be ahead of the checkpoint before a sweep writes one.
    pub tail: u64,
    /// How many octets of what is stored each sweep reads to find damage, roughly; 0: none. All is read once in thirty
    /// days, and then it rests: 4 MiB, with a sweep every five seconds, are 69 GB a day and 2 TB in that time. Whose
    /// accounts are larger together needs more of it.
    pub inspect: usize,
    /// How much of the disk is left free, in octets: beyond that no mail is taken. `None`: 64 MiB, or a sixteenth of the disk
    /// where that is less.
    pub reserve: Option<u64>,
    /// How much room the file system has that a path is on. Tests have disks of their own.
    pub measure: fn(&Path) -> std::io::Result<Measured>,
    /// What is looked at in a message on its way in.
    pub mime: mime::Limits,
    /// By which rules that is: those of this program. Structures of older rules are derived anew. Tests say that theirs are
    /// newer.
    pub derivation: mime::Derivation,
    /// How many octets of messages a sweep reads at most to derive structures anew; a small message counts as 4 KiB. By
    /// default 32 MiB, some tenths of a second of work.
    pub rederive: u64,
    /// Where random numbers come from: an account's origin, which makes its ids its own. A simulation gives another, so
    /// that a seed replays.
    pub random: fn() -> std::io::Result<u64>,
}

impl Options {
    /// How many files an account has open at most, while few read it at once: three by the connection that writes, two by
    /// each of the two that are kept for reading.
    pub const DESCRIPTORS: usize = 7;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            retention: Duration::from_hours(30 * 24),
            open_accounts: 500,
            memory: 256 << 20,
            limits: account::Limits::default(),
            work: 512 << 20,
            idle: Duration::from_mins(1),
            tail: 500,
            inspect: 4 << 20,
            reserve: None,
            measure: Measured::of,
            mime: mime::Limits::default(),
            derivation: mime::Derivation::CURRENT,
            rederive: 32 << 20,
            random: || getrandom::u64().map_err(Into::into),
        }
    }
}
