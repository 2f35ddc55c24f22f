//! The record of one message: how it is read, without copying and without trust in its octets.

use crate::header::{Match, filter_header};
use crate::listed::is_listed;
use crate::section::{self, Which};
use crate::structure::{
    ATTACHMENT, FIXED, LISTED_WHOLE, PART, REPLY, SECTIONS, SENT, Section, TABLE, VERSION, fits, range_of,
};
use crate::transfer::Encoding;
use std::ops::Range;
use thiserror::Error;

/// The octets are no record of this version: make it again from the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Damaged {
    /// Written by another version.
    #[error("structure record of version {0}")]
    Version(u8),
    /// Shorter than it says.
    #[error("structure record is cut short")]
    Short,
}

/// The structure does not hold all that was asked for: open the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not all of these fields are in the structure")]
pub struct NotListed;

/// A view of a record that [`Structure::encode`](crate::Structure::encode) made.
///
/// Octets that were damaged give wrong or empty answers, never a panic: whoever keeps the record keeps a checksum of it.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    record: &'a [u8],
}

impl<'a> Stored<'a> {
    /// Checks the fixed part of a record; costs a few tens of nanoseconds.
    pub fn parse(record: &'a [u8]) -> Result<Self, Damaged> {
        match record.first() {
            Some(&VERSION) => {}
            Some(&version) => return Err(Damaged::Version(version)),
            None => return Err(Damaged::Short),
        }
        let table = record.get(FIXED..TABLE).ok_or(Damaged::Short)?;
        let (places, _) = table.as_chunks::<8>();
        if places.iter().all(|place| {
            let (at, len) = numbers(*place);
            fits(record.len(), at, len)
        }) {
            Ok(Self { record })
        } else {
            Err(Damaged::Short)
        }
    }

    /// Our own record, just written.
    pub(crate) fn of(record: &'a [u8]) -> Self {
        Self { record }
    }

    fn slice(&self, at: u32, len: u32) -> &'a [u8] {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        self.record.get(start..end).unwrap_or_default()
    }

    fn octets(&self, section: Section) -> &'a [u8] {
        const { assert!(SECTIONS == 16, "a new section needs a new VERSION") };
        let (at, len) = self
            .record
            .get(FIXED + 8 * section as usize..)
            .and_then(<[u8]>::first_chunk)
            .copied()
            .map_or((0, 0), numbers);
        self.slice(at, len)
    }

    fn text(&self, section: Section) -> &'a str {
        std::str::from_utf8(self.octets(section)).unwrap_or_default()
    }

    fn word(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.record.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default())
    }

    fn flag(&self, flag: u8) -> bool {
        self.record.get(1).is_some_and(|flags| flags & flag != 0)
    }

    /// Octets of the message: RFC822.SIZE (RFC 9051 §2.3.4).
    pub fn size(&self) -> u64 {
        self.word(8)
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
        self.flag(REPLY)
    }

    /// The Date field as seconds since 1970 (RFC 5256 §2.2); `None` if it says no date, and then INTERNALDATE stands in for it.
    pub fn sent(&self) -> Option<i64> {
        self.flag(SENT).then(|| self.word(16).cast_signed())
    }

    /// Minutes east of UTC of the Date field's zone.
    pub fn sent_zone_minutes(&self) -> i16 {
        i16::from_le_bytes(self.record.get(4..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default())
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
        let (places, _) = self.octets(Section::References).as_chunks();
        References { stored: *self, places: places.iter() }
    }

    /// Whether a person would say that something is attached.
    pub fn has_attachment(&self) -> bool {
        self.flag(ATTACHMENT)
    }

    /// The raw lines of all fields of [`LISTED`](crate::LISTED), for header searches; `None` if they were too many to keep.
    pub fn listed_lines(&self) -> Option<&'a [u8]> {
        let lines = self.octets(Section::Listed);
        let blank = usize::from(*self.record.get(2)?);
        self.flag(LISTED_WHOLE).then(|| lines.get(..lines.len().saturating_sub(blank)).unwrap_or_default())
    }

    /// Appends what `BODY[HEADER.FIELDS (names)]` answers (RFC 9051 §6.4.5.1), octet by octet as
    /// [`filter_header`] would from the message, if every name is kept here.
    pub fn listed_header<N: AsRef<[u8]>>(&self, names: &[N], out: &mut Vec<u8>) -> Result<(), NotListed> {
        if !self.flag(LISTED_WHOLE) || !names.iter().all(|name| is_listed(name.as_ref())) {
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
        usize::from(u16::from_le_bytes(self.record.get(6..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default()))
    }

    /// The part at a place of the order in which parts begin; 0 is the root.
    pub fn part(&self, index: usize) -> Option<Part<'a>> {
        if index >= self.part_count() {
            return None;
        }
        let octets: &[u8; PART] = self.octets(Section::Parts).as_chunks().0.get(index)?;
        let size = self.size();
        let word = |at: usize| octets.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u64::from_le_bytes);
        let half = |at: usize| octets.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u16::from_le_bytes);
        let text = |at: usize| {
            let (at, len) = octets.get(at..).and_then(<[u8]>::first_chunk).copied().map_or((0, 0), numbers);
            self.slice(at, len)
        };
        let body = range_of(size, word(8), word(16));
        let parent = usize::from(half(32));
        Some(Part {
            stored: *self,
            index,
            // A parent stands before its children: what says otherwise is damaged, and would make a path endless.
            parent: Some(parent).filter(|parent| *parent < index),
            number: u32::from(half(34)),
            kind: match octets.get(36) {
                Some(0) => PartKind::Text,
                Some(2) => PartKind::Multipart,
                Some(3) => PartKind::Message,
                Some(4) => PartKind::SealedMessage,
                _ => PartKind::Other,
            },
            encoding: match octets.get(37) {
                Some(0) => Encoding::Identity,
                Some(1) => Encoding::Base64,
                Some(2) => Encoding::QuotedPrintable,
                _ => Encoding::Unknown,
            },
            depth: octets.get(38).copied().unwrap_or_default(),
            header: range_of(body.start, word(0), body.start),
            body,
            lines: word(24),
            media: text(40),
            subtype: text(48),
            charset: text(56),
        })
    }

    /// Where in the message the octets of a section stand (RFC 9051 §6.4.5.1); `None` if there is no such section.
    pub fn section(&self, path: &[u32], which: Which) -> Option<Range<u64>> {
        section::range(self, path, which)
    }

    /// The part that `BINARY[path]` decodes, and its encoding: parts that are neither multipart nor message (RFC 9051 §6.4.5).
    pub fn binary(&self, path: &[u32]) -> Option<Part<'a>> {
        section::part(self, path).filter(|part| matches!(part.kind, PartKind::Text | PartKind::Other))
    }
}

/// Offset and length, as the writer packs them.
fn numbers(place: [u8; 8]) -> (u32, u32) {
    let packed = u64::from_le_bytes(place);
    // Both halves are cut to what they hold.
    (u32::try_from(packed & u64::from(u32::MAX)).unwrap_or_default(), u32::try_from(packed >> 32).unwrap_or_default())
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// text/*: has lines.
    Text,
    /// Any other part without parts.
    Other,
    /// multipart/*.
    Multipart,
    /// message/rfc822 or message/global.
    Message,
    /// The same in base64 or quoted-printable: nothing inside can be addressed.
    SealedMessage,
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
    stored: Stored<'a>,
    places: std::slice::Iter<'a, [u8; 8]>,
}

impl<'a> Iterator for References<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (at, len) = numbers(*self.places.next()?);
        Some(self.stored.slice(at, len))
    }
}
