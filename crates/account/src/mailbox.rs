//! One mailbox: its names and numbers, its messages, and the UIDs that have gone.

use std::sync::Arc;

use imap::{MailboxName, ModSeq, SpecialUse, Uid, UidSet, UidValidity};

use crate::{FlagTable, MailboxId, Messages};

/// A mailbox as of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Lasting: survives RENAME (RFC 8474 §4.1).
    pub id: MailboxId,
    /// What it is called now.
    pub name: MailboxName,
    /// RFC 9051 §2.3.1.1. Never changes while the mailbox lives.
    pub uid_validity: UidValidity,
    /// What the next message's UID will be, at least; `None` once the last UID has been given.
    pub uid_next: Option<Uid>,
    /// The commit that last changed this mailbox's messages, or that made it (HIGHESTMODSEQ, RFC 7162 §3.1.2.1).
    pub modseq: ModSeq,
    /// What it is for, each of RFC 6154 §2 at most once.
    pub special_use: Vec<SpecialUse>,
    /// The messages.
    pub messages: Messages,
    /// The keywords and combinations of flags that the messages use.
    pub flags: Arc<FlagTable>,
    /// The UIDs that have gone, and when.
    pub vanished: Arc<Vanished>,
}

impl Mailbox {
    /// UIDNEXT as clients see it (RFC 9051 §2.3.1.1): once the last UID has been given, that one.
    pub fn uid_next_shown(&self) -> Uid {
        self.uid_next.unwrap_or(Uid::MAX)
    }
}

/// The most entries in [`Vanished`]; beyond it the older half is joined in pairs.
const ENTRIES: usize = 1024;

/// Which UIDs were expunged by which commit: what QRESYNC needs, for ever (RFC 7162 §3.2.6).
///
/// Old entries are joined, under the later modseq of the two. So a client that was away for very long may be told of
/// UIDs that it knows to have gone, which RFC 7162 §3.2.5.1 allows; it is never left with one that has gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vanished {
    entries: Vec<(ModSeq, UidSet)>,
}

impl Vanished {
    /// From a checkpoint, in the order of their modseqs.
    pub fn from_entries(entries: Vec<(ModSeq, UidSet)>) -> Self {
        Self { entries }
    }

    /// The entries in the order of their modseqs.
    pub fn entries(&self) -> &[(ModSeq, UidSet)] {
        &self.entries
    }

    /// The UIDs that have gone after a modseq (`None`: that have ever gone).
    pub fn since(&self, modseq: Option<ModSeq>) -> UidSet {
        let from = modseq.map_or(0, |m| self.entries.partition_point(|(at, _)| *at <= m));
        self.entries[from..].iter().fold(UidSet::new(), |all, (_, uids)| all.union(uids))
    }

    /// The commit that last took a message away.
    pub fn last(&self) -> Option<ModSeq> {
        self.entries.last().map(|(modseq, _)| *modseq)
    }

    pub(crate) fn add(&mut self, modseq: ModSeq, uids: &UidSet) {
        match self.entries.last_mut() {
            Some((at, last)) if *at == modseq => *last = last.union(uids),
            _ => self.entries.push((modseq, uids.clone())),
        }
        if self.entries.len() > ENTRIES {
            let young = self.entries.split_off(ENTRIES / 2);
            let mut joined = Vec::with_capacity(ENTRIES / 4);
            for pair in self.entries.chunks(2) {
                let uids = pair.iter().fold(UidSet::new(), |all, (_, uids)| all.union(uids));
                joined.extend(pair.last().map(|(modseq, _)| (*modseq, uids)));
            }
            joined.extend(young);
            self.entries = joined;
        }
    }
}
