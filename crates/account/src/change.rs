//! All that can ever happen to an account.
//!
//! A change records a decision, not a request: it carries the UIDs, ids and names that were given, so that replaying a
//! log chooses nothing and always ends in the same state.

use std::sync::Arc;

use imap::{InternalDate, MailboxName, ModSeq, SpecialUse, StoreMode, Uid, UidSet, UidValidity};

use crate::{EmailId, Flags, Foreign, MailboxId, Origin};

/// One thing that happened. Its modseq is that of the [`Commit`] that it is part of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A mailbox was made (RFC 9051 §6.3.4).
    MailboxCreated {
        /// Its lasting id, never given before.
        id: MailboxId,
        /// A name that no mailbox has.
        name: MailboxName,
        /// Above every UIDVALIDITY that this account has given.
        uid_validity: UidValidity,
        /// What it is for (RFC 6154 §3).
        special_use: Vec<SpecialUse>,
    },
    /// A mailbox got another name (RFC 9051 §6.3.6). Renaming a parent is one of these for each child as well.
    MailboxRenamed {
        /// Which one.
        id: MailboxId,
        /// A name that no mailbox has.
        name: MailboxName,
    },
    /// A mailbox went, with all its messages (RFC 9051 §6.3.5).
    MailboxDeleted {
        /// Which one.
        id: MailboxId,
        /// The emails of its messages, in the order of their UIDs: while this row of the log is kept, so are they.
        emails: Vec<EmailId>,
    },
    /// What a mailbox is for was changed.
    SpecialUseSet {
        /// Which one.
        id: MailboxId,
        /// All that it is for from now on.
        special_use: Vec<SpecialUse>,
    },
    /// A name was subscribed, whether a mailbox has it or not (RFC 9051 §6.3.7).
    Subscribed {
        /// The name.
        name: MailboxName,
    },
    /// A name was unsubscribed (RFC 9051 §6.3.8).
    Unsubscribed {
        /// The name.
        name: MailboxName,
    },
    /// Messages came into a mailbox: by APPEND, COPY, MOVE, delivery or import.
    MessagesAdded {
        /// Where to.
        mailbox: MailboxId,
        /// The messages, ascending by UID, all from the mailbox's UIDNEXT up.
        messages: Vec<Added>,
    },
    /// Flags were stored (RFC 9051 §6.4.6) into messages whose flags really changed by it.
    FlagsChanged {
        /// Where.
        mailbox: MailboxId,
        /// Which messages. All are there.
        uids: UidSet,
        /// What was done with `flags`.
        mode: StoreMode,
        /// The flags.
        flags: Flags,
    },
    /// Messages went from a mailbox: by EXPUNGE, CLOSE, MOVE or REPLACE.
    Expunged {
        /// Where from.
        mailbox: MailboxId,
        /// Which messages. All were there.
        uids: UidSet,
        /// Their emails, in the order of `uids`: while this row of the log is kept, so are they.
        emails: Vec<EmailId>,
    },
    /// The account got its origin: in the first commit of a new account, at its upgrade in one that 0.1 made.
    OriginGiven {
        /// What its ids begin with from now on.
        origin: Origin,
    },
    /// A mailbox's numbers were taken over from another server at import: UIDVALIDITY only ever before its first
    /// message, UIDNEXT only ever upwards.
    NumbersTaken {
        /// Which one.
        mailbox: MailboxId,
        /// Its UIDVALIDITY from now on.
        uid_validity: UidValidity,
        /// Its UIDNEXT from now on, at least its UIDNEXT until now.
        uid_next: Uid,
    },
}

/// A message that came into a mailbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Added {
    /// Its UID.
    pub uid: Uid,
    /// Its octets and structure.
    pub email: EmailId,
    /// Its size in octets.
    pub size: u32,
    /// INTERNALDATE.
    pub internal_date: InternalDate,
    /// SAVEDATE, unix seconds.
    pub save_date: i64,
    /// The flags that it came with. Shared by all that came with the same ones: a COPY of 100,000 messages that have
    /// 10,000 keywords spells these once.
    pub flags: Arc<Flags>,
    /// The id that its email had in the account that it came from; `None` for one that was given its id here.
    pub foreign: Option<Foreign>,
}

/// One atomic step of an account: a row of its log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Its place in the log, and the modseq of all that it changed (RFC 7162 §3).
    pub modseq: ModSeq,
    /// When, unix seconds.
    pub at: i64,
    /// Who did it, for people to read: session, client, credential, address.
    pub actor: String,
    /// What happened, in order.
    pub changes: Vec<Change>,
}
