//! Sums over messages that are kept up to date, so that nobody has to walk for them.

use crate::Summary;

/// Sums over all messages of a mailbox (RFC 9051 §6.3.11) or of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// How many messages there are.
    pub messages: u64,
    /// How many of them are without `\Seen`.
    pub unseen: u64,
    /// How many have `\Deleted`.
    pub deleted: u64,
    /// The sum of all sizes in octets.
    pub size: u64,
    /// The octets that EXPUNGE would free.
    pub deleted_size: u64,
}

impl Totals {
    /// With the messages that `more` stands for. Sums wrap around: what goes out again is what came in, and a checkpoint
    /// that says what cannot be makes nothing panic.
    #[must_use]
    pub(crate) fn with(self, more: impl Into<Self>) -> Self {
        self.combine(more.into(), u64::wrapping_add)
    }

    /// Without the messages that `less` stands for.
    #[must_use]
    pub(crate) fn without(self, less: impl Into<Self>) -> Self {
        self.combine(less.into(), u64::wrapping_sub)
    }

    fn combine(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            messages: combine(self.messages, other.messages),
            unseen: combine(self.unseen, other.unseen),
            deleted: combine(self.deleted, other.deleted),
            size: combine(self.size, other.size),
            deleted_size: combine(self.deleted_size, other.deleted_size),
        }
    }
}

impl From<&Summary> for Totals {
    fn from(summary: &Summary) -> Self {
        Self {
            messages: summary.len.into(),
            unseen: summary.unseen.into(),
            deleted: summary.deleted.into(),
            size: summary.size,
            deleted_size: summary.deleted_size,
        }
    }
}
