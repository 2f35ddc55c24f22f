//! How many keywords, and different lists of them, the messages of a mailbox may have.

use std::collections::HashSet;

use imap::Keyword;

use crate::flag_table::Size;
use crate::limits::{self, Limits};
use crate::{Flags, Mailbox, PerFlags, Refusal, State};

/// What there is room for in a mailbox, while flags come in one after the other. System flags always have room.
pub(super) struct Room<'a> {
    mailbox: &'a Mailbox,
    most: Size,
    /// Where the table cannot be made anew, what is in it for nothing stays, and it takes no more than twice as much.
    renewable: bool,
    /// How many messages lose each combination.
    leaving: Option<PerFlags<u32>>,
    /// Keywords that have come and that the mailbox does not know yet.
    keywords: HashSet<Keyword>,
    /// The same for lists of keywords.
    lists: HashSet<Box<[Keyword]>>,
    /// How much these lists are.
    fresh: Size,
    /// How much they may be.
    free: Size,
    counted: bool,
}

impl<'a> Room<'a> {
    /// Of a mailbox of that state. `leaving` says how many of its messages lose a combination.
    pub(super) fn new(state: &State, (mailbox, limits): (&'a Mailbox, Limits), leaving: Option<PerFlags<u32>>) -> Self {
        let most = Size { lists: limits.keyword_lists, keywords: limits::LISTED_KEYWORDS };
        Self {
            mailbox,
            most,
            renewable: state.ids().origin().is_some(),
            leaving,
            keywords: HashSet::new(),
            lists: HashSet::new(),
            fresh: Size::default(),
            free: most.less(mailbox.flags.lists()),
            counted: false,
        }
    }

    /// Makes room for a message's flags; otherwise all is as it was.
    pub(super) fn take(&mut self, flags: &Flags) -> Result<(), Refusal> {
        let table = &self.mailbox.flags;
        let list = flags.keywords();
        if table.has_list(list) || self.lists.contains(list) {
            return Ok(());
        }
        let unknown =
            list.iter().filter(|keyword| table.keyword(keyword).is_none() && !self.keywords.contains(keyword));
        let unknown: Vec<Keyword> = unknown.cloned().collect();
        let known = table.keywords().len() + self.keywords.len();
        if !unknown.is_empty() && known + unknown.len() > limits::KEYWORDS {
            return Err(Refusal::TooManyKeywords);
        }
        let fresh = self.fresh.and(Size { lists: 1, keywords: list.len() });
        if !fresh.fits(self.free) && !self.counted {
            self.count();
        }
        if !fresh.fits(self.free) {
            return Err(Refusal::TooManyCombinations);
        }
        self.fresh = fresh;
        self.lists.insert(list.into());
        self.keywords.extend(unknown);
        Ok(())
    }

    /// Some of what the table knows no message may have any more. A mailbox that has more than it may takes what leaves it
    /// no more than that.
    fn count(&mut self) {
        self.counted = true;
        let table = &self.mailbox.flags;
        let mut counts = table.each(|_| 0);
        self.mailbox.messages.iter().for_each(|record| *counts.of_mut(record.flags) += 1);
        let gone = |place: usize| self.leaving.as_ref().and_then(|leaving| leaving.values().get(place)).copied();
        let sum = |left: &dyn Fn(usize, u32) -> bool| {
            let used = counts.values().iter().enumerate().filter(|(place, count)| left(*place, **count));
            let lists: HashSet<_> = used.map(|(place, _)| table.sets()[place].keywords()).collect();
            let lists = lists.into_iter().filter(|list| !list.is_empty());
            lists.fold(Size::default(), |sum, list| sum.and(Size { lists: 1, keywords: list.len() }))
        };
        let before = sum(&|_, count| count > 0);
        let after = sum(&|place, count| count > gone(place).unwrap_or(0));
        self.free = self.most.less(after).or(before.less(after));
        if !self.renewable {
            self.free = self.free.within(self.most.and(self.most).less(table.lists()));
        }
    }
}

impl Size {
    fn and(self, other: Self) -> Self {
        Self { lists: self.lists + other.lists, keywords: self.keywords + other.keywords }
    }

    fn less(self, other: Self) -> Self {
        let keywords = self.keywords.saturating_sub(other.keywords);
        Self { lists: self.lists.saturating_sub(other.lists), keywords }
    }

    fn or(self, other: Self) -> Self {
        Self { lists: self.lists.max(other.lists), keywords: self.keywords.max(other.keywords) }
    }

    fn within(self, other: Self) -> Self {
        Self { lists: self.lists.min(other.lists), keywords: self.keywords.min(other.keywords) }
    }

    fn fits(self, other: Self) -> bool {
        self.within(other) == self
    }
}
