//! How much of the log an opening would have to fold: the rows after the checkpoint.
//!
//! Rows differ: a STORE of a million messages is twelve octets, a MOVE of 300,000 is megabytes. So octets and messages are
//! counted as well as commits, and past any of the bounds a checkpoint is written.

use std::ops::{AddAssign, Sub};

use account::Change;

use crate::Options;
use crate::engine::Row;

/// The most octets of rows.
const OCTETS: u64 = 4 << 20;

/// The most messages that rows add, change or take away: some tenth of a second of folding.
const MESSAGES: u64 = 500_000;

/// Some rows of the log, and what folding them costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// How many.
    pub(crate) commits: u64,
    /// What they take.
    octets: u64,
    /// How many messages they touch, one of two rows twice.
    messages: u64,
}

impl Tail {
    /// Counts a row.
    pub(crate) fn add(&mut self, row: &Row, changes: &[Change]) {
        self.commits += 1;
        self.octets += row.changes.len() as u64;
        self.messages += changes.iter().map(touched).sum::<u64>();
    }

    /// Whether it is so long that a sweep writes a checkpoint.
    pub(crate) fn is_long(&self, options: &Options) -> bool {
        self.commits >= options.tail || self.is_heavy()
    }

    /// Whether few rows are so much work that nobody waits for a sweep.
    pub(crate) fn is_heavy(&self) -> bool {
        self.octets >= OCTETS || self.messages >= MESSAGES
    }
}

impl AddAssign for Tail {
    fn add_assign(&mut self, other: Self) {
        self.commits += other.commits;
        self.octets += other.octets;
        self.messages += other.messages;
    }
}

impl Sub for Tail {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            commits: self.commits.saturating_sub(other.commits),
            octets: self.octets.saturating_sub(other.octets),
            messages: self.messages.saturating_sub(other.messages),
        }
    }
}

fn touched(change: &Change) -> u64 {
    match change {
        Change::MessagesAdded { messages, .. } => messages.len() as u64,
        Change::FlagsChanged { uids, .. } | Change::Expunged { uids, .. } => uids.len(),
        Change::MailboxDeleted { emails, .. } => emails.len() as u64,
        _ => 0,
    }
}
