//! What is known of one message in one mailbox without reading from disk.

use imap::{InternalDate, ModSeq, Uid};

use crate::{EmailId, FlagSetId};

/// A message in a mailbox: small and of fixed size (56 bytes), so that SELECT, FETCH FLAGS and most searches never
/// leave memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// The commit that last changed this message's flags, or that added it (RFC 7162 §3).
    pub modseq: ModSeq,
    /// Its octets and structure.
    pub email: EmailId,
    /// INTERNALDATE, with the zone in which it was given (RFC 9051 §2.3.3).
    pub internal_date: InternalDate,
    /// SAVEDATE: when it came into this mailbox, unix seconds (RFC 8514).
    pub save_date: i64,
    /// Its lasting number in the mailbox.
    pub uid: Uid,
    /// RFC822.SIZE in octets (RFC 9051 §2.3.4). Bounded by the limit on a message's size, far below 4 GiB.
    pub size: u32,
    /// Its flags, by number in the mailbox's [`FlagTable`](crate::FlagTable).
    pub flags: FlagSetId,
}
