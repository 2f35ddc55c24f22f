//! Tells the client what has changed: EXPUNGE or VANISHED, EXISTS, FLAGS, FETCH (RFC 9051 §7.3, §7.4, §7.5).

use std::ops::RangeInclusive;
use std::sync::Arc;

use account::{FlagSetId, FlagTable, KeywordId, Messages, Record, Rights, SystemFlags};
use imap::response::{self, FetchLine, Gone, NewKeywords};
use imap::{Flag, SeqSet, Uid, UidSet};

use crate::enabled::Enabled;
use crate::limits;
use crate::outbox::{Filled, Later, Outbox};
use crate::reply::Notice;
use crate::view::{News, View};

const SYSTEM: [(SystemFlags, Flag); 5] = [
    (SystemFlags::ANSWERED, Flag::Answered),
    (SystemFlags::FLAGGED, Flag::Flagged),
    (SystemFlags::DELETED, Flag::Deleted),
    (SystemFlags::SEEN, Flag::Seen),
    (SystemFlags::DRAFT, Flag::Draft),
];

/// Writes what a sync found.
pub(crate) fn write(out: &mut Outbox, view: &View, news: &News, enabled: Enabled) {
    if enabled.qresync {
        out.vanished(news.gone.iter().rev().map(|(_, uid)| *uid).collect(), Gone::Now);
    } else {
        let gone: SeqSet = news.gone.iter().rev().map(|(seq, _)| *seq).collect();
        let mut gone = gone.into_numbers();
        out.then(move |out: &mut Outbox| {
            // From the highest number down, so that each is right when it is sent.
            let seq = gone.next_back()?;
            out.write(|out| response::expunge(out, seq));
            Some(())
        });
    }
    // EXISTS only if messages came: after EXPUNGE alone it would say what the client knows, and some loop over it.
    if let Some(exists) = news.exists {
        out.write(|out| response::exists(out, exists as u64));
        if !enabled.rev2 {
            out.write(|out| response::recent(out, view.recent().len()));
        }
    }
    if news.keywords {
        keywords(out, view);
    }
    flags(out, view, &news.changed, enabled);
}

/// FLAGS and PERMANENTFLAGS (RFC 9051 §7.3.5, §7.1).
pub(crate) fn keywords(out: &mut Outbox, view: &View) {
    let all: Vec<Flag> = SYSTEM
        .into_iter()
        .map(|(_, flag)| flag)
        .chain(view.table().keywords().iter().cloned().map(Flag::Keyword))
        .collect();
    out.write(|out| response::flags(out, &all));
    let new = if view.rights.contains(Rights::WRITE) { NewKeywords::Allowed } else { NewKeywords::Refused };
    let permanent = all.into_iter().filter(|flag| view.rights.contains(Rights::of_flag(flag)));
    out.notice(Notice::Flags(permanent.collect(), new));
}

/// FETCH with UID, FLAGS and, for those who want it, MODSEQ (RFC 7162 §3.1.2).
pub(crate) fn flags(out: &mut Outbox, view: &View, uids: &UidSet, enabled: Enabled) {
    let mut lines = FlagLines { at: None, texts: FlagTexts::default(), enabled };
    let mut ranges = uids.ranges();
    if out.has_backlog() || lines.fill(out, (view.messages(), view.table(), view.recent()), &mut ranges) == Filled::More
    {
        let (messages, table, recent) = (view.messages().clone(), view.table().clone(), view.recent().clone());
        out.then(LaterFlags { lines, ranges: ranges.collect::<Vec<_>>().into_iter(), messages, table, recent });
    }
}

/// FETCH responses that tell flags.
struct FlagLines {
    /// The place of the next message, and the last UID of its range.
    at: Option<(usize, Uid)>,
    texts: FlagTexts,
    enabled: Enabled,
}

impl FlagLines {
    /// Writes those of `ranges` until there is no room.
    fn fill(
        &mut self,
        out: &mut Outbox,
        (messages, table, recent): (&Messages, &FlagTable, &UidSet),
        ranges: &mut impl Iterator<Item = RangeInclusive<Uid>>,
    ) -> Filled {
        let begin = |range: RangeInclusive<Uid>| (messages.places_below(*range.start()), *range.end());
        while let Some((from, last)) = self.at.take().or_else(|| ranges.next().map(begin)) {
            for (place, record) in (from..).zip(messages.iter_from(from)).take_while(|(_, r)| r.uid <= last) {
                if out.is_full() {
                    self.at = Some((place, last));
                    return Filled::More;
                }
                let Some(seq) = crate::view::seq_at(place) else { return Filled::All };
                out.write(|out| {
                    let mut line = FetchLine::begin(out, seq);
                    line.uid(out, record.uid);
                    line.flags(out, self.texts.of((table, recent), record));
                    if self.enabled.condstore {
                        line.modseq(out, record.modseq);
                    }
                    line.end(out);
                });
            }
        }
        Filled::All
    }
}

/// The same, of messages as they were when there was no room for them.
struct LaterFlags {
    lines: FlagLines,
    ranges: std::vec::IntoIter<RangeInclusive<Uid>>,
    messages: Messages,
    table: Arc<FlagTable>,
    recent: UidSet,
}

impl Later for LaterFlags {
    fn fill(&mut self, out: &mut Outbox) -> Filled {
        self.lines.fill(out, (&self.messages, &self.table, &self.recent), &mut self.ranges)
    }
}

/// The text of each combination of flags, made once as long as they are not too much to keep: thousands of combinations
/// of thousands of keywords are.
#[derive(Default)]
pub(crate) struct FlagTexts {
    plain: Vec<Option<Box<[u8]>>>,
    /// How many octets these are.
    kept: usize,
    recent: Vec<u8>,
}

impl FlagTexts {
    /// What stands between the parentheses of FLAGS.
    #[inline]
    pub(crate) fn of(&mut self, (table, recent): (&FlagTable, &UidSet), record: &Record) -> &[u8] {
        let at = table.place(record.flags);
        if self.plain.len() <= at {
            self.plain.resize(at + 1, None);
        }
        if self.kept > limits::FLAG_TEXTS && self.plain[at].is_none() {
            self.plain.fill(None);
            self.kept = 0;
        }
        let text = self.plain[at].get_or_insert_with(|| {
            let text = text(table, record.flags);
            self.kept += text.len();
            text.into()
        });
        if !recent.contains(record.uid) {
            return text;
        }
        self.recent.clear();
        self.recent.extend_from_slice(b"\\Recent");
        if !text.is_empty() {
            self.recent.push(b' ');
            self.recent.extend_from_slice(text);
        }
        &self.recent
    }
}

fn text(table: &FlagTable, id: FlagSetId) -> Vec<u8> {
    let set = table.set(id);
    let system = SYSTEM.iter().filter(|(bit, _)| set.system.contains(*bit)).map(|(_, flag)| flag.as_str());
    let keyword = |k: &KeywordId| table.keywords().get(k.index()).map(imap::Keyword::as_str);
    let words: Vec<&str> = system.chain(set.keywords().iter().filter_map(keyword)).collect();
    words.join(" ").into_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use account::{EmailId, Flags};
    use imap::{InternalDate, Keyword, ModSeq, StoreMode};

    use super::*;

    #[test]
    fn texts_of_many_long_combinations_are_not_all_kept() {
        let mut table = FlagTable::default();
        let mut flags = FlagSetId::default();
        let mut texts = FlagTexts::default();
        let mut written = 0;
        for n in 0..200 {
            let keyword = Keyword::new(&format!("{n:0>200}")).unwrap();
            flags = table.store(flags, StoreMode::Add, &Flags::new(SystemFlags::default(), vec![keyword]));
            let record = Record {
                modseq: ModSeq::MIN,
                created: ModSeq::MIN,
                email: EmailId::FIRST,
                internal_date: InternalDate::new(0, 0),
                save_date: 0,
                uid: Uid::MIN,
                size: 0,
                flags,
            };
            let text = texts.of((&table, &UidSet::new()), &record);
            assert_eq!(text.len(), 201 * n + 200);
            written += text.len();
            let kept: usize = texts.plain.iter().flatten().map(|text| text.len()).sum();
            assert!(kept == texts.kept && kept <= limits::FLAG_TEXTS + 201 * 200, "{kept} octets are kept");
        }
        assert!(written > 10 * limits::FLAG_TEXTS, "this tests nothing");
    }
}
