//! A naive account: lists that are searched from end to end, flags as texts. It says what a state must be.

pub(crate) mod looking;

use std::collections::{BTreeMap, BTreeSet};

use account::{Mailbox, State};
use imap::{StoreMode, Uid, UidSet};

/// A message as the model sees it. Flags are in lower case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Message {
    pub(crate) uid: u32,
    pub(crate) email: u64,
    pub(crate) size: u32,
    pub(crate) internal_date: (i64, i16),
    pub(crate) save_date: i64,
    pub(crate) flags: BTreeSet<String>,
    pub(crate) modseq: u64,
    pub(crate) created: u64,
}

/// A mailbox as the model sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Folder {
    pub(crate) id: u64,
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    pub(crate) modseq: u64,
    pub(crate) roles: Vec<imap::SpecialUse>,
    pub(crate) messages: Vec<Message>,
    pub(crate) vanished: Vec<(u64, u32)>,
}

/// An account as the model sees it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Account {
    pub(crate) folders: BTreeMap<String, Folder>,
    pub(crate) subscriptions: BTreeSet<String>,
    pub(crate) modseq: u64,
    pub(crate) next_folder: u64,
    pub(crate) next_email: u64,
    pub(crate) last_uid_validity: u32,
}

impl Account {
    pub(crate) fn new() -> Self {
        Self { next_folder: 1, next_email: 1, ..Self::default() }
    }

    /// Makes a folder and those above it.
    pub(crate) fn create(&mut self, name: &str, now: i64) {
        if let Some((parent, _)) = name.rsplit_once('/')
            && !self.folders.contains_key(parent)
        {
            self.create(parent, now);
        }
        self.last_uid_validity = u32::try_from(now).unwrap().max(self.last_uid_validity + 1);
        let folder = Folder {
            id: self.next_folder,
            uid_validity: self.last_uid_validity,
            uid_next: 1,
            modseq: self.modseq + 1,
            roles: Vec::new(),
            messages: Vec::new(),
            vanished: Vec::new(),
        };
        self.next_folder += 1;
        self.folders.insert(name.to_owned(), folder);
    }

    /// What RENAME does. `None`: it is refused.
    pub(crate) fn rename(&mut self, from: &str, to: &str, now: i64) -> Option<()> {
        let below = |name: &str, of: &str| name.starts_with(&format!("{of}/"));
        let moved: Vec<String> = self.folders.keys().filter(|n| *n == from || below(n, from)).cloned().collect();
        let fresh = |name: &String| format!("{to}{}", &name[from.len()..]);
        if self.folders.contains_key(to) || to == "INBOX" {
            return None;
        }
        if from == "INBOX" {
            self.create(to, now);
            let modseq = self.modseq + 1;
            let inbox = self.folders.get_mut("INBOX")?;
            let messages = std::mem::take(&mut inbox.messages);
            if !messages.is_empty() {
                inbox.modseq = modseq;
                inbox.vanished.extend(messages.iter().map(|m| (modseq, m.uid)));
                let new = self.folders.get_mut(to)?;
                new.uid_next = messages.last()?.uid + 1;
                new.messages =
                    messages.into_iter().map(|m| Message { modseq, created: modseq, save_date: now, ..m }).collect();
            }
            return Some(());
        }
        if below(to, from) || moved.is_empty() || moved.iter().any(|n| self.folders.contains_key(&fresh(n))) {
            return None;
        }
        if let Some((parent, _)) = to.rsplit_once('/')
            && !self.folders.contains_key(parent)
        {
            self.create(parent, now);
        }
        for name in moved {
            let folder = self.folders.remove(&name)?;
            self.folders.insert(fresh(&name), folder);
        }
        Some(())
    }

    /// Adds messages; their UIDs, emails and modseqs are given here.
    pub(crate) fn append(&mut self, name: &str, messages: Vec<Message>) {
        let modseq = self.modseq + 1;
        let folder = self.folders.get_mut(name).unwrap();
        if !messages.is_empty() {
            folder.modseq = modseq;
        }
        for message in messages {
            folder.messages.push(Message { uid: folder.uid_next, modseq, created: modseq, ..message });
            folder.uid_next += 1;
        }
    }

    /// Stores flags.
    pub(crate) fn store(
        &mut self,
        name: &str,
        chosen: &dyn Fn(&Message) -> bool,
        (mode, flags): (StoreMode, &BTreeSet<String>),
    ) {
        let modseq = self.modseq + 1;
        let folder = self.folders.get_mut(name).unwrap();
        for message in folder.messages.iter_mut().filter(|m| chosen(m)) {
            let new: BTreeSet<String> = match mode {
                StoreMode::Replace => flags.clone(),
                StoreMode::Add => message.flags.union(flags).cloned().collect(),
                StoreMode::Remove => message.flags.difference(flags).cloned().collect(),
            };
            if new != message.flags {
                message.flags = new;
                message.modseq = modseq;
                folder.modseq = modseq;
            }
        }
    }

    /// Takes messages away and gives them back.
    pub(crate) fn expunge(&mut self, name: &str, chosen: &dyn Fn(&Message) -> bool) -> Vec<Message> {
        let modseq = self.modseq + 1;
        let folder = self.folders.get_mut(name).unwrap();
        let (gone, kept) = std::mem::take(&mut folder.messages).into_iter().partition(|m| chosen(m));
        let gone: Vec<Message> = gone;
        folder.messages = kept;
        folder.vanished.extend(gone.iter().map(|m| (modseq, m.uid)));
        if !gone.is_empty() {
            folder.modseq = modseq;
        }
        gone
    }
}

/// What a state looks like to the model.
pub(crate) fn seen_by_model(state: &State) -> Account {
    Account {
        folders: state.by_name().map(|m| (m.name.as_str().to_owned(), folder(m))).collect(),
        subscriptions: state.subscriptions().map(|n| n.as_str().to_owned()).collect(),
        modseq: state.modseq().map_or(0, imap::ModSeq::get),
        next_folder: state.next_mailbox().get(),
        next_email: state.next_email().get(),
        last_uid_validity: state.last_uid_validity(),
    }
}

fn folder(mailbox: &Mailbox) -> Folder {
    // Many messages, few combinations: each is spelt out once.
    let sets: Vec<BTreeSet<String>> = (0..mailbox.flags.sets().len()).map(|n| texts(mailbox, n)).collect();
    let message = |record: &account::Record| Message {
        uid: record.uid.get(),
        email: record.email.get(),
        size: record.size,
        internal_date: (record.internal_date.seconds(), record.internal_date.zone_minutes()),
        save_date: record.save_date,
        flags: sets[mailbox.flags.place(record.flags)].clone(),
        modseq: record.modseq.get(),
        created: record.created.get(),
    };
    let vanished = mailbox.vanished.entries();
    Folder {
        id: mailbox.id.get(),
        uid_validity: mailbox.uid_validity.get(),
        uid_next: mailbox.uid_next_shown().get(),
        modseq: mailbox.modseq.get(),
        roles: mailbox.special_use.clone(),
        messages: mailbox.messages.iter().map(message).collect(),
        vanished: vanished.flat_map(|(modseq, uids)| uids.iter().map(move |uid| (modseq.get(), uid.get()))).collect(),
    }
}

fn texts(mailbox: &Mailbox, set: usize) -> BTreeSet<String> {
    let set = &mailbox.flags.sets()[set];
    let names = ["\\answered", "\\flagged", "\\deleted", "\\seen", "\\draft"];
    let system = names.iter().enumerate().filter(|(bit, _)| set.system.bits() >> bit & 1 == 1);
    let keywords = set.keywords().iter().map(|id| {
        // A keyword's number is not public: it is the one that the table gives for its spelling.
        let keyword = mailbox.flags.keywords().iter().find(|k| mailbox.flags.keyword(k) == Some(*id));
        keyword.unwrap().as_str().to_ascii_lowercase()
    });
    system.map(|(_, name)| (*name).to_owned()).chain(keywords).collect()
}

/// A set of UIDs from plain numbers.
pub(crate) fn uid_set(uids: impl IntoIterator<Item = u32>) -> UidSet {
    uids.into_iter().filter_map(Uid::new).collect()
}
