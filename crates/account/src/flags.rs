//! A message's flags, as a command or a change names them.

use std::collections::HashSet;

use imap::{Flag, Keyword, StoreMode};

/// The five system flags that can be stored (RFC 9051 §2.3.2), one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, PartialOrd, Ord)]
pub struct SystemFlags(u8);

impl SystemFlags {
    /// `\Answered`
    pub const ANSWERED: Self = Self(1);
    /// `\Flagged`
    pub const FLAGGED: Self = Self(2);
    /// `\Deleted`
    pub const DELETED: Self = Self(4);
    /// `\Seen`
    pub const SEEN: Self = Self(8);
    /// `\Draft`
    pub const DRAFT: Self = Self(16);

    /// From the bits of a log record or checkpoint; unknown bits are dropped.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 31)
    }

    /// The bits, in the order of the constants above.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Whether every flag of `other` is set here.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These, but for others.
    #[must_use]
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn combine(self, mode: StoreMode, other: Self) -> Self {
        Self(match mode {
            StoreMode::Replace => other.0,
            StoreMode::Add => self.0 | other.0,
            StoreMode::Remove => self.0 & !other.0,
        })
    }
}

/// Flags as a command or a change names them: system flags and keywords, sorted, each once.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Flags {
    /// The system flags.
    pub system: SystemFlags,
    keywords: Vec<Keyword>,
}

impl Flags {
    /// From system flags and keywords in any order, with or without repeats.
    pub fn new(system: SystemFlags, mut keywords: Vec<Keyword>) -> Self {
        keywords.sort_by_key(|k| k.as_str().to_ascii_lowercase());
        keywords.dedup();
        Self { system, keywords }
    }

    /// From flags as a client sent them.
    pub fn from_wire(flags: &[Flag]) -> Self {
        let mut system = SystemFlags::default();
        let mut keywords = Vec::new();
        for flag in flags {
            let bit = match flag {
                Flag::Answered => SystemFlags::ANSWERED,
                Flag::Flagged => SystemFlags::FLAGGED,
                Flag::Deleted => SystemFlags::DELETED,
                Flag::Seen => SystemFlags::SEEN,
                Flag::Draft => SystemFlags::DRAFT,
                Flag::Keyword(keyword) => {
                    keywords.push(keyword.clone());
                    continue;
                }
            };
            system = system.combine(StoreMode::Add, bit);
        }
        Self::new(system, keywords)
    }

    /// As flags to send to a client.
    pub fn to_wire(&self) -> Vec<Flag> {
        let system = [
            (SystemFlags::ANSWERED, Flag::Answered),
            (SystemFlags::FLAGGED, Flag::Flagged),
            (SystemFlags::DELETED, Flag::Deleted),
            (SystemFlags::SEEN, Flag::Seen),
            (SystemFlags::DRAFT, Flag::Draft),
        ];
        let system = system.into_iter().filter(|(bit, _)| self.system.contains(*bit)).map(|(_, flag)| flag);
        system.chain(self.keywords.iter().cloned().map(Flag::Keyword)).collect()
    }

    /// The keywords, sorted by their lower-case spelling.
    pub fn keywords(&self) -> &[Keyword] {
        &self.keywords
    }

    /// These, but for others.
    #[must_use]
    pub(crate) fn without(&self, other: &Self) -> Self {
        let others: HashSet<&Keyword> = other.keywords.iter().collect();
        let keywords = self.keywords.iter().filter(|keyword| !others.contains(keyword)).cloned();
        Self { system: self.system.without(other.system), keywords: keywords.collect() }
    }

    /// The same system flags, and no keywords.
    #[must_use]
    pub(crate) fn without_keywords(&self) -> Self {
        Self { system: self.system, keywords: Vec::new() }
    }

    /// Whether this is no flag at all.
    pub fn is_empty(&self) -> bool {
        self.system == SystemFlags::default() && self.keywords.is_empty()
    }
}
