//! The UIDs that have gone from a mailbox, and when.

use std::sync::{Arc, LazyLock};

use imap::{ModSeq, UidSet};

/// The most entries; beyond it the older half is joined in pairs.
const ENTRIES: usize = 1024;

/// Which UIDs were expunged by which commit: what QRESYNC needs, for ever (RFC 7162 §3.2.6).
///
/// Old entries are joined, under the later modseq of the two. So a client that was away for very long may be told of
/// UIDs that it knows to have gone, which RFC 7162 §3.2.5.1 allows; it is never left with one that has gone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vanished {
    /// Shared with the snapshots before, so that a commit costs what it takes away and not what has ever gone.
    entries: Vec<(ModSeq, Arc<UidSet>)>,
}

impl Vanished {
    /// What nothing has gone from: all that are so share one.
    pub fn none() -> Arc<Self> {
        static NONE: LazyLock<Arc<Vanished>> = LazyLock::new(Arc::default);
        NONE.clone()
    }

    /// From a checkpoint, in the order of their modseqs.
    pub fn from_entries(entries: impl IntoIterator<Item = (ModSeq, UidSet)>) -> Self {
        Self { entries: entries.into_iter().map(|(modseq, uids)| (modseq, Arc::new(uids))).collect() }
    }

    /// The entries in the order of their modseqs.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (ModSeq, &UidSet)> {
        self.entries.iter().map(|(modseq, uids)| (*modseq, &**uids))
    }

    /// The UIDs that have gone after a modseq (`None`: that have ever gone).
    pub fn since(&self, modseq: Option<ModSeq>) -> UidSet {
        let from = modseq.map_or(0, |m| self.entries.partition_point(|(at, _)| *at <= m));
        union(&self.entries[from..])
    }

    /// The commit that last took a message away.
    pub fn last(&self) -> Option<ModSeq> {
        self.entries.last().map(|(modseq, _)| *modseq)
    }

    pub(crate) fn add(&mut self, modseq: ModSeq, uids: &UidSet) {
        match self.entries.last_mut() {
            Some((at, last)) if *at == modseq => *last = Arc::new(last.union(uids)),
            _ => self.entries.push((modseq, Arc::new(uids.clone()))),
        }
        if self.entries.len() > ENTRIES {
            let young = self.entries.split_off(ENTRIES / 2);
            let pairs = self.entries.chunks(2);
            self.entries = pairs.filter_map(|pair| Some((pair.last()?.0, Arc::new(union(pair))))).collect();
            self.entries.extend(young);
        }
    }
}

/// What is in any of them. All ranges are sorted once: one entry after the other would go through what is found so far
/// each time.
fn union(entries: &[(ModSeq, Arc<UidSet>)]) -> UidSet {
    UidSet::from_ranges(entries.iter().flat_map(|(_, uids)| uids.ranges()))
}
