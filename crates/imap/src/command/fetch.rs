//! FETCH (RFC 9051 §6.4.5).

use std::num::NonZeroU32;

use crate::{Partial, Section, Target};

/// FETCH and UID FETCH.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fetch {
    /// Which messages.
    pub target: Target,
    /// What of them, in the client's order, each once; macros are expanded. At least one.
    pub items: Vec<FetchItem>,
    /// `CHANGEDSINCE`: only messages above this modseq (RFC 7162 §3.1.4.1). 0, which clients do send, means all.
    pub changed_since: Option<u64>,
    /// `VANISHED`: tell the UIDs gone since too (RFC 7162 §3.2.6). Only in UID FETCH with `CHANGEDSINCE`: the parser
    /// refuses it elsewhere.
    pub vanished: bool,
}

/// One thing to fetch of a message (RFC 9051 §6.4.5).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FetchItem {
    /// `BODY[...]`, `BODY.PEEK[...]`
    BodySection {
        /// The brackets.
        section: Section,
        /// `<offset.length>`
        partial: Option<Partial>,
        /// Whether `.PEEK` stands there.
        seen: Seen,
    },
    /// `BINARY[...]`, `BINARY.PEEK[...]` (RFC 3516 §4.2)
    Binary {
        /// The part's numbers; none for the message itself.
        part: Vec<NonZeroU32>,
        /// `<offset.length>`
        partial: Option<Partial>,
        /// Whether `.PEEK` stands there.
        seen: Seen,
    },
    /// `BINARY.SIZE[...]` (RFC 3516 §4.3)
    BinarySize {
        /// The part's numbers; none for the message itself.
        part: Vec<NonZeroU32>,
    },
    /// `BODY`: BODYSTRUCTURE without extension data.
    Body,
    /// `BODYSTRUCTURE`
    BodyStructure,
    /// `ENVELOPE`
    Envelope,
    /// `FLAGS`
    Flags,
    /// `INTERNALDATE`
    InternalDate,
    /// `RFC822`: as `BODY[]` (RFC 3501 §6.4.5)
    Rfc822,
    /// `RFC822.HEADER`: as `BODY.PEEK[HEADER]` (RFC 3501 §6.4.5)
    Rfc822Header,
    /// `RFC822.SIZE`
    Rfc822Size,
    /// `RFC822.TEXT`: as `BODY[TEXT]` (RFC 3501 §6.4.5)
    Rfc822Text,
    /// `UID`
    Uid,
    /// `MODSEQ` (RFC 7162 §3.1.4.2)
    ModSeq,
    /// `EMAILID` (RFC 8474 §5.1)
    EmailId,
    /// `THREADID` (RFC 8474 §5.2)
    ThreadId,
    /// `SAVEDATE` (RFC 8514 §4.2)
    SaveDate,
    /// `PREVIEW`, `PREVIEW (LAZY)` (RFC 8970 §3)
    Preview(Preview),
}

/// Whether a FETCH sets `\Seen`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seen {
    /// It does.
    Set,
    /// `.PEEK`: it does not.
    Peek,
}

/// How eagerly a preview is wanted (RFC 8970 §3.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Preview {
    /// It is to be made if need be.
    Eager,
    /// `LAZY`: only if it is at hand.
    Lazy,
}
