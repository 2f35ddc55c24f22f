//! An account as anybody would write it in an hour: lists, and no thought of speed.

use std::collections::BTreeMap;

use super::FlagSet;

/// Which mailbox, whatever it is called.
pub type Key = usize;

/// What STORE does with its flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `FLAGS`
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

impl Mode {
    /// What becomes of a message's flags.
    pub fn apply(self, old: &FlagSet, flags: &FlagSet) -> FlagSet {
        match self {
            Self::Replace => flags.clone(),
            Self::Add => old.union(flags).cloned().collect(),
            Self::Remove => old.difference(flags).cloned().collect(),
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its UID.
    pub uid: u32,
    /// Its flags.
    pub flags: FlagSet,
    /// Grows whenever the flags change.
    pub version: u64,
}

#[derive(Clone, Debug)]
struct Mailbox {
    next: u32,
    messages: Vec<Entry>,
}

/// The account.
#[derive(Clone, Debug)]
pub struct Naive {
    names: BTreeMap<String, Key>,
    mailboxes: Vec<Mailbox>,
    version: u64,
}

impl Naive {
    /// With these mailboxes, all empty.
    pub fn new(names: &[&str]) -> Self {
        let mut naive = Self { names: BTreeMap::new(), mailboxes: Vec::new(), version: 0 };
        for name in names {
            naive.create(name);
        }
        naive
    }

    /// The mailbox that has this name.
    pub fn find(&self, name: &str) -> Option<Key> {
        self.names.get(name).copied()
    }

    /// The name of a mailbox; `None` if it was deleted.
    pub fn name(&self, key: Key) -> Option<&str> {
        self.names.iter().find(|(_, k)| **k == key).map(|(name, _)| name.as_str())
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = (&str, Key)> {
        self.names.iter().map(|(name, key)| (name.as_str(), *key))
    }

    /// A mailbox's messages. One that was deleted has none.
    pub fn messages(&self, key: Key) -> &[Entry] {
        &self.mailboxes[key].messages
    }

    /// UIDNEXT.
    pub fn next(&self, key: Key) -> u32 {
        self.mailboxes[key].next
    }

    /// CREATE; whether it is OK.
    pub fn create(&mut self, name: &str) -> bool {
        if self.names.contains_key(name) {
            return false;
        }
        self.names.insert(name.to_owned(), self.mailboxes.len());
        self.mailboxes.push(Mailbox { next: 1, messages: Vec::new() });
        true
    }

    /// DELETE; whether it is OK.
    pub fn delete(&mut self, name: &str) -> bool {
        if name == "INBOX" {
            return false;
        }
        let key = self.names.remove(name);
        if let Some(key) = key {
            self.mailboxes[key].messages.clear();
        }
        key.is_some()
    }

    /// RENAME; whether it is OK. INBOX stays and gives its messages away, with their UIDs.
    pub fn rename(&mut self, from: &str, to: &str) -> bool {
        if !self.names.contains_key(from) || self.names.contains_key(to) {
            return false;
        }
        if from == "INBOX" {
            self.create(to);
            let messages = std::mem::take(&mut self.mailboxes[0].messages);
            let made = self.names[to];
            self.mailboxes[made].next = messages.last().map_or(1, |m| m.uid + 1);
            self.mailboxes[made].messages = messages;
        } else if let Some(key) = self.names.remove(from) {
            self.names.insert(to.to_owned(), key);
        }
        true
    }

    /// APPEND; the UID that the message has got.
    pub fn append(&mut self, name: &str, flags: FlagSet) -> Option<u32> {
        let key = self.find(name)?;
        Some(self.add(key, flags))
    }

    fn add(&mut self, key: Key, flags: FlagSet) -> u32 {
        self.version += 1;
        let mailbox = &mut self.mailboxes[key];
        let uid = mailbox.next;
        mailbox.next += 1;
        mailbox.messages.push(Entry { uid, flags, version: self.version });
        uid
    }

    /// STORE. UIDs that are not there are passed over.
    pub fn store(&mut self, key: Key, uids: &[u32], mode: Mode, flags: &FlagSet) {
        for message in self.mailboxes[key].messages.iter_mut().filter(|m| uids.contains(&m.uid)) {
            let new = mode.apply(&message.flags, flags);
            if new != message.flags {
                self.version += 1;
                (message.flags, message.version) = (new, self.version);
            }
        }
    }

    /// EXPUNGE, or UID EXPUNGE of these.
    pub fn expunge(&mut self, key: Key, only: Option<&[u32]>) {
        let goes = |m: &Entry| m.flags.contains("\\deleted") && only.is_none_or(|only| only.contains(&m.uid));
        self.mailboxes[key].messages.retain(|m| !goes(m));
    }

    /// COPY: the UIDs of those that were there, and those of their copies.
    pub fn copy(&mut self, key: Key, uids: &[u32], to: &str) -> Option<(Vec<u32>, Vec<u32>)> {
        let to = self.find(to)?;
        let found: Vec<Entry> = self.messages(key).iter().filter(|m| uids.contains(&m.uid)).cloned().collect();
        let from = found.iter().map(|m| m.uid).collect();
        Some((from, found.into_iter().map(|m| self.add(to, m.flags)).collect()))
    }

    /// MOVE.
    pub fn move_messages(&mut self, key: Key, uids: &[u32], to: &str) -> Option<(Vec<u32>, Vec<u32>)> {
        let copied = self.copy(key, uids, to)?;
        self.remove(key, &copied.0);
        Some(copied)
    }

    /// Takes messages away.
    pub fn remove(&mut self, key: Key, uids: &[u32]) {
        self.mailboxes[key].messages.retain(|m| !uids.contains(&m.uid));
    }
}
