//! LIST, LSUB and XLIST (RFC 9051 §6.3.9; RFC 3501 §6.3.9; RFC 5258; RFC 5819; RFC 6154).

use super::StatusItem;
use crate::{ListPattern, PatternTooComplex};

/// LIST; LSUB and XLIST, which have just a reference and one pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct List {
    /// The reference, in UTF-8.
    pub reference: String,
    /// The patterns, in UTF-8; at least one. A single empty one asks for the hierarchy separator (RFC 9051 §6.3.9).
    pub patterns: Vec<String>,
    /// Which mailboxes are wanted (RFC 5258 §3.1); may be empty.
    pub select: Vec<ListSelect>,
    /// What is wanted about them (RFC 5258 §3.2); may be empty.
    pub returns: Vec<ListReturn>,
    /// Whether the extended syntax was used in any way (RFC 5258 §3).
    pub syntax: ListSyntax,
}

/// Which syntax of LIST a client used (RFC 5258 §3): the extended one never asks for the separator, and always gets
/// the attributes of its return options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListSyntax {
    /// A reference and a pattern.
    Basic,
    /// With options or a list of patterns.
    Extended,
}

/// A selection option of LIST (RFC 5258 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListSelect {
    /// `SUBSCRIBED`
    Subscribed,
    /// `REMOTE`
    Remote,
    /// `RECURSIVEMATCH`; never alone or with `REMOTE` only: the parser refuses that (RFC 5258 §3.1).
    RecursiveMatch,
    /// `SPECIAL-USE` (RFC 6154 §2)
    SpecialUse,
}

/// A return option of LIST (RFC 5258 §3.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListReturn {
    /// `SUBSCRIBED`
    Subscribed,
    /// `CHILDREN`
    Children,
    /// `SPECIAL-USE` (RFC 6154 §2)
    SpecialUse,
    /// `STATUS (...)` (RFC 5819 §2, RFC 9051 §6.3.9.8)
    Status(Vec<StatusItem>),
}

impl List {
    /// The patterns joined with the reference, ready to match.
    pub fn compile(&self) -> Result<Vec<ListPattern>, PatternTooComplex> {
        self.patterns.iter().map(|p| ListPattern::new(&format!("{}{p}", self.reference))).collect()
    }
}
