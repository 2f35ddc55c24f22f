//! How much an account may hold. What a connection may ask for has its limits in `session`.

/// Those that may be set. What is beyond one already works as ever; only what adds to it is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// The most messages of an account, a message counted in each mailbox that has it.
    pub messages: u64,
    /// The most different lists of keywords that a mailbox's messages may have, whatever system flags go with them: so a message
    /// can always be marked as read, answered or deleted. A list that the mailbox's table still knows, of messages that have it
    /// no more, may come again; the table is made anew when it has twice [`KEYWORD_LISTS`].
    pub keyword_lists: usize,
    /// The most memory that one COPY or MOVE may take while it works, in octets: [`COPIED`] for each message.
    pub work: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { messages: 4_000_000, keyword_lists: KEYWORD_LISTS, work: 64 << 20 }
    }
}

/// What a message takes while it is copied, in octets: what is said of it in the change, its row, and its new record.
pub const COPIED: u64 = 160;

/// The most mailboxes of an account.
pub const MAILBOXES: usize = 100_000;

/// The most keywords that a mailbox may know.
pub const KEYWORDS: usize = 10_000;

/// [`Limits::keyword_lists`] unless it is set.
pub const KEYWORD_LISTS: usize = 1_024;

/// The most keywords in all of these lists together.
pub const LISTED_KEYWORDS: usize = 262_144;

/// The most messages that one COPY or MOVE takes into another account: their structures wait in memory.
pub const TRANSFER: usize = 100_000;

/// The most names that an account may subscribe.
pub const SUBSCRIPTIONS: usize = 200_000;
