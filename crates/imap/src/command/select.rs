//! SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3; RFC 7162 §3.1.8, §3.2.5).

use crate::{MailboxName, ModSeq, UidValidity, WireSet};

/// SELECT or EXAMINE.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Select {
    /// Which mailbox.
    pub mailbox: MailboxName,
    /// SELECT or EXAMINE.
    pub access: Access,
    /// `(CONDSTORE)` was given (RFC 7162 §3.1.8).
    pub condstore: bool,
    /// `(QRESYNC (...))` was given (RFC 7162 §3.2.5).
    pub qresync: Option<Qresync>,
}

/// How a mailbox is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// SELECT
    ReadWrite,
    /// EXAMINE
    ReadOnly,
}

/// What the client remembers of the mailbox (RFC 7162 §3.2.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Qresync {
    /// The last UIDVALIDITY that it knows.
    pub uid_validity: UidValidity,
    /// The last modseq that it knows. 0 in clients that never saw one: then [`ModSeq::MIN`].
    pub modseq: ModSeq,
    /// The UIDs that it knows (no `*`).
    pub known_uids: Option<WireSet>,
    /// Some message numbers and the UIDs that they had (no `*`), which narrow what has to be told
    /// (RFC 7162 §3.2.5.2).
    pub sequence_match: Option<(WireSet, WireSet)>,
}
