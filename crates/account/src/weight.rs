//! About how many octets of memory a state takes: what a budget of memory is measured by. What several mailboxes or states
//! share is counted in each.

use std::mem::size_of;

use imap::{Keyword, MailboxName};

use crate::{Chunk, FlagSet, FlagTable, Foreign, Mailbox, Messages, State, Vanished};

/// What an allocation takes beside what is in it: the counts of an `Arc`, and what an allocator rounds up.
const ALLOCATION: usize = 32;

/// What an entry of a persistent map takes beside key and value.
const ENTRY: usize = 16;

impl State {
    /// Its mailboxes with their messages, subscriptions and ids. Looks at each mailbox and chunk, and into none.
    pub fn weight(&self) -> usize {
        let mailboxes: usize = self.by_name().map(|mailbox| mailbox.weight()).sum();
        let subscriptions: usize = self.subscriptions().map(|name| named(name) + ENTRY).sum();
        let foreign = self.ids().foreign().len() * (size_of::<Foreign>() + 8 + ENTRY);
        size_of::<Self>() + mailboxes + subscriptions + foreign
    }
}

impl Mailbox {
    fn weight(&self) -> usize {
        // Its name is a key of the names, too, and its id one of the mailboxes.
        let keys = named(&self.name) + 2 * (size_of::<usize>() + ENTRY);
        let own = ALLOCATION + size_of::<Self>() + self.name.as_str().len() + self.special_use.len();
        keys + own + self.messages.weight() + self.flags.weight() + self.vanished.weight()
    }
}

impl Messages {
    /// Those of one mailbox, packed or not.
    pub fn weight(&self) -> usize {
        let each = ALLOCATION + size_of::<Chunk>() + 2 * size_of::<usize>();
        self.chunks().iter().map(|chunk| each + chunk.held()).sum()
    }
}

impl FlagTable {
    fn weight(&self) -> usize {
        if self.sets().len() == 1 && self.keywords().is_empty() {
            // All that are empty are one.
            return 0;
        }
        // A keyword is known in the list and in the map, where half of the places may be free.
        let keyword = |keyword: &Keyword| 3 * size_of::<Keyword>() + ALLOCATION + keyword.as_str().len();
        let keywords: usize = self.keywords().iter().map(keyword).sum();
        let lists = self.lists();
        let lists = lists.lists * (ALLOCATION + 2 * size_of::<usize>()) + lists.keywords * 2;
        size_of::<Self>() + 4 * ALLOCATION + keywords + lists + self.sets().len() * 4 * size_of::<FlagSet>()
    }
}

impl Vanished {
    fn weight(&self) -> usize {
        self.entries().map(|(_, uids)| ALLOCATION + 5 * size_of::<usize>() + uids.ranges().len() * 8).sum()
    }
}

fn named(name: &MailboxName) -> usize {
    size_of::<MailboxName>() + ALLOCATION + name.as_str().len()
}
