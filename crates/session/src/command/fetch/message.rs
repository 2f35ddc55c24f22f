//! The FETCH response of one message that needs its octets, item by item: each is written when there is room for it.

use std::sync::Arc;

use account::Record;
use imap::SeqNum;
use imap::command::FetchItem;
use imap::response::FetchLine;

use super::Depth;
use super::octets::{Failure, Octets};
use super::render::{FlagsDue, Line};
use crate::limits;
use crate::news::FlagTexts;
use crate::outbox::Filled;
use crate::view::View;

/// A FETCH response under way.
pub(super) struct Message {
    pub(super) record: Record,
    response: FetchLine,
    flags_due: FlagsDue,
    /// The place of the next item.
    next: usize,
    octets: Octets,
}

/// Why a response does not go on.
pub(super) enum Stop {
    /// The next item cannot be had: what stands before it is right.
    Item(Failure),
    /// The client has been promised octets that cannot be read.
    Promise(store::Error),
}

impl Message {
    pub(super) fn begin(view: &View, out: &mut Vec<u8>, (seq, record): (SeqNum, Record), flags_due: FlagsDue) -> Self {
        let response = FetchLine::begin(out, seq);
        let octets = Octets::new(Arc::clone(&view.account), record.email, record.size.into());
        Self { record, response, flags_due, next: 0, octets }
    }

    /// Writes items until there is no room, one of them takes long, or all are written.
    pub(super) fn write(
        &mut self,
        items: &[FetchItem],
        (view, texts): (&View, &mut FlagTexts),
        out: &mut Vec<u8>,
    ) -> Result<Filled, Stop> {
        while out.len() < limits::TRANSMIT {
            if self.octets.send(out).map_err(Stop::Promise)? == Filled::More {
                return Ok(Filled::More);
            }
            let Some(item) = items.get(self.next) else { return Ok(Filled::All) };
            self.next += 1;
            let start = out.len();
            let octets = &mut self.octets;
            let mut line = Line::resume((view, texts), out, &self.record, (&mut self.response, &mut self.flags_due));
            let written = line.item(item, octets);
            if let Err(failure) = written {
                out.truncate(start);
                return Err(Stop::Item(failure));
            }
        }
        Ok(Filled::More)
    }

    /// Ends the response.
    pub(super) fn end(mut self, (view, texts): (&View, &mut FlagTexts), out: &mut Vec<u8>) {
        let due = &mut self.flags_due;
        Line::resume((view, texts), out, &self.record, (&mut self.response, due)).flags_if_due();
        self.response.end(out);
    }
}

impl Line<'_> {
    /// Writes one item, from wherever it is to be had.
    fn item(&mut self, item: &FetchItem, octets: &mut Octets) -> Result<(), Failure> {
        let done = self.put_record(item)
            || super::depth(item) == Depth::Structures && self.put_structure(item, &octets.structure()?);
        if done { Ok(()) } else { self.put_octets(item, octets) }
    }
}
