//! STATUS (RFC 9051 §6.3.11).

use crate::MailboxName;

/// STATUS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// Which mailbox.
    pub mailbox: MailboxName,
    /// What is wanted, in the client's order, each once.
    pub items: Vec<StatusItem>,
}

/// A number, or id, of a mailbox that STATUS gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum StatusItem {
    /// `MESSAGES`
    Messages,
    /// `RECENT` (RFC 3501 §6.3.10)
    Recent,
    /// `UIDNEXT`
    UidNext,
    /// `UIDVALIDITY`
    UidValidity,
    /// `UNSEEN`
    Unseen,
    /// `DELETED`
    Deleted,
    /// `SIZE` (RFC 8438)
    Size,
    /// `HIGHESTMODSEQ` (RFC 7162 §3.1.7)
    HighestModSeq,
    /// `MAILBOXID` (RFC 8474 §4.3)
    MailboxId,
    /// `APPENDLIMIT` (RFC 7889 §4)
    AppendLimit,
}
