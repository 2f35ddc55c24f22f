//! Why bytes are no command.

use super::Tag;
use crate::NameError;

/// Why bytes are no command: facts only. The session says BAD, or NO where `fault` tells so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{fault} at octet {at}")]
pub struct ParseError {
    /// The tag to answer with, if there was one.
    pub tag: Option<Tag>,
    /// At which octet of the command, from 0.
    pub at: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a command.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// The grammar wants something else.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A word that is not known where it stands: an option, an item, a key.
    #[error("unknown {0}")]
    Unknown(&'static str),
    /// Something that may stand there, but not together with the rest.
    #[error("not allowed: {0}")]
    NotAllowed(&'static str),
    /// A number that is 0 where it must not be, or too large.
    #[error("number out of range")]
    Number,
    /// More nesting or more repetition than is put up with: NO `[LIMIT]` is kinder than BAD.
    #[error("too many or too deep: {0}")]
    TooMuch(&'static str),
    /// A NUL, which no command may have (RFC 9051 §9 `CHAR`).
    #[error("NUL")]
    Nul,
    /// A mailbox name that no mailbox can have: NO `[CANNOT]` for CREATE and RENAME, NO `[NONEXISTENT]` for others.
    #[error("{0}")]
    Name(NameError),
    /// A special use that is not known: NO `[USEATTR]` (RFC 6154 §3).
    #[error("unknown special use")]
    SpecialUse,
}
