//! The messages of a mailbox in the order of their UIDs: a list of shared chunks.
//!
//! Cloning costs one pointer per thousand messages; a change costs the chunks that it touches.

use std::sync::Arc;

use imap::{ModSeq, Uid, UidSet};

use crate::chunk::{CHUNK, Chunk};
use crate::{FlagSetId, FlagTable, PerFlags, Record, Totals};

/// The messages of a mailbox, by place (0 is the first) and by UID.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    chunks: Vec<Arc<Chunk>>,
    /// The place of each chunk's first message.
    starts: Vec<usize>,
    len: usize,
    totals: Totals,
}

impl Messages {
    /// From chunks as a checkpoint keeps them, in the order of their UIDs.
    pub fn from_chunks(chunks: Vec<Arc<Chunk>>) -> Self {
        let mut messages = Self { chunks, ..Self::default() };
        messages.count();
        messages
    }

    /// From records in the order of their UIDs.
    pub fn from_records(records: impl IntoIterator<Item = Record>, table: &FlagTable) -> Self {
        let mut messages = Self::default();
        messages.append(records.into_iter().collect(), table);
        messages
    }

    /// How many messages.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The chunks, for checkpoints and for comparing snapshots.
    pub fn chunks(&self) -> &[Arc<Chunk>] {
        &self.chunks
    }

    /// The message at a place, 0 being the first.
    pub fn get(&self, place: usize) -> Option<&Record> {
        let chunk = self.starts.partition_point(|s| *s <= place).checked_sub(1)?;
        self.chunks[chunk].records().get(place - self.starts[chunk])
    }

    /// The place of a UID, 0 being the first.
    pub fn place(&self, uid: Uid) -> Option<usize> {
        let chunk = self.chunk_of(uid)?;
        self.chunks[chunk].find(uid).ok().map(|at| self.starts[chunk] + at)
    }

    /// How many messages have a smaller UID than this one.
    pub fn places_below(&self, uid: Uid) -> usize {
        let chunk = self.chunks.partition_point(|c| c.summary().last < uid);
        match self.chunks.get(chunk) {
            None => self.len,
            Some(c) => self.starts[chunk] + c.find(uid).unwrap_or_else(|at| at),
        }
    }

    /// The message with this UID.
    pub fn by_uid(&self, uid: Uid) -> Option<&Record> {
        let chunk = &self.chunks[self.chunk_of(uid)?];
        chunk.find(uid).ok().map(|at| &chunk.records()[at])
    }

    /// The last message.
    pub fn last(&self) -> Option<&Record> {
        self.chunks.last()?.records().last()
    }

    /// All messages, ascending by UID.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.chunks.iter().flat_map(|c| c.records())
    }

    /// The messages from a place on (0 being the first), ascending.
    pub fn iter_from(&self, place: usize) -> impl Iterator<Item = &Record> {
        let chunk = self.starts.partition_point(|s| *s <= place).saturating_sub(1);
        let (first, rest) = self.chunks.get(chunk..).and_then(<[_]>::split_first).unzip();
        let skip = place.saturating_sub(self.starts.get(chunk).copied().unwrap_or(0));
        let first = first.and_then(|c| c.records().get(skip..)).unwrap_or_default();
        first.iter().chain(rest.into_iter().flatten().flat_map(|c| c.records()))
    }

    /// The messages whose UIDs are in the set, each with its place, ascending.
    pub fn select<'a>(&'a self, uids: &'a UidSet) -> impl Iterator<Item = (usize, &'a Record)> {
        uids.ranges().flat_map(move |range| {
            let (first, last) = (*range.start(), *range.end());
            let from = self.places_below(first);
            (from..).zip(self.iter_from(from)).take_while(move |(_, r)| r.uid <= last)
        })
    }

    /// All UIDs.
    pub fn uids(&self) -> UidSet {
        self.iter().map(|r| r.uid).collect()
    }

    /// The place of the first message without `\Seen`.
    pub fn first_unseen(&self) -> Option<usize> {
        let chunk = self.chunks.iter().position(|c| c.summary().unseen > 0)?;
        Some(self.starts[chunk] + self.chunks[chunk].summary().first_unseen as usize)
    }

    /// Sums over all messages. They are kept, so asking costs nothing.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Adds messages at the end. Their UIDs are above all that are here, ascending.
    pub fn append(&mut self, mut records: Vec<Record>, table: &FlagTable) {
        let room = self.chunks.last().map_or(0, |c| CHUNK.saturating_sub(c.records().len())).min(records.len());
        if room > 0
            && let Some(last) = self.pop()
        {
            let mut grown = Vec::with_capacity(last.records().len() + room);
            grown.extend_from_slice(last.records());
            grown.extend(records.drain(..room));
            self.push(Chunk::new(last.base(), grown, table));
        }
        for run in records.chunks(CHUNK) {
            self.push(run.first().and_then(|r| Chunk::new(r.uid, run.to_vec(), table)));
        }
    }

    /// Changes the messages whose UIDs are in the set.
    pub fn update(&mut self, uids: &UidSet, table: &FlagTable, mut change: impl FnMut(&mut Record)) {
        self.rewrite(uids, table, |record| {
            change(record);
            true
        });
    }

    /// Takes away the messages whose UIDs are in the set.
    pub fn remove(&mut self, uids: &UidSet, table: &FlagTable) {
        self.rewrite(uids, table, |_| false);
        self.merge(table);
        self.count();
    }

    /// Puts messages in at their places, ascending by UID; those whose UIDs are here already are left out.
    pub fn insert(&mut self, records: Vec<Record>, table: &FlagTable) {
        let mut records = records.into_iter().peekable();
        let mut chunks = Vec::with_capacity(self.chunks.len());
        for chunk in self.chunks.drain(..) {
            let last = chunk.summary().last;
            let mut before = Vec::new();
            while let Some(record) = records.next_if(|r| r.uid <= last) {
                before.extend(chunk.find(record.uid).is_err().then_some(record));
            }
            if before.is_empty() {
                chunks.push(chunk);
                continue;
            }
            before.extend_from_slice(chunk.records());
            before.sort_unstable_by_key(|r| r.uid);
            // The base stays the name of the first half, as no other chunk can have it.
            let runs = before.chunks(CHUNK).zip(std::iter::once(Some(chunk.base())).chain(std::iter::repeat(None)));
            chunks.extend(runs.filter_map(|(run, base)| {
                Chunk::new(base.or(run.first().map(|r| r.uid))?, run.to_vec(), table).map(Arc::new)
            }));
        }
        self.chunks = chunks;
        self.count();
        self.append(records.collect(), table);
    }

    /// Gives each message the number that its combination of flags has in another table.
    pub(crate) fn renumber(&mut self, table: &FlagTable, numbers: &PerFlags<FlagSetId>) {
        for chunk in &mut self.chunks {
            let records = chunk.records().iter().map(|record| Record { flags: *numbers.of(record.flags), ..*record });
            if let Some(new) = Chunk::new(chunk.base(), records.collect(), table) {
                *chunk = Arc::new(new);
            }
        }
    }

    /// Rewrites the chunks in which the set has a message, each once however many ranges of the set meet it.
    fn rewrite(&mut self, uids: &UidSet, table: &FlagTable, mut keep: impl FnMut(&mut Record) -> bool) {
        let mut ranges = uids.ranges().peekable();
        let Some(first) = uids.first() else { return };
        let from = self.chunks.partition_point(|c| c.summary().last < first);
        let mut emptied = false;
        for chunk in &mut self.chunks[from..] {
            let (low, high) = (chunk.summary().first, chunk.summary().last);
            while ranges.next_if(|r| *r.end() < low).is_some() {}
            match ranges.peek() {
                None => break,
                Some(range) if *range.start() > high => continue,
                Some(_) => {}
            }
            let mut records = Vec::with_capacity(chunk.records().len());
            let mut touched = false;
            for record in chunk.records() {
                while ranges.next_if(|r| *r.end() < record.uid).is_some() {}
                let mut record = *record;
                if ranges.peek().is_some_and(|r| *r.start() <= record.uid) {
                    touched = true;
                    if !keep(&mut record) {
                        continue;
                    }
                }
                records.push(record);
            }
            match Chunk::new(chunk.base(), records, table) {
                Some(new) if touched => {
                    self.totals = self.totals.without(chunk.summary()).with(new.summary());
                    *chunk = Arc::new(new);
                }
                Some(_) => {}
                None => {
                    *chunk = Arc::new(Chunk::emptied(chunk));
                    emptied = true;
                }
            }
        }
        if emptied {
            self.chunks.retain(|c| c.summary().len > 0);
        }
    }

    /// Joins neighbours that have become small, so that a mailbox that is emptied here and there keeps few chunks.
    fn merge(&mut self, table: &FlagTable) {
        let small = |a: &Chunk, b: &Chunk| (a.summary().len + b.summary().len) as usize <= CHUNK / 2;
        if !self.chunks.windows(2).any(|pair| small(&pair[0], &pair[1])) {
            return;
        }
        let mut merged: Vec<Arc<Chunk>> = Vec::with_capacity(self.chunks.len());
        for chunk in self.chunks.drain(..) {
            match merged.last_mut() {
                Some(last) if small(last, &chunk) => {
                    let both = last.records().iter().chain(chunk.records()).copied().collect();
                    if let Some(joined) = Chunk::new(last.base(), both, table) {
                        *last = Arc::new(joined);
                    }
                }
                _ => merged.push(chunk),
            }
        }
        self.chunks = merged;
    }

    /// Whether both are the same, as far as both know when messages were added.
    pub(crate) fn agree_with(&self, other: &Self) -> bool {
        let known = |created| created > ModSeq::MIN;
        let agree = |(a, b): (&Record, &Record)| {
            *a == *b || (!(known(a.created) && known(b.created)) && *a == Record { created: a.created, ..*b })
        };
        self.len == other.len && self.iter().zip(other.iter()).all(agree)
    }

    fn chunk_of(&self, uid: Uid) -> Option<usize> {
        let chunk = self.chunks.partition_point(|c| c.summary().last < uid);
        (chunk < self.chunks.len()).then_some(chunk)
    }

    fn push(&mut self, chunk: Option<Chunk>) {
        let Some(chunk) = chunk.map(Arc::new) else { return };
        self.starts.push(self.len);
        self.len += chunk.summary().len as usize;
        self.totals = self.totals.with(chunk.summary());
        self.chunks.push(chunk);
    }

    fn pop(&mut self) -> Option<Arc<Chunk>> {
        let chunk = self.chunks.pop()?;
        self.starts.pop();
        self.len -= chunk.summary().len as usize;
        self.totals = self.totals.without(chunk.summary());
        Some(chunk)
    }

    fn count(&mut self) {
        self.starts.clear();
        self.len = 0;
        self.totals = Totals::default();
        for chunk in &self.chunks {
            self.starts.push(self.len);
            self.len += chunk.summary().len as usize;
            self.totals = self.totals.with(chunk.summary());
        }
    }
}

impl PartialEq for Messages {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

impl Eq for Messages {}
