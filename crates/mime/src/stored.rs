//! The record of one message: how it is read, without copying and without trust in its octets.

use crate::derivation::Derivation;
use crate::header::{Match, filter_header};
use crate::layout::{Damaged, Head, PartKind, Record, Section};
use crate::listed::is_listed;
use crate::transfer::Encoding;
use std::ops::Range;
use thiserror::Error;

/// The structure does not hold all that was asked for: open the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not all of these fields are in the structure")]
pub struct NotListed;

/// A view of a record that [`Structure::encode`](crate::Structure::encode) made.
///
/// Octets that were damaged give wrong or empty answers, never a panic: whoever keeps the record keeps a checksum of it.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    record: Record<'a>,
}

impl<'a> Stored<'a> {
    /// Checks the fixed part of a record; costs a few tens of nanoseconds.
    pub fn parse(record: &'a [u8]) -> Result<Self, Damaged> {
        Ok(Self { record: Record::parse(record)? })
    }

    /// Our own record, just written.
    pub(crate) fn of(record: &'a [u8]) -> Self {
        Self { record: Record::of(record) }
    }

    /// The record beneath.
    pub(crate) fn record(&self) -> Record<'a> {
        self.record
    }

    fn octets(&self, section: Section) -> &'a [u8] {
        self.record.section(section)
    }

    fn text(&self, section: Section) -> &'a str {
        std::str::from_utf8(self.octets(section)).unwrap_or_default()
    }

    /// Which rules of scanning made it.
    pub fn derivation(&self) -> Derivation {
        self.record.head().derivation
    }

    /// Octets of the message: RFC822.SIZE (RFC 9051 §2.3.4).
    pub fn size(&self) -> u64 {
        self.record.head().size
    }

    /// ENVELOPE as it goes on the wire, with its parentheses (RFC 9051 §7.5.2).
    pub fn envelope(&self) -> &'a [u8] {
        self.octets(Section::Envelope)
    }

    /// BODY as it goes on the wire: without extension data (RFC 9051 §7.5.2).
    pub fn body(&self) -> &'a [u8] {
        self.octets(Section::Body)
    }

    /// BODYSTRUCTURE as it goes on the wire (RFC 9051 §7.5.2).
    pub fn bodystructure(&self) -> &'a [u8] {
        self.octets(Section::BodyStructure)
    }

    /// PREVIEW (RFC 8970 §3): the beginning of the text, empty if there is none.
    pub fn preview(&self) -> &'a str {
        self.text(Section::Preview)
    }

    /// The subject, decoded, with single spaces.
    pub fn subject(&self) -> &'a str {
        self.text(Section::Subject)
    }

    /// The base subject (RFC 5256 §2.1).
    pub fn base_subject(&self) -> &'a str {
        self.text(Section::BaseSubject)
    }

    /// Whether the subject says that this is a reply or a forward (RFC 5256 §3, THREAD).
    pub fn is_reply(&self) -> bool {
        self.record.head().has(Head::REPLY)
    }

    /// The Date field as seconds since 1970 (RFC 5256 §2.2); `None` if it says no date, and then INTERNALDATE stands in for it.
    pub fn sent(&self) -> Option<i64> {
        Some(self.record.head()).filter(|head| head.has(Head::SENT)).map(|head| head.sent)
    }

    /// Minutes east of UTC of the Date field's zone.
    pub fn sent_zone_minutes(&self) -> i16 {
        self.record.head().zone_minutes
    }

    /// The Date field's calendar date as days since 1970-01-01, "disregarding time and timezone": SENTON (RFC 9051 §6.4.4).
    pub fn sent_day(&self) -> Option<i64> {
        let local = self.sent()?.saturating_add(i64::from(self.sent_zone_minutes()) * 60);
        Some(local.div_euclid(86_400))
    }

    /// The mailbox of From's first address: SORT FROM (RFC 5256 §3).
    pub fn first_from(&self) -> &'a [u8] {
        self.octets(Section::FirstFrom)
    }

    /// The mailbox of To's first address: SORT TO (RFC 5256 §3).
    pub fn first_to(&self) -> &'a [u8] {
        self.octets(Section::FirstTo)
    }

    /// The mailbox of Cc's first address: SORT CC (RFC 5256 §3).
    pub fn first_cc(&self) -> &'a [u8] {
        self.octets(Section::FirstCc)
    }

    /// SORT DISPLAYFROM (RFC 5957 §4).
    pub fn display_from(&self) -> &'a str {
        self.text(Section::DisplayFrom)
    }

    /// SORT DISPLAYTO (RFC 5957 §4).
    pub fn display_to(&self) -> &'a str {
        self.text(Section::DisplayTo)
    }

    /// The normalised Message-ID without its angle brackets (RFC 5256 §3, THREAD).
    pub fn message_id(&self) -> Option<&'a [u8]> {
        Some(self.octets(Section::MessageId)).filter(|id| !id.is_empty())
    }

    /// The first identifier of In-Reply-To, normalised; for THREAD where there are no references.
    pub fn in_reply_to(&self) -> Option<&'a [u8]> {
        Some(self.octets(Section::InReplyTo)).filter(|id| !id.is_empty())
    }

    /// The identifiers of References, normalised, oldest first.
    pub fn references(&self) -> References<'a> {
        References { record: self.record, places: self.record.references().iter() }
    }

    /// Whether a person would say that something is attached.
    pub fn has_attachment(&self) -> bool {
        self.record.head().has(Head::ATTACHMENT)
    }

    /// The raw lines of all fields of [`LISTED`](crate::LISTED), for header searches; `None` if they were too many to keep.
    pub fn listed_lines(&self) -> Option<&'a [u8]> {
        let lines = self.octets(Section::Listed);
        let head = self.record.head();
        let end = lines.len().saturating_sub(usize::from(head.blank));
        head.has(Head::LISTED_WHOLE).then(|| lines.get(..end).unwrap_or_default())
    }

    /// Appends what `BODY[HEADER.FIELDS (names)]` answers (RFC 9051 §6.4.5.1), octet by octet as
    /// [`filter_header`] would from the message, if every name is kept here.
    pub fn listed_header<N: AsRef<[u8]>>(&self, names: &[N], out: &mut Vec<u8>) -> Result<(), NotListed> {
        if !self.record.head().has(Head::LISTED_WHOLE) || !names.iter().all(|name| is_listed(name.as_ref())) {
            return Err(NotListed);
        }
        filter_header(self.octets(Section::Listed), names, Match::Only, out);
        Ok(())
    }

    /// All parts, in the order in which they begin.
    pub fn parts(&self) -> Parts<'a> {
        Parts { stored: *self, next: 0 }
    }

    /// How many parts there are, containers included.
    pub fn part_count(&self) -> usize {
        usize::from(self.record.head().parts)
    }

    /// The part at a place of the order in which parts begin; 0 is the root.
    pub fn part(&self, index: usize) -> Option<Part<'a>> {
        let row = self.record.part(index)?;
        let size = self.size();
        let within = |start: u64, end: u64| start.min(end.min(size))..end.min(size);
        let body = within(row.body_start, row.body_end);
        Some(Part {
            stored: *self,
            index,
            // A parent stands before its children: what says otherwise is damaged, and would make a path endless.
            parent: row.parent.filter(|parent| *parent < index),
            number: row.number,
            kind: row.kind,
            encoding: row.encoding,
            depth: row.depth,
            header: within(row.header_start, body.start),
            body,
            lines: row.lines,
            media: row.media,
            subtype: row.subtype,
            charset: row.charset,
        })
    }
}

/// One part of a message.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    stored: Stored<'a>,
    index: usize,
    parent: Option<usize>,
    number: u32,
    /// What it is.
    pub kind: PartKind,
    /// How its body is encoded.
    pub encoding: Encoding,
    /// How many containers it is in.
    pub depth: u8,
    /// The octets of its header, with the blank line.
    pub header: Range<u64>,
    /// The octets of its body.
    pub body: Range<u64>,
    /// Line ends in its body.
    pub lines: u64,
    /// The media type, as it was written.
    pub media: &'a [u8],
    /// The subtype, as it was written.
    pub subtype: &'a [u8],
    /// The charset parameter, or nothing.
    pub charset: &'a [u8],
}

impl<'a> Part<'a> {
    /// Its place in the order in which parts begin.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The container it is in.
    pub fn parent(&self) -> Option<Part<'a>> {
        self.stored.part(self.parent?)
    }

    /// Its number among the parts of a multipart; 0 for the root of a message.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Whether its type is `media`/`subtype`; ASCII case does not matter.
    pub fn is(&self, media: &str, subtype: &str) -> bool {
        self.media.eq_ignore_ascii_case(media.as_bytes()) && self.subtype.eq_ignore_ascii_case(subtype.as_bytes())
    }

    /// The section that its body is (RFC 9051 §6.4.5.1): `1.2`. The multipart that a message consists of is that message's `TEXT`.
    pub fn path(&self) -> String {
        let mut numbers = Vec::new();
        let mut part = Some(self.clone());
        while let Some(current) = part {
            part = current.parent();
            match (current.number, current.kind) {
                (0, PartKind::Multipart) if current.index == self.index => numbers.push("TEXT".to_owned()),
                (0, PartKind::Multipart) => {}
                // A message that is no multipart has one part, 1.
                (0, _) => numbers.push("1".to_owned()),
                (number, _) => numbers.push(number.to_string()),
            }
        }
        numbers.reverse();
        numbers.join(".")
    }
}

/// The parts of a message; see [`Stored::parts`].
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    stored: Stored<'a>,
    next: usize,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let part = self.stored.part(self.next)?;
        self.next += 1;
        Some(part)
    }
}

/// The identifiers of References; see [`Stored::references`].
#[derive(Clone, Debug)]
pub struct References<'a> {
    record: Record<'a>,
    places: std::slice::Iter<'a, [u8; 8]>,
}

impl<'a> Iterator for References<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.places.next().map(|place| self.record.at(*place))
    }
}
