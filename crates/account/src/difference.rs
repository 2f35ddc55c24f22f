//! What a session has to tell its client: the difference between what it has told it and what is.

use std::cmp::Ordering;
use std::sync::Arc;

use imap::UidSet;

use crate::chunk::Chunk;
use crate::{Messages, Record};

/// How one list of messages differs from an older one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// In the old list only.
    pub gone: UidSet,
    /// In both, with another modseq: flags were stored.
    pub changed: UidSet,
    /// In the new list only.
    pub added: UidSet,
}

impl Difference {
    /// Whether the lists are the same.
    pub fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.changed.is_empty() && self.added.is_empty()
    }
}

/// Compares two lists of the same mailbox's messages: what it was, or what a session has told of it, and what it is.
/// Chunks that both share, or whose [summaries](crate::Summary::same_messages) say that they have the same messages, are
/// passed over: so this costs what has changed between them, not what is in them, also if the account was closed and
/// opened in between.
pub fn difference(old: &Messages, new: &Messages) -> Difference {
    let mut found = Difference::default();
    let (mut old, mut new) = (Cursor::new(old.chunks()), Cursor::new(new.chunks()));
    loop {
        if let (Some(a), Some(b)) = (old.whole(), new.whole())
            && (Arc::ptr_eq(a, b) || a.summary().same_messages(b.summary()))
        {
            old.skip();
            new.skip();
            continue;
        }
        let order = match (old.record(), new.record()) {
            (None, None) => return found,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.uid.cmp(&b.uid),
        };
        match order {
            Ordering::Less => found.gone.extend(old.take().map(|r| r.uid)),
            Ordering::Greater => found.added.extend(new.take().map(|r| r.uid)),
            Ordering::Equal => {
                let (before, after) = (old.take(), new.take());
                if before.map(|r| r.modseq) != after.map(|r| r.modseq) {
                    found.changed.extend(after.map(|r| r.uid));
                }
            }
        }
    }
}

/// A place in a list of chunks.
struct Cursor<'a> {
    chunks: &'a [Arc<Chunk>],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn new(chunks: &'a [Arc<Chunk>]) -> Self {
        Self { chunks, at: 0 }
    }

    /// The chunk ahead, if all of it is ahead.
    fn whole(&self) -> Option<&'a Arc<Chunk>> {
        self.chunks.first().filter(|_| self.at == 0)
    }

    fn record(&self) -> Option<&'a Record> {
        self.chunks.first().and_then(|c| c.records().get(self.at))
    }

    /// The record ahead, and steps over it.
    fn take(&mut self) -> Option<&'a Record> {
        let record = self.record();
        self.at += 1;
        if self.chunks.first().is_some_and(|c| self.at >= c.summary().len as usize) {
            self.skip();
        }
        record
    }

    fn skip(&mut self) {
        self.chunks = self.chunks.get(1..).unwrap_or_default();
        self.at = 0;
    }
}
