//! The table in which a mailbox keeps each combination of flags once.
//!
//! Few combinations of flags occur in a mailbox, however many messages and keywords it has. So a record names its
//! combination by number (4 bytes), and what holds for a combination (its text on the wire, whether it is unseen) is
//! worked out once.
//!
//! A table only grows, so that a number means the same in every snapshot. Combinations that no message has any more go with
//! a table that is made anew, together with the number of each message's combination; its numbers begin where those of the
//! one before end, and none is given twice.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use imap::{Keyword, StoreMode};

use crate::{Flags, Record, SystemFlags};

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

/// One combination of flags.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct FlagSet {
    /// The system flags.
    pub system: SystemFlags,
    /// Ascending; shared by the combinations that differ in system flags only.
    keywords: Arc<[KeywordId]>,
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

/// The keywords that a mailbox has known, by number and by name.
#[derive(Clone, Debug, Default)]
struct Keywords {
    by_number: Vec<Keyword>,
    by_name: HashMap<Keyword, KeywordId>,
}

/// All keywords that a mailbox has known, and combinations of flags.
#[derive(Clone, Debug)]
pub struct FlagTable {
    keywords: Arc<Keywords>,
    /// What combinations have of keywords, each once, without that which is empty.
    lists: HashSet<Arc<[KeywordId]>>,
    /// How many keywords these have together.
    listed: usize,
    sets: Vec<FlagSet>,
    by_set: HashMap<FlagSet, FlagSetId>,
    /// The last number that was given in the tables before this one.
    before: u32,
}

impl Default for FlagTable {
    fn default() -> Self {
        Self::beginning_after(0, Arc::default())
    }
}

impl PartialEq for FlagTable {
    fn eq(&self, other: &Self) -> bool {
        let all = |table: &Self| (table.before, table.keywords.by_number.clone(), table.sets.clone());
        all(self) == all(other)
    }
}

impl Eq for FlagTable {}

impl FlagTable {
    /// The table of a mailbox that has had no flags yet: all that have it share one.
    pub fn none() -> Arc<Self> {
        static NONE: LazyLock<Arc<FlagTable>> = LazyLock::new(Arc::default);
        NONE.clone()
    }

    fn beginning_after(before: u32, keywords: Arc<Keywords>) -> Self {
        let none = FlagSet::default();
        let by_set = HashMap::from([(none.clone(), FlagSetId(0))]);
        Self { keywords, lists: HashSet::new(), listed: 0, sets: vec![none], by_set, before }
    }

    /// One without combinations, whose numbers begin after this one; for a checkpoint to fill.
    pub(crate) fn numbered_after(before: u32) -> Self {
        Self::beginning_after(before, Arc::default())
    }

    /// The last number that was given in the tables before this one; 0 in the first one.
    pub(crate) fn before(&self) -> u32 {
        self.before
    }

    /// Whether numbers of both mean the same: they are of the same mailbox, and neither was made anew since the other.
    pub fn has_numbers_of(&self, other: &Self) -> bool {
        self.before == other.before
    }

    /// Whether this is the table of the same mailbox as `other` at a time when it knew the same. Tables only grow, so
    /// that is a matter of their lengths, also after the account was closed and opened again.
    pub fn knows_what_it_knew(&self, other: &Self) -> bool {
        let known = |table: &Self| (table.before, table.keywords().len(), table.sets.len());
        known(self) == known(other)
    }

    /// The keywords by number. Their spelling is that of their first use in the mailbox.
    pub fn keywords(&self) -> &[Keyword] {
        &self.keywords.by_number
    }

    /// All flags that a message of the mailbox can have at present.
    pub(crate) fn all(&self) -> Flags {
        Flags::new(SystemFlags::from_bits(u8::MAX), self.keywords().to_vec())
    }

    /// The number of a keyword, in whatever case it is spelt.
    pub fn keyword(&self, keyword: &Keyword) -> Option<KeywordId> {
        self.keywords.by_name.get(keyword).copied()
    }

    /// The combinations in the order of their numbers, "no flags" first.
    pub fn sets(&self) -> &[FlagSet] {
        &self.sets
    }

    /// Whether a number is of this table.
    pub fn has(&self, id: FlagSetId) -> bool {
        id == FlagSetId::default() || self.place(id) > 0
    }

    /// Where the combination with this number stands among [`FlagTable::sets`]; "no flags" for a number that is not of
    /// this table.
    pub fn place(&self, id: FlagSetId) -> usize {
        let place = id.0.saturating_sub(self.before) as usize;
        if place < self.sets.len() { place } else { 0 }
    }

    /// The combination with this number; "no flags" for a number that is not of this table.
    pub fn set(&self, id: FlagSetId) -> &FlagSet {
        &self.sets[self.place(id)]
    }

    /// A record of the same mailbox beside another table, with the number that its combination has in this one; it has no
    /// flags if it has none.
    pub fn translate(&self, from: &Self, record: Record) -> Record {
        if self.has_numbers_of(from) {
            return record;
        }
        Record { flags: self.by_set.get(from.set(record.flags)).copied().unwrap_or_default(), ..record }
    }

    /// What `of` says of each combination, to be looked up by number.
    pub fn each<T>(&self, of: impl FnMut(&FlagSet) -> T) -> PerFlags<T> {
        PerFlags { before: self.before, values: self.sets.iter().map(of).collect() }
    }

    /// A combination with its keywords spelt out.
    pub fn flags(&self, id: FlagSetId) -> Flags {
        let set = self.set(id);
        let keywords = set.keywords.iter().filter_map(|k| self.keywords().get(k.index()).cloned());
        Flags::new(set.system, keywords.collect())
    }

    /// What combinations have of keywords, each once, without that which is empty: how many there are, and how many
    /// keywords they have together.
    pub(crate) fn lists(&self) -> Size {
        Size { lists: self.lists.len(), keywords: self.listed }
    }

    /// Whether a combination has just these keywords, or they are none.
    pub(crate) fn has_list(&self, keywords: &[Keyword]) -> bool {
        let numbers: Option<Vec<KeywordId>> = keywords.iter().map(|keyword| self.keyword(keyword)).collect();
        numbers.is_some_and(|mut numbers| {
            numbers.sort_unstable();
            numbers.is_empty() || self.lists.contains(&numbers[..])
        })
    }

    /// What a combination becomes when `flags` are stored into it, without writing anything down: `None` if that
    /// combination is not in the table yet (so it certainly differs).
    pub fn peek(&self, id: FlagSetId, mode: StoreMode, flags: &Flags) -> Option<FlagSetId> {
        let known: Vec<KeywordId> = flags.keywords().iter().filter_map(|k| self.keyword(k)).collect();
        if known.len() < flags.keywords().len() && mode != StoreMode::Remove {
            return None;
        }
        let combined = combine(self.set(id), mode, flags.system, known);
        self.by_set.get(&combined).copied()
    }

    /// What a combination becomes when `flags` are stored into it; new keywords and combinations are added.
    pub fn store(&mut self, id: FlagSetId, mode: StoreMode, flags: &Flags) -> FlagSetId {
        let mut numbers = Vec::with_capacity(flags.keywords().len());
        for keyword in flags.keywords() {
            match self.keyword(keyword) {
                Some(number) => numbers.push(number),
                None if mode == StoreMode::Remove => {}
                None => numbers.extend(self.learn(keyword)),
            }
        }
        let combined = combine(self.set(id), mode, flags.system, numbers);
        self.intern(combined)
    }

    /// The same in a table that others may hold, too: it is copied only if it has to learn something.
    pub(crate) fn stored(self: &mut Arc<Self>, id: FlagSetId, mode: StoreMode, flags: &Flags) -> FlagSetId {
        self.peek(id, mode, flags).unwrap_or_else(|| Arc::make_mut(self).store(id, mode, flags))
    }

    /// The number of a combination given by its parts, as a checkpoint has it.
    pub(crate) fn intern_parts(&mut self, system: SystemFlags, mut keywords: Vec<KeywordId>) -> FlagSetId {
        keywords.sort_unstable();
        keywords.dedup();
        self.intern(FlagSet { system, keywords: keywords.into() })
    }

    /// Adds a keyword; `None` past the 65,536th (`plan` refuses long before).
    pub(crate) fn learn(&mut self, keyword: &Keyword) -> Option<KeywordId> {
        let keywords = Arc::make_mut(&mut self.keywords);
        let number = KeywordId(u16::try_from(keywords.by_number.len()).ok()?);
        keywords.by_number.push(keyword.clone());
        keywords.by_name.insert(keyword.clone(), number);
        Some(number)
    }

    /// A table of some of the combinations, whose numbers begin where these end; and the new number of each that is here.
    pub(crate) fn anew(&self, keep: &PerFlags<bool>) -> (Self, PerFlags<FlagSetId>) {
        let last = self.before.saturating_add(u32::try_from(self.sets.len() - 1).unwrap_or(u32::MAX));
        let mut new = Self::beginning_after(last, self.keywords.clone());
        let kept = self.sets.iter().zip(&keep.values);
        let numbers = kept.map(|(set, keep)| if *keep { new.intern(set.clone()) } else { FlagSetId::default() });
        let values = numbers.collect();
        (new, PerFlags { before: self.before, values })
    }

    fn intern(&mut self, mut set: FlagSet) -> FlagSetId {
        if let Some(id) = self.by_set.get(&set) {
            return *id;
        }
        match self.lists.get(&set.keywords) {
            Some(list) => set.keywords = list.clone(),
            None if set.keywords.is_empty() => {}
            None => {
                self.listed += set.keywords.len();
                self.lists.insert(set.keywords.clone());
            }
        }
        let id = FlagSetId(self.before.saturating_add(u32::try_from(self.sets.len()).unwrap_or(u32::MAX)));
        self.sets.push(set.clone());
        self.by_set.insert(set, id);
        id
    }
}

/// How much there is of what combinations have of keywords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// How many different lists of keywords.
    pub(crate) lists: usize,
    /// How many keywords in all of them.
    pub(crate) keywords: usize,
}

/// A value for each combination of a table.
#[derive(Clone, Debug)]
pub struct PerFlags<T> {
    before: u32,
    values: Vec<T>,
}

impl<T> PerFlags<T> {
    /// The value for a combination; that of "no flags" for a number that is not of the table.
    #[inline]
    pub fn of(&self, id: FlagSetId) -> &T {
        self.values.get(id.0.saturating_sub(self.before) as usize).unwrap_or(&self.values[0])
    }

    /// The same, to change it.
    pub(crate) fn of_mut(&mut self, id: FlagSetId) -> &mut T {
        let place = id.0.saturating_sub(self.before) as usize;
        let place = if place < self.values.len() { place } else { 0 };
        &mut self.values[place]
    }

    /// The values in the order of the combinations' numbers.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// Another value for each.
    pub(crate) fn map<U>(&self, other: impl FnMut(&T) -> U) -> PerFlags<U> {
        PerFlags { before: self.before, values: self.values.iter().map(other).collect() }
    }
}

fn combine(old: &FlagSet, mode: StoreMode, system: SystemFlags, mut keywords: Vec<KeywordId>) -> FlagSet {
    let system = old.system.combine(mode, system);
    // Marking as read is not about keywords, however many there are.
    if keywords.is_empty() && mode != StoreMode::Replace {
        return FlagSet { system, keywords: old.keywords.clone() };
    }
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
    FlagSet { system, keywords: keywords.into() }
}
