//! A run of up to 1,024 neighbouring messages, with what a mailbox wants to know of them all at once.
//!
//! A chunk never changes: a commit makes new ones for the messages that it touches and shares the rest with the
//! snapshots before it. So two snapshots differ only where their chunks are not the same object, and a checkpoint
//! writes only the chunks that it has not written before.

use std::sync::OnceLock;

use imap::{ModSeq, Uid};

use crate::codec::{self, Damaged, Format};
use crate::{EmailId, FlagSet, FlagTable, Record, SystemFlags};

/// The most messages in a chunk.
pub const CHUNK: usize = 1024;

/// What a mailbox wants to know of a chunk without looking into it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Summary {
    /// How many messages, 1 to [`CHUNK`].
    pub len: u32,
    /// The first message's UID.
    pub first: Uid,
    /// The last message's UID.
    pub last: Uid,
    /// How many are without `\Seen`.
    pub unseen: u32,
    /// Where in the chunk the first of those stands; `len` if there is none.
    pub first_unseen: u32,
    /// How many have `\Deleted`.
    pub deleted: u32,
    /// The sum of their sizes in octets.
    pub size: u64,
    /// The sum of the `\Deleted` ones' sizes in octets.
    pub deleted_size: u64,
    /// The highest modseq among them.
    pub modseq: ModSeq,
    /// No message here has an email below this one. What a checkpoint of format 1 kept does not know its emails before
    /// it is unpacked: its bounds are as wide as can be.
    pub least_email: EmailId,
    /// No message here has an email above this one.
    pub greatest_email: EmailId,
    /// The sum of their modseqs; `None` in what a checkpoint of format 1 kept.
    pub modseq_sum: Option<u64>,
}

impl Summary {
    /// Whether a message with this email may be in the chunk. `false` is sure.
    pub fn may_hold(&self, email: EmailId) -> bool {
        (self.least_email..=self.greatest_email).contains(&email)
    }

    /// Whether the chunk of this summary has the same messages, each with the same modseq, as a `newer` one of the same
    /// mailbox: one of a later state, or of the same state read again. `false` is not sure.
    ///
    /// - The same first UID, last UID and length are the same UIDs. A message of the newer state whose UID is below the
    ///   last one was there when that one was, as UIDs are given upwards; it has not gone since, else the newer state would
    ///   not have it; so the older chunk, which has all between its ends, has it. The newer messages are thus among the
    ///   older ones, and as many. Messages that a view keeps though they have gone only make the older ones more.
    /// - The same sum then is the same modseqs: a message's modseq only ever grows, so no smaller one makes up for a
    ///   greater one. (The sum has 64 bits; it could come around only after 2^54 commits.)
    /// - A UID and a modseq are one record: no modseq is given twice, and one commit leaves one record of a message.
    ///
    /// The highest modseq would not do in the sum's place: a session's own STORE may be in its view while a change of the
    /// same chunk by somebody else, made just before, is not.
    pub fn same_messages(&self, newer: &Self) -> bool {
        let key = |s: &Self| (s.first, s.last, s.len, s.modseq_sum);
        self.modseq_sum.is_some() && key(self) == key(newer)
    }
}

/// A run of neighbouring messages. Read back from a checkpoint it stays packed until somebody looks into it.
#[derive(Debug)]
pub struct Chunk {
    /// The name under which checkpoints keep it: the UID of the first message that was ever in it.
    base: Uid,
    summary: Summary,
    packed: Option<Box<[u8]>>,
    records: OnceLock<Vec<Record>>,
}

impl Chunk {
    /// From records in the order of their UIDs; `None` if there are none.
    pub(crate) fn new(base: Uid, records: Vec<Record>, table: &FlagTable) -> Option<Self> {
        let summary = summarize(&records, table)?;
        Some(Self { base, summary, packed: None, records: OnceLock::from(records) })
    }

    /// A chunk whose last message has gone: only a mark for its owner to take it away.
    pub(crate) fn emptied(of: &Self) -> Self {
        let summary = Summary { len: 0, ..of.summary };
        Self { base: of.base, summary, packed: None, records: OnceLock::from(Vec::new()) }
    }

    /// From what [`Chunk::pack`] made. The caller has checked that the bytes are the ones that were written.
    pub fn unpack(base: Uid, packed: Box<[u8]>) -> Result<Self, Damaged> {
        let summary = codec::read_summary(&packed)?;
        Ok(Self { base, summary, packed: Some(packed), records: OnceLock::new() })
    }

    /// For a checkpoint: the summary, then the records by column.
    pub fn pack(&self, format: Format) -> Vec<u8> {
        match &self.packed {
            Some(packed) if packed.first() == Some(&format.number()) => packed.to_vec(),
            _ => {
                let records = self.records();
                let (least_email, greatest_email) = emails(records).unwrap_or((EmailId::FIRST, EmailId::MAX));
                let modseq_sum = Some(modseq_sum(records));
                codec::write_chunk(
                    format,
                    &Summary { least_email, greatest_email, modseq_sum, ..self.summary },
                    records,
                )
            }
        }
    }

    /// How many octets its messages take: packed, unpacked, or both.
    pub(crate) fn held(&self) -> usize {
        let records = self.records.get().map_or(0, |records| records.capacity() * size_of::<Record>());
        records + self.packed.as_ref().map_or(0, |packed| packed.len())
    }

    /// The name under which checkpoints keep it.
    pub fn base(&self) -> Uid {
        self.base
    }

    /// What is known of all of it.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The messages, in the order of their UIDs.
    ///
    /// # Panics
    /// If the bytes that it was unpacked from are no chunk although their checksum is right.
    pub fn records(&self) -> &[Record] {
        self.records.get_or_init(|| {
            let packed = self.packed.as_deref().unwrap_or_default();
            // A checkpoint's rows are checked by CRC32C when they are read, and `store::check` unpacks them all, so
            // this is a chunk that was packed wrongly: our own invariant, and no answer would be a right one.
            codec::read_records(packed).expect("a chunk whose checksum is right unpacks")
        })
    }

    /// Where a UID stands in this chunk, or where it would.
    pub(crate) fn find(&self, uid: Uid) -> Result<usize, usize> {
        self.records().binary_search_by_key(&uid, |r| r.uid)
    }
}

fn summarize(records: &[Record], table: &FlagTable) -> Option<Summary> {
    let (first, last) = (records.first()?, records.last()?);
    let (least_email, greatest_email) = emails(records)?;
    let mut summary = Summary {
        len: u32::try_from(records.len()).ok()?,
        first: first.uid,
        last: last.uid,
        unseen: 0,
        first_unseen: u32::try_from(records.len()).ok()?,
        deleted: 0,
        size: 0,
        deleted_size: 0,
        modseq: first.modseq,
        least_email,
        greatest_email,
        modseq_sum: Some(modseq_sum(records)),
    };
    for (at, record) in (0u32..).zip(records) {
        let flags = table.set(record.flags);
        if is_unseen(flags) {
            summary.first_unseen = summary.first_unseen.min(at);
            summary.unseen += 1;
        }
        if flags.system.contains(SystemFlags::DELETED) {
            summary.deleted += 1;
            summary.deleted_size += u64::from(record.size);
        }
        summary.size += u64::from(record.size);
        summary.modseq = summary.modseq.max(record.modseq);
    }
    Some(summary)
}

/// The least and the greatest email.
fn emails(records: &[Record]) -> Option<(EmailId, EmailId)> {
    let emails = || records.iter().map(|r| r.email);
    emails().min().zip(emails().max())
}

fn modseq_sum(records: &[Record]) -> u64 {
    records.iter().fold(0, |sum, r| sum.wrapping_add(r.modseq.get()))
}

fn is_unseen(flags: &FlagSet) -> bool {
    !flags.system.contains(SystemFlags::SEEN)
}
