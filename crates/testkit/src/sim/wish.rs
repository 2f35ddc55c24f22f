//! What a client may want.

/// What a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To log in.
    Login,
    /// To turn its features on.
    Enable,
    /// To select a mailbox.
    Select(&'static str),
    /// To append the message of that number.
    Append(&'static str, u64),
    /// To add the keyword of that number to messages.
    Keyword(Which, u64),
    /// To mark messages as deleted.
    Mark(Which),
    /// EXPUNGE.
    Expunge,
    /// COPY to a mailbox.
    Copy(Which, &'static str),
    /// MOVE to a mailbox.
    Move(Which, &'static str),
    /// NOOP.
    Noop,
    /// IDLE.
    Idle,
    /// The end of IDLE.
    Done,
    /// All UIDs and flags.
    Fetch,
    /// LIST of all mailboxes.
    List,
    /// LIST of all subscribed names.
    Subscriptions,
    /// STATUS of a mailbox.
    Status(&'static str),
    /// CREATE.
    Create(&'static str),
    /// DELETE.
    Delete(&'static str),
    /// RENAME.
    Rename(&'static str, &'static str),
    /// SUBSCRIBE.
    Subscribe(&'static str),
    /// UNSUBSCRIBE.
    Unsubscribe(&'static str),
}

/// Some messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// All.
    All,
    /// The one at that place, taken modulo what there is.
    One(usize),
}

/// The things with which every client begins.
pub(super) const OPENING: [Wish; 3] = [Wish::Login, Wish::Enable, Wish::Select("INBOX")];
