//! The third stage: the message's octets are read, once for all that is looked for in them.

use std::ops::ControlFlow;

use mime::Stored;
use mime::text::{Paused, SearchText};

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

/// A message that has been read in part: it may be large, and others want their turn.
#[derive(Debug)]
pub(super) struct Reading {
    /// How many octets have been read.
    read: u64,
    /// Those of the header block, as far as they are looked at.
    header: Vec<u8>,
    text: Paused,
}

/// How far the reading of a message is.
pub(super) enum Read {
    /// It goes on from here.
    More(Box<Reading>),
    /// Whether the message matches.
    Decided(bool),
}

impl Program {
    /// Reads a message, or goes on with it, until about `most` octets more have been read or it is decided; says how many
    /// these were.
    pub(super) fn of_body<S: Source>(
        &self,
        message: &Undecided<'_>,
        begun: Option<Box<Reading>>,
        most: u64,
        source: &mut S,
    ) -> Result<(Read, u64), S::Error> {
        // Structures of older rules are derived anew where they are kept; one that nobody can read is damaged, and matches nothing.
        let Ok(stored) = Stored::parse(message.structure) else { return Ok((Read::Decided(false), 0)) };
        let header_len = stored.part(0).map_or(0, |root| root.header.end);
        let header_len = usize::try_from(header_len).unwrap_or(usize::MAX).min(HEADER);
        let (from, mut header, mut search) = match begun.map(|reading| *reading) {
            Some(Reading { read, header, text }) => (read, header, text.resume(stored, &self.needles)),
            None => (0, Vec::new(), SearchText::new(stored, &self.needles)),
        };
        let mut read = 0;
        let mut whole = false;
        source.body(message.record.email, from, &mut |piece| {
            read += piece.len() as u64;
            header.extend_from_slice(piece.get(..header_len - header.len()).unwrap_or(piece));
            search.push(piece);
            whole = (search.is_done() && header.len() == header_len) || from + read >= stored.size();
            if whole || read >= most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        // Nothing more comes of one that has fewer octets than its structure says.
        if !whole && read > 0 {
            return Ok((Read::More(Box::new(Reading { read: from + read, header, text: search.pause() })), read));
        }
        let found = search.finish();
        let mut lines = Lines::new(&self.names, &header);
        let decided = self.root.decide(&mut |test| match test {
            Test::Sent(days) => Some(stored.sent_day().is_some_and(|day| days.has(day))),
            Test::Header(field) => Some(lines.have(field)),
            Test::Text(_, needle) => Some(found.get(*needle).is_some_and(|found| *found)),
            other => other.of_record(message.place, message.record),
        });
        Ok((Read::Decided(decided == Some(true)), read))
    }
}
