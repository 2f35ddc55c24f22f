//! One mailbox: its names and numbers, its messages, and the UIDs that have gone.

use std::sync::Arc;

use imap::{MailboxName, ModSeq, SpecialUse, Uid, UidValidity};

use crate::{FlagTable, MailboxId, Messages, Vanished};

/// A mailbox as of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Lasting: survives RENAME (RFC 8474 §4.1).
    pub id: MailboxId,
    /// What it is called now.
    pub name: MailboxName,
    /// RFC 9051 §2.3.1.1. Never changes while the mailbox lives.
    pub uid_validity: UidValidity,
    /// What the next message's UID will be, at least; `None` once the last UID has been given.
    pub uid_next: Option<Uid>,
    /// The commit that last changed this mailbox's messages, or that made it (HIGHESTMODSEQ, RFC 7162 §3.1.2.1).
    pub modseq: ModSeq,
    /// What it is for, each of RFC 6154 §2 at most once.
    pub special_use: Vec<SpecialUse>,
    /// The messages.
    pub messages: Messages,
    /// The keywords and combinations of flags that the messages use.
    pub flags: Arc<FlagTable>,
    /// The UIDs that have gone, and when.
    pub vanished: Arc<Vanished>,
}

impl Mailbox {
    /// UIDNEXT as clients see it (RFC 9051 §2.3.1.1): once the last UID has been given, that one.
    pub fn uid_next_shown(&self) -> Uid {
        self.uid_next.unwrap_or(Uid::MAX)
    }
}
