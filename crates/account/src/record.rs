//! What is known of one message in one mailbox without reading from disk.

use imap::{InternalDate, ModSeq, Uid};

use crate::{EmailId, FlagSetId};

/// A message in a mailbox: small and of fixed size (64 bytes), so that SELECT, FETCH FLAGS and most searches never
/// leave memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// The commit that last changed this message's flags, or that added it (RFC 7162 §3).
    pub modseq: ModSeq,
    /// The commit that added this message to this mailbox: if it is above a modseq, the message is new since then, else
    /// it was there and at most its flags have changed. [`ModSeq::MIN`] is "before anybody can ask": checkpoints of
    /// format 1 do not have it. So a message that came from one is never said to be new to somebody who knows it; who
    /// asks since a modseq before that checkpoint and did not know the message is told of it as changed, and the log,
    /// as far back as it is kept, says which of the two it was.
    pub created: ModSeq,
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
