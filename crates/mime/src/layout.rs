//! How the record of one message is laid out: where in its octets each thing stands. What the things mean is not known here.
//!
//! All numbers are little-endian. A fixed table, the strings in any order, and the parts:
//!
//! | octets | what |
//! | --- | --- |
//! | 0 | the layout, [`LAYOUT`] |
//! | 1 | flags: 1 attachment, 2 sent date known, 4 listed lines are whole, 8 reply or forward |
//! | 2 | octets of the blank line at the end of the listed lines |
//! | 3 | the [`Derivation`] less 1 |
//! | 4..6 | minutes of the sender's zone, signed |
//! | 6..8 | how many parts |
//! | 8..16 | octets of the message |
//! | 16..24 | sent date in seconds since 1970, signed |
//! | 24..24+8n | n sections, each as offset and length in the record, 32 bits each; their order is that of [`Section`] |
//!
//! Sections may overlap: a string that stands in the record already (an address in ENVELOPE, a subject in its header line) is not
//! written again. A reference is an offset and a length as well, and a part is [`PART`] octets, see [`Row`].

use crate::derivation::Derivation;
use crate::transfer::Encoding;
use memchr::memmem;
use thiserror::Error;

/// The layout of the record: its first octet. A reader refuses one that it does not know; all that were ever written stay readable.
pub const LAYOUT: u8 = 1;

/// Octets before the sections' table, and of one part.
const FIXED: usize = 24;
const PART: usize = 64;
const SECTIONS: usize = Section::Parts as usize + 1;
/// Octets before the first string.
const TABLE: usize = FIXED + 8 * SECTIONS;
const _: () = assert!(SECTIONS == 16, "a new section needs a new LAYOUT");

/// What a part has where it has no parent.
const NO_PARENT: u16 = u16::MAX;

/// The octets are no record that this program can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Damaged {
    /// Laid out in a way that is not known here.
    #[error("structure record of layout {0}, and this program knows layout {LAYOUT}")]
    Layout(u8),
    /// Shorter than it says.
    #[error("structure record is cut short")]
    Short,
}

/// The sections of a record, in the order of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Envelope,
    Body,
    BodyStructure,
    Preview,
    Subject,
    BaseSubject,
    Listed,
    MessageId,
    InReplyTo,
    References,
    FirstFrom,
    FirstTo,
    FirstCc,
    DisplayFrom,
    DisplayTo,
    Parts,
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// text/*: has lines.
    Text,
    /// Any other part without parts.
    Other,
    /// multipart/*; its children are the parts between its boundaries.
    Multipart,
    /// message/rfc822 or message/global; its one child is the message inside.
    Message,
    /// The same in base64 or quoted-printable, which RFC 2046 §5.2.1 forbids: nothing inside can be addressed by octets of this message.
    SealedMessage,
}

/// What stands before the table. The number of parts is written with these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) flags: u8,
    pub(crate) blank: u8,
    pub(crate) derivation: Derivation,
    pub(crate) zone_minutes: i16,
    pub(crate) parts: u16,
    pub(crate) size: u64,
    pub(crate) sent: i64,
}

impl Head {
    pub(crate) const ATTACHMENT: u8 = 1;
    pub(crate) const SENT: u8 = 2;
    pub(crate) const LISTED_WHOLE: u8 = 4;
    pub(crate) const REPLY: u8 = 8;

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// A part: header start, body start, body end, lines (64 bits each); parent (65535: none), number (16 bits each); kind, encoding,
/// depth, 0 (8 bits each); media type, subtype and charset as offset and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) header_start: u64,
    pub(crate) body_start: u64,
    pub(crate) body_end: u64,
    pub(crate) lines: u64,
    pub(crate) parent: Option<usize>,
    pub(crate) number: u32,
    pub(crate) kind: PartKind,
    pub(crate) encoding: Encoding,
    pub(crate) depth: u8,
    pub(crate) media: &'a [u8],
    pub(crate) subtype: &'a [u8],
    pub(crate) charset: &'a [u8],
}

/// A record as it is read: without copying, and without trust in its octets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a>(&'a [u8]);

impl<'a> Record<'a> {
    pub(crate) fn parse(octets: &'a [u8]) -> Result<Self, Damaged> {
        match octets.first() {
            Some(&LAYOUT) => {}
            Some(&layout) => return Err(Damaged::Layout(layout)),
            None => return Err(Damaged::Short),
        }
        let (places, _) = octets.get(FIXED..TABLE).ok_or(Damaged::Short)?.as_chunks::<8>();
        let fits = |place: &[u8; 8]| {
            let (at, len) = numbers(*place);
            octets.len() as u64 >= u64::from(at) + u64::from(len)
        };
        if places.iter().all(fits) { Ok(Self(octets)) } else { Err(Damaged::Short) }
    }

    /// Our own record, just written.
    pub(crate) fn of(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    fn octets<const N: usize>(&self, at: usize) -> [u8; N] {
        self.0.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
    }

    pub(crate) fn head(&self) -> Head {
        let [_, flags, blank, derivation] = self.octets(0);
        Head {
            flags,
            blank,
            derivation: Derivation::from_octet(derivation),
            zone_minutes: i16::from_le_bytes(self.octets(4)),
            parts: u16::from_le_bytes(self.octets(6)),
            size: u64::from_le_bytes(self.octets(8)),
            sent: i64::from_le_bytes(self.octets(16)),
        }
    }

    pub(crate) fn section(&self, section: Section) -> &'a [u8] {
        self.at(self.octets(FIXED + 8 * section as usize))
    }

    pub(crate) fn references(&self) -> &'a [[u8; 8]] {
        self.section(Section::References).as_chunks().0
    }

    /// The octets that a place names.
    pub(crate) fn at(&self, place: [u8; 8]) -> &'a [u8] {
        let (at, len) = numbers(place);
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        self.0.get(start..end).unwrap_or_default()
    }

    pub(crate) fn part(&self, index: usize) -> Option<Row<'a>> {
        if index >= usize::from(self.head().parts) {
            return None;
        }
        let row = Record(self.section(Section::Parts).as_chunks::<PART>().0.get(index)?);
        let word = |at| u64::from_le_bytes(row.octets(at));
        let half = |at| u16::from_le_bytes(row.octets(at));
        let [kind, encoding, depth, _] = row.octets(36);
        Some(Row {
            header_start: word(0),
            body_start: word(8),
            body_end: word(16),
            lines: word(24),
            parent: Some(half(32)).filter(|parent| *parent != NO_PARENT).map(usize::from),
            number: u32::from(half(34)),
            kind: match kind {
                0 => PartKind::Text,
                2 => PartKind::Multipart,
                3 => PartKind::Message,
                4 => PartKind::SealedMessage,
                _ => PartKind::Other,
            },
            encoding: match encoding {
                0 => Encoding::Identity,
                1 => Encoding::Base64,
                2 => Encoding::QuotedPrintable,
                _ => Encoding::Unknown,
            },
            depth,
            media: self.at(row.octets(40)),
            subtype: self.at(row.octets(48)),
            charset: self.at(row.octets(56)),
        })
    }
}

/// Offset and length, as the writer packs them.
fn numbers(place: [u8; 8]) -> (u32, u32) {
    let packed = u64::from_le_bytes(place);
    // Both halves are cut to what they hold.
    (u32::try_from(packed & u64::from(u32::MAX)).unwrap_or_default(), u32::try_from(packed >> 32).unwrap_or_default())
}

/// By which rules a record was derived, without looking at the rest of it. In every layout octet 3 says so.
pub fn derivation_of(record: &[u8]) -> Option<Derivation> {
    record.get(3).copied().map(Derivation::from_octet)
}

/// Says in a record that was written by which rules it was derived.
pub(crate) fn set_derivation(record: &mut [u8], derivation: Derivation) {
    if let Some(octet) = record.get_mut(3) {
        *octet = derivation.octet();
    }
}

/// A record as it is written.
pub(crate) struct Writer {
    record: Vec<u8>,
}

/// Strings longer than this are not looked for in the record, and not beyond its first `SEARCHED` octets: so that writing stays linear.
const SHARED: usize = 512;
const SEARCHED: usize = 16 << 10;

impl Writer {
    pub(crate) fn new(head: Head) -> Self {
        let mut record = vec![LAYOUT, head.flags, head.blank, head.derivation.octet()];
        record.extend(head.zone_minutes.to_le_bytes());
        record.extend(head.parts.to_le_bytes());
        record.extend(head.size.to_le_bytes());
        record.extend(head.sent.to_le_bytes());
        record.resize(TABLE, 0);
        Self { record }
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.record
    }

    /// Writes a section, or finds it in what is written.
    pub(crate) fn section(&mut self, section: Section, octets: &[u8]) {
        let place = self.place(octets);
        self.enter(section, place);
    }

    pub(crate) fn references<'a>(&mut self, references: impl Iterator<Item = &'a [u8]>) {
        let places: Vec<u8> = references.flat_map(|reference| self.place(reference)).collect();
        self.append(Section::References, &places);
    }

    pub(crate) fn parts<'a>(&mut self, parts: impl Iterator<Item = Row<'a>>) {
        let mut rows = Vec::new();
        for part in parts {
            self.part(&part, &mut rows);
        }
        self.append(Section::Parts, &rows);
    }

    fn part(&mut self, part: &Row<'_>, out: &mut Vec<u8>) {
        for value in [part.header_start, part.body_start, part.body_end, part.lines] {
            out.extend(value.to_le_bytes());
        }
        let parent = part.parent.and_then(|parent| u16::try_from(parent).ok()).unwrap_or(NO_PARENT);
        out.extend(parent.to_le_bytes());
        out.extend(u16::try_from(part.number).unwrap_or(u16::MAX).to_le_bytes());
        out.push(match part.kind {
            PartKind::Text => 0,
            PartKind::Other => 1,
            PartKind::Multipart => 2,
            PartKind::Message => 3,
            PartKind::SealedMessage => 4,
        });
        out.push(match part.encoding {
            Encoding::Identity => 0,
            Encoding::Base64 => 1,
            Encoding::QuotedPrintable => 2,
            Encoding::Unknown => 3,
        });
        out.extend([part.depth, 0]);
        for text in [part.media, part.subtype, part.charset] {
            out.extend(self.place(text));
        }
    }

    fn enter(&mut self, section: Section, place: [u8; 8]) {
        let at = FIXED + 8 * section as usize;
        if let Some(entry) = self.record.get_mut(at..at + 8) {
            entry.copy_from_slice(&place);
        }
    }

    /// Writes a section that stands nowhere else.
    fn append(&mut self, section: Section, octets: &[u8]) {
        let place = place_of(self.record.len(), octets.len());
        self.record.extend_from_slice(octets);
        self.enter(section, place);
    }

    /// Where a string stands in the record; it is appended if it stands nowhere.
    fn place(&mut self, octets: &[u8]) -> [u8; 8] {
        if octets.is_empty() {
            return place_of(TABLE, 0);
        }
        if octets.len() <= SHARED {
            let end = self.record.len().min(SEARCHED);
            if let Some(at) = self.record.get(TABLE..end).and_then(|strings| memmem::find(strings, octets)) {
                return place_of(TABLE + at, octets.len());
            }
        }
        let place = place_of(self.record.len(), octets.len());
        self.record.extend_from_slice(octets);
        place
    }
}

fn place_of(at: usize, len: usize) -> [u8; 8] {
    // A record of 4 GiB cannot be: the limits on header blocks keep it far below.
    let half = |value: usize| u64::from(u32::try_from(value).unwrap_or(u32::MAX));
    (half(at) | half(len) << 32).to_le_bytes()
}
