//! How much an account may hold. What a connection may ask for has its limits in `session`.

/// The most messages of an account, a message counted in each mailbox that has it. An account that has more already works as
/// ever, and takes none.
pub const MESSAGES: u64 = 4_000_000;

/// The most mailboxes of an account.
pub const MAILBOXES: usize = 100_000;

/// The most keywords that a mailbox may know.
pub const KEYWORDS: usize = 10_000;

/// The most different lists of keywords that a mailbox's messages may have, whatever system flags go with them: so a message can
/// always be marked as read, answered or deleted. A list that the mailbox's table still knows, of messages that have it no more,
/// may come again; the table is made anew when it has twice as many.
pub const KEYWORD_LISTS: usize = 1_024;

/// The most keywords in all of these lists together.
pub const LISTED_KEYWORDS: usize = 262_144;

/// The most messages that one COPY or MOVE takes into another account: their structures wait in memory.
pub const TRANSFER: usize = 100_000;

/// The most names that an account may subscribe.
pub const SUBSCRIPTIONS: usize = 200_000;
