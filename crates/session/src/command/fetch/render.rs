//! One FETCH response (RFC 9051 §7.5.2), item by item in the client's order.

use account::Record;
use imap::command::FetchItem;
use imap::response::{FetchLine, NString, Rfc822};
use imap::{InternalDate, SeqNum};
use mime::Stored;
use store::Account;

use super::Depth;
use super::octets::{Failure, Octets, Segment};
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
    response: FetchLine,
    flags_due: FlagsDue,
}

impl<'a> Line<'a> {
    #[inline]
    pub(super) fn begin(
        view: &'a View,
        texts: &'a mut FlagTexts,
        out: &'a mut Vec<u8>,
        (seq, record): (SeqNum, &'a Record),
        flags_due: FlagsDue,
    ) -> Self {
        let response = FetchLine::begin(out, seq);
        Self { view, texts, out, record, response, flags_due }
    }

    /// All from the record.
    #[inline]
    pub(super) fn records(mut self, items: &[FetchItem]) {
        for item in items {
            self.put_record(item);
        }
        self.end();
    }

    /// All from the record and the structure.
    pub(super) fn structure(mut self, items: &[FetchItem], stored: &Stored<'_>) {
        for item in items {
            if !self.put_record(item) {
                self.put_structure(item, stored);
            }
        }
        self.end();
    }

    /// All from the record, and all octets of the message.
    pub(super) fn whole(mut self, items: &[FetchItem], octets: &[u8]) {
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
        self.end();
    }

    /// With octets of the message. What is too long to be written at once comes back as segments, to be sent after
    /// what has been written.
    pub(super) fn octets(mut self, items: &[FetchItem], account: &Account) -> Result<Vec<Segment>, Failure> {
        let mut octets = Octets::new(account, self.record.email, self.record.size.into());
        for item in items {
            let done = self.put_record(item)
                || super::depth(item) == Depth::Structures && self.put_structure(item, &octets.structure()?);
            if !done {
                octets.write(item, &mut self.response, self.out)?;
            }
        }
        let out = self.end();
        Ok(octets.into_segments(out))
    }

    #[inline]
    fn end(mut self) -> &'a mut Vec<u8> {
        if self.flags_due == FlagsDue::Yes {
            self.flags();
        }
        let Self { response, out, .. } = self;
        response.end(out);
        out
    }

    #[inline]
    fn flags(&mut self) {
        self.response.flags(self.out, self.texts.of((self.view.table(), self.view.recent()), self.record));
    }

    /// Whether the item is one that memory answers.
    #[inline]
    fn put_record(&mut self, item: &FetchItem) -> bool {
        let (line, out, record) = (&mut self.response, &mut *self.out, self.record);
        match item {
            FetchItem::Uid => line.uid(out, record.uid),
            FetchItem::Flags => {
                self.flags_due = FlagsDue::No;
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
    fn put_structure(&mut self, item: &FetchItem, stored: &Stored<'_>) -> bool {
        let (line, out) = (&mut self.response, &mut *self.out);
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
