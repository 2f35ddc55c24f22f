//! A message's flags, and the table in which a mailbox keeps each combination of them once.
//!
//! Few combinations of flags occur in a mailbox, however many messages and keywords it has. So a record names its
//! combination by number (4 bytes), and what holds for a combination (its text on the wire, whether it is unseen) is
//! worked out once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

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

    fn combine(self, mode: StoreMode, other: Self) -> Self {
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

    /// Whether this is no flag at all.
    pub fn is_empty(&self) -> bool {
        self.system == SystemFlags::default() && self.keywords.is_empty()
    }
}

/// The number of a keyword in its mailbox's table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct KeywordId(pub(crate) u16);

impl KeywordId {
    /// As an index into [`FlagTable::keywords`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The number of a combination of flags in its mailbox's table. 0 is always "no flags".
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Default)]
pub struct FlagSetId(pub(crate) u32);

impl FlagSetId {
    /// As an index into [`FlagTable::sets`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One combination of flags.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct FlagSet {
    /// The system flags.
    pub system: SystemFlags,
    keywords: Box<[KeywordId]>,
}

impl FlagSet {
    /// Whether the keyword with this number is set.
    pub fn has(&self, keyword: KeywordId) -> bool {
        self.keywords.binary_search(&keyword).is_ok()
    }

    /// The keywords' numbers, ascending.
    pub fn keywords(&self) -> &[KeywordId] {
        &self.keywords
    }
}

/// All keywords and all combinations of flags that a mailbox has known. Only ever grows while it is in memory, so that
/// a number means the same in every snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagTable {
    keywords: Vec<Keyword>,
    by_keyword: HashMap<Keyword, KeywordId>,
    sets: Vec<Arc<FlagSet>>,
    by_set: HashMap<Arc<FlagSet>, FlagSetId>,
}

impl Default for FlagTable {
    fn default() -> Self {
        let none = Arc::new(FlagSet::default());
        Self {
            keywords: Vec::new(),
            by_keyword: HashMap::new(),
            sets: vec![none.clone()],
            by_set: HashMap::from([(none, FlagSetId(0))]),
        }
    }
}

impl FlagTable {
    /// Whether this is the table of the same mailbox as `other` at a time when it knew the same. Tables only grow, so
    /// that is a matter of their lengths, also after the account was closed and opened again.
    pub fn knows_what_it_knew(&self, other: &Self) -> bool {
        (self.keywords.len(), self.sets.len()) == (other.keywords.len(), other.sets.len())
    }

    /// The keywords by number. Their spelling is that of their first use in the mailbox.
    pub fn keywords(&self) -> &[Keyword] {
        &self.keywords
    }

    /// All flags that a message of the mailbox can have at present.
    pub(crate) fn all(&self) -> Flags {
        Flags::new(SystemFlags::from_bits(u8::MAX), self.keywords.clone())
    }

    /// The number of a keyword, in whatever case it is spelt.
    pub fn keyword(&self, keyword: &Keyword) -> Option<KeywordId> {
        self.by_keyword.get(keyword).copied()
    }

    /// The combinations by number.
    pub fn sets(&self) -> &[Arc<FlagSet>] {
        &self.sets
    }

    /// The combination with this number; "no flags" for a number that is not of this table.
    pub fn set(&self, id: FlagSetId) -> &FlagSet {
        self.sets.get(id.index()).unwrap_or(&self.sets[0])
    }

    /// A combination with its keywords spelt out.
    pub fn flags(&self, id: FlagSetId) -> Flags {
        let set = self.set(id);
        let keywords = set.keywords.iter().filter_map(|k| self.keywords.get(usize::from(k.0)).cloned());
        Flags::new(set.system, keywords.collect())
    }

    /// What a combination becomes when `flags` are stored into it, without writing anything down: `None` if that
    /// combination is not in the table yet (so it certainly differs).
    pub fn peek(&self, id: FlagSetId, mode: StoreMode, flags: &Flags) -> Option<FlagSetId> {
        let known: Vec<KeywordId> = flags.keywords.iter().filter_map(|k| self.keyword(k)).collect();
        if known.len() < flags.keywords.len() && mode != StoreMode::Remove {
            return None;
        }
        let combined = combine(self.set(id), mode, flags.system, known);
        self.by_set.get(&combined).copied()
    }

    /// What a combination becomes when `flags` are stored into it; new keywords and combinations are added.
    pub fn store(&mut self, id: FlagSetId, mode: StoreMode, flags: &Flags) -> FlagSetId {
        let mut numbers = Vec::with_capacity(flags.keywords.len());
        for keyword in &flags.keywords {
            match self.keyword(keyword) {
                Some(number) => numbers.push(number),
                None if mode == StoreMode::Remove => {}
                None => numbers.extend(self.learn(keyword)),
            }
        }
        let combined = combine(self.set(id), mode, flags.system, numbers);
        self.intern(combined)
    }

    /// The number of a combination given by its parts, as a checkpoint has it.
    pub(crate) fn intern_parts(&mut self, system: SystemFlags, mut keywords: Vec<KeywordId>) -> FlagSetId {
        keywords.sort_unstable();
        keywords.dedup();
        self.intern(FlagSet { system, keywords: keywords.into() })
    }

    /// Adds a keyword; `None` past the 65,536th (`plan` refuses long before).
    pub(crate) fn learn(&mut self, keyword: &Keyword) -> Option<KeywordId> {
        let number = KeywordId(u16::try_from(self.keywords.len()).ok()?);
        self.keywords.push(keyword.clone());
        self.by_keyword.insert(keyword.clone(), number);
        Some(number)
    }

    fn intern(&mut self, set: FlagSet) -> FlagSetId {
        if let Some(id) = self.by_set.get(&set) {
            return *id;
        }
        let id = FlagSetId(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        let set = Arc::new(set);
        self.sets.push(set.clone());
        self.by_set.insert(set, id);
        id
    }
}

fn combine(old: &FlagSet, mode: StoreMode, system: SystemFlags, mut keywords: Vec<KeywordId>) -> FlagSet {
    keywords.sort_unstable();
    match mode {
        StoreMode::Replace => {}
        StoreMode::Add => keywords.extend(old.keywords.iter()),
        StoreMode::Remove => {
            let remove = std::mem::take(&mut keywords);
            keywords = old.keywords.iter().copied().filter(|k| remove.binary_search(k).is_err()).collect();
        }
    }
    keywords.sort_unstable();
    keywords.dedup();
    FlagSet { system: old.system.combine(mode, system), keywords: keywords.into() }
}
