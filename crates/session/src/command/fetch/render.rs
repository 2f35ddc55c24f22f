//! One FETCH response (RFC 9051 §7.5.2), item by item in the client's order.

use account::Record;
use imap::command::FetchItem;
use imap::response::{FetchLine, NString, Rfc822};
use imap::{InternalDate, SeqNum};
use mime::Stored;

use super::octets::{Failure, Octets};
use crate::news::FlagTexts;
use crate::view::View;

/// Whether FLAGS are to be told though the client did not ask for them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FlagsDue {
    Yes,
    No,
}

/// A FETCH response being written.
pub(super) struct Line<'a> {
    view: &'a View,
    texts: &'a mut FlagTexts,
    out: &'a mut Vec<u8>,
    record: &'a Record,
    response: &'a mut FetchLine,
    flags_due: &'a mut FlagsDue,
}

impl<'a> Line<'a> {
    /// Goes on with a response.
    #[inline]
    pub(super) fn resume(
        (view, texts): (&'a View, &'a mut FlagTexts),
        out: &'a mut Vec<u8>,
        record: &'a Record,
        (response, flags_due): (&'a mut FetchLine, &'a mut FlagsDue),
    ) -> Self {
        Self { view, texts, out, record, response, flags_due }
    }

    /// A whole response: `items` writes what is asked for.
    #[inline]
    pub(super) fn whole_line(
        around: (&'a View, &'a mut FlagTexts),
        out: &mut Vec<u8>,
        (seq, record): (SeqNum, &Record),
        mut flags_due: FlagsDue,
        items: impl FnOnce(&mut Line<'_>),
    ) {
        let mut response = FetchLine::begin(out, seq);
        let mut line = Line::resume(around, out, record, (&mut response, &mut flags_due));
        items(&mut line);
        line.flags_if_due();
        response.end(out);
    }

    /// All from the record.
    #[inline]
    pub(super) fn records(&mut self, items: &[FetchItem]) {
        for item in items {
            self.put_record(item);
        }
    }

    /// All from the record and the structure.
    pub(super) fn structure(&mut self, items: &[FetchItem], stored: &Stored<'_>) {
        for item in items {
            if !self.put_record(item) {
                self.put_structure(item, stored);
            }
        }
    }

    /// All from the record, and all octets of the message.
    pub(super) fn whole(&mut self, items: &[FetchItem], octets: &[u8]) {
        let announced = NString::Literal(octets.len() as u64);
        for item in items {
            match item {
                FetchItem::BodySection { section, .. } => self.response.section(self.out, section, None, announced),
                FetchItem::Rfc822 => self.response.rfc822(self.out, Rfc822::All, announced),
                record => {
                    self.put_record(record);
                    continue;
                }
            }
            self.out.extend_from_slice(octets);
        }
    }

    /// From octets of the message.
    pub(super) fn put_octets(&mut self, item: &FetchItem, octets: &mut Octets) -> Result<(), Failure> {
        octets.write(item, self.response, self.out)
    }

    #[inline]
    pub(super) fn flags_if_due(&mut self) {
        if *self.flags_due == FlagsDue::Yes {
            self.flags();
        }
    }

    #[inline]
    fn flags(&mut self) {
        self.response.flags(self.out, self.texts.of((self.view.table(), self.view.recent()), self.record));
    }

    /// Whether the item is one that memory answers.
    #[inline]
    pub(super) fn put_record(&mut self, item: &FetchItem) -> bool {
        let (line, out, record) = (&mut *self.response, &mut *self.out, self.record);
        match item {
            FetchItem::Uid => line.uid(out, record.uid),
            FetchItem::Flags => {
                *self.flags_due = FlagsDue::No;
                self.flags();
            }
            FetchItem::InternalDate => line.internal_date(out, record.internal_date),
            FetchItem::Rfc822Size => line.size(out, record.size.into()),
            FetchItem::ModSeq => line.modseq(out, record.modseq),
            FetchItem::EmailId => line.email_id(out, &self.view.ids().email(record.email).to_string()),
            // Threads are not kept yet: RFC 8474 §5.2 has NIL for that.
            FetchItem::ThreadId => line.thread_id(out, None),
            FetchItem::SaveDate => line.save_date(out, Some(InternalDate::new(record.save_date, 0))),
            _ => return false,
        }
        true
    }

    /// Whether the item is one that the structure answers.
    pub(super) fn put_structure(&mut self, item: &FetchItem, stored: &Stored<'_>) -> bool {
        let (line, out) = (&mut *self.response, &mut *self.out);
        match item {
            FetchItem::Envelope => line.envelope(out, stored.envelope()),
            FetchItem::Body => line.body(out, stored.body()),
            FetchItem::BodyStructure => line.bodystructure(out, stored.bodystructure()),
            FetchItem::Preview(_) => line.preview(out, Some(stored.preview())),
            FetchItem::BodySection { section, partial, .. } => {
                return super::octets::write_listed(section, partial.as_ref(), stored, (line, out));
            }
            _ => return false,
        }
        true
    }
}
