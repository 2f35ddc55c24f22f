//! The first stage: what memory knows. Whole chunks are passed over where their summaries say that nothing matches.

use imap::SeqNum;

use super::program::{Program, Test};
use crate::{Record, Summary, SystemFlags};

const DAY: i64 = 86_400;

/// Combinations of flags beyond which a chunk's messages are looked at rather than all of these.
const FEW: usize = 64;

impl Test {
    /// What a message's record says; `place` is its place in the mailbox, 0 being the first.
    pub(super) fn of_record(&self, place: usize, record: &Record) -> Option<bool> {
        Some(match self {
            Self::Flags(matching) => *matching.of(record.flags),
            Self::Uids(uids) => uids.contains(record.uid),
            Self::Seqs(seqs) => seq(place).is_some_and(|seq| seqs.contains(seq)),
            Self::Received(days) => days.has(local_day(record)),
            Self::Saved(days) => days.has(record.save_date.div_euclid(DAY)),
            Self::ReceivedUntil(limit) => record.internal_date.seconds() <= *limit,
            Self::ReceivedFrom(limit) => record.internal_date.seconds() >= *limit,
            Self::Larger(size) => u64::from(record.size) > *size,
            Self::Smaller(size) => u64::from(record.size) < *size,
            Self::ModSeq(least) => record.modseq.get() >= *least,
            Self::Emails(emails) => emails.contains(&record.email),
            Self::Sent(_) | Self::Header(_) | Self::Text(..) => return None,
        })
    }

    /// What a chunk's summary says of all its messages at once.
    fn of_chunk(&self, summary: &Summary, systems: &[SystemFlags]) -> Option<bool> {
        match self {
            Self::Flags(matching) if systems.len() <= FEW => {
                let all = |flag, n| move |set: SystemFlags| n != summary.len || set.contains(flag);
                let none = |flag, n| move |set: SystemFlags| n != 0 || !set.contains(flag);
                let seen = summary.len.saturating_sub(summary.unseen);
                let possible = |set: SystemFlags| {
                    all(SystemFlags::SEEN, seen)(set)
                        && none(SystemFlags::SEEN, seen)(set)
                        && all(SystemFlags::DELETED, summary.deleted)(set)
                        && none(SystemFlags::DELETED, summary.deleted)(set)
                };
                same(
                    systems
                        .iter()
                        .zip(matching.values())
                        .filter(|(set, _)| possible(**set))
                        .map(|(_, matches)| *matches),
                )
            }
            Self::ModSeq(least) if summary.modseq.get() < *least => Some(false),
            Self::Larger(size) if summary.size <= *size => Some(false),
            Self::Emails(emails) if !emails.iter().any(|email| summary.may_hold(*email)) => Some(false),
            _ => None,
        }
    }
}

/// INTERNALDATE's day in its own zone: "disregarding time and timezone" (RFC 9051 §6.4.4).
fn local_day(record: &Record) -> i64 {
    let date = record.internal_date;
    (date.seconds() + i64::from(date.zone_minutes()) * 60).div_euclid(DAY)
}

/// The value if all are the same.
fn same(mut values: impl Iterator<Item = bool>) -> Option<bool> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

impl Program {
    /// Whether no message of a chunk can match.
    pub(super) fn passes_over(&self, summary: &Summary) -> bool {
        self.root.decide(&mut |test| test.of_chunk(summary, &self.systems)) == Some(false)
    }

    /// What a message's record says of the whole.
    pub(super) fn of_record(&self, place: usize, record: &Record) -> Option<bool> {
        self.root.decide(&mut |test| test.of_record(place, record))
    }
}

/// The sequence number of a place.
pub(super) fn seq(place: usize) -> Option<SeqNum> {
    u32::try_from(place + 1).ok().and_then(SeqNum::new)
}
