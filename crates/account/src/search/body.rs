//! The third stage: the message's octets are read, once for all that is looked for in them.

use std::ops::ControlFlow;

use mime::Stored;
use mime::text::SearchText;

use super::Source;
use super::header::Lines;
use super::program::{Program, Test};
use crate::Record;

/// As much of a header block is looked at; `mime` keeps no more of one either.
const HEADER: usize = 1 << 20;

/// A message that neither record nor structure decides.
pub(super) struct Undecided<'a> {
    pub(super) place: usize,
    pub(super) record: &'a Record,
    /// Its structure as it is stored.
    pub(super) structure: &'a [u8],
}

impl Program {
    /// Reads a message and decides; also says how many octets that took.
    pub(super) fn of_body<S: Source>(&self, message: &Undecided<'_>, source: &mut S) -> Result<(bool, u64), S::Error> {
        // Structures of older rules are derived anew where they are kept; one that nobody can read is damaged, and matches nothing.
        let Ok(stored) = Stored::parse(message.structure) else { return Ok((false, 0)) };
        let header_len = stored.part(0).map_or(0, |root| root.header.end);
        let header_len = usize::try_from(header_len).unwrap_or(usize::MAX).min(HEADER);
        let mut header = Vec::new();
        let mut search = SearchText::new(stored, &self.needles);
        let mut read = 0;
        source.body(message.record.email, &mut |piece| {
            read += piece.len() as u64;
            header.extend_from_slice(piece.get(..header_len - header.len()).unwrap_or(piece));
            search.push(piece);
            if search.is_done() && header.len() == header_len {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        let found = search.finish();
        let mut lines = Lines::new(&self.names, &header);
        let decided = self.root.decide(&mut |test| match test {
            Test::Sent(days) => Some(stored.sent_day().is_some_and(|day| days.has(day))),
            Test::Header(field) => Some(lines.have(field)),
            Test::Text(_, needle) => Some(found.get(*needle).is_some_and(|found| *found)),
            other => other.of_record(message.place, message.record),
        });
        Ok((decided == Some(true), read))
    }
}
