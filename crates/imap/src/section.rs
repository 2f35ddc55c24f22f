//! Which part of a message a FETCH is about (RFC 9051 §6.4.5).

use std::num::{NonZeroU32, NonZeroU64};

/// The brackets of `BODY[...]`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub struct Section {
    /// The part's numbers; none for the message itself.
    pub part: Vec<NonZeroU32>,
    /// What of it.
    pub what: SectionText,
}

/// What of a part is wanted (RFC 9051 §9 `section-text`).
#[derive(Clone, PartialEq, Eq, Debug, Default, Hash)]
pub enum SectionText {
    /// `BODY[]`, `BODY[1]`: all of it.
    #[default]
    All,
    /// `HEADER`
    Header,
    /// `HEADER.FIELDS` and `HEADER.FIELDS.NOT`
    HeaderFields {
        /// The fields' names as the client wrote them; compared without case.
        names: Vec<Vec<u8>>,
        /// Which way the names select.
        fields: Fields,
    },
    /// `TEXT`
    Text,
    /// `MIME`: only with a part.
    Mime,
}

/// Which way the names of `HEADER.FIELDS` select.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Fields {
    /// The named fields.
    Only,
    /// `.NOT`: all but the named fields.
    Not,
}

/// `<offset.length>` (RFC 9051 §9 `partial`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Partial {
    /// Where the wanted octets begin, from 0.
    pub offset: u64,
    /// How many are wanted at most. Never 0.
    pub len: NonZeroU64,
}
