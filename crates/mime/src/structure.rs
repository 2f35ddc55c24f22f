//! The record of one message: how it is written. How it is read stands in `stored`.
//!
//! All numbers are little-endian. A fixed table, the strings in any order, and the parts:
//!
//! | octets | what |
//! | --- | --- |
//! | 0 | [`VERSION`] |
//! | 1 | flags: 1 attachment, 2 sent date known, 4 listed lines are whole, 8 reply or forward |
//! | 2 | octets of the blank line at the end of the listed lines |
//! | 3 | 0 |
//! | 4..6 | minutes of the sender's zone, signed |
//! | 6..8 | how many parts |
//! | 8..16 | octets of the message |
//! | 16..24 | sent date in seconds since 1970, signed |
//! | 24..24+8n | n sections, each as offset and length in the record, 32 bits each; their order is that of [`Section`] |
//!
//! Sections may overlap: a string that stands in the record already (an address in ENVELOPE, a subject in its header line) is not
//! written again. A reference is an offset and a length as well, and a part is [`PART`] octets, see [`write_part`].

use crate::bodystructure::{self, Form};
use crate::facts::Facts;
use crate::header::unsigned;
use crate::node::{Kind, Node};
use crate::stored::Stored;
use crate::subject::{self, Reply};
use crate::transfer::Encoding;
use memchr::memmem;

/// The version of the record: its first octet. A record of another version is made again from the message.
pub const VERSION: u8 = 1;

/// Octets before the sections' table, and of one part.
pub(crate) const FIXED: usize = 24;
pub(crate) const PART: usize = 64;

pub(crate) const ATTACHMENT: u8 = 1;
pub(crate) const SENT: u8 = 2;
pub(crate) const LISTED_WHOLE: u8 = 4;
pub(crate) const REPLY: u8 = 8;

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

pub(crate) const SECTIONS: usize = Section::Parts as usize + 1;
/// Octets before the first string.
pub(crate) const TABLE: usize = FIXED + 8 * SECTIONS;

/// What is known of one message, as the record that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    record: Vec<u8>,
}

impl Structure {
    pub(crate) fn new(size: u64, nodes: &[Node], facts: &Facts) -> Self {
        let mut writer = Writer { record: vec![0; TABLE] };
        writer.head(size, nodes, facts);
        writer.section(Section::BodyStructure, &bodystructure::write(nodes, Form::BodyStructure));
        writer.section(Section::Body, &bodystructure::write(nodes, Form::Body));
        writer.section(Section::Envelope, &facts.envelope);
        writer.section(Section::Listed, facts.listed.as_deref().unwrap_or_default());
        writer.section(Section::Subject, facts.subject.as_bytes());
        writer.section(Section::BaseSubject, subject::base_subject(&facts.subject).as_bytes());
        writer.section(Section::DisplayFrom, facts.display_from.as_bytes());
        writer.section(Section::DisplayTo, facts.display_to.as_bytes());
        writer.section(Section::FirstFrom, &facts.first_from);
        writer.section(Section::FirstTo, &facts.first_to);
        writer.section(Section::FirstCc, &facts.first_cc);
        writer.section(Section::MessageId, &facts.message_id);
        writer.section(Section::InReplyTo, &facts.in_reply_to);
        let preview = if facts.plain.is_empty() { &facts.html } else { &facts.plain };
        writer.section(Section::Preview, preview.as_bytes());
        let mut references = Vec::new();
        for reference in &facts.references {
            let place = writer.place(reference);
            references.extend(place);
        }
        writer.append(Section::References, &references);
        let mut parts = Vec::with_capacity(nodes.len() * PART);
        for node in nodes {
            write_part(node, &mut writer, &mut parts);
        }
        writer.append(Section::Parts, &parts);
        Self { record: writer.record }
    }

    /// The record's octets, for the store; [`Stored::parse`] reads them.
    pub fn encode(&self) -> Vec<u8> {
        self.record.clone()
    }

    /// The record's octets without a copy.
    pub fn as_bytes(&self) -> &[u8] {
        &self.record
    }

    /// The record's octets, given away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.record
    }

    /// Looks at it as what the store gives back.
    pub fn view(&self) -> Stored<'_> {
        Stored::of(&self.record)
    }
}

struct Writer {
    record: Vec<u8>,
}

/// Strings longer than this are not looked for in the record, and not beyond its first `SEARCHED` octets: so that writing stays linear.
const SHARED: usize = 512;
const SEARCHED: usize = 16 << 10;

impl Writer {
    fn head(&mut self, size: u64, nodes: &[Node], facts: &Facts) {
        let (_, reply) = subject::extract(&facts.subject);
        let flag = |set: bool, flag: u8| if set { flag } else { 0 };
        let flags = flag(facts.attachment, ATTACHMENT)
            | flag(facts.sent.is_some(), SENT)
            | flag(facts.listed.is_some(), LISTED_WHOLE)
            | flag(reply == Reply::Yes, REPLY);
        let parts = u16::try_from(nodes.len()).unwrap_or(u16::MAX);
        let zone = facts.sent.map_or(0, |sent| sent.zone_minutes);
        let mut head = vec![VERSION, flags, facts.blank, 0];
        head.extend(zone.to_le_bytes());
        head.extend(parts.to_le_bytes());
        head.extend(size.to_le_bytes());
        head.extend(facts.sent.map_or(0, |sent| sent.unix).to_le_bytes());
        self.overwrite(0, &head);
    }

    fn overwrite(&mut self, at: usize, octets: &[u8]) {
        if let Some(place) = self.record.get_mut(at..at + octets.len()) {
            place.copy_from_slice(octets);
        }
    }

    /// Writes a section, or finds it in what is written.
    fn section(&mut self, section: Section, octets: &[u8]) {
        let place = self.place(octets);
        self.overwrite(FIXED + 8 * section as usize, &place);
    }

    /// Writes a section that stands nowhere else.
    fn append(&mut self, section: Section, octets: &[u8]) {
        let place = place_of(self.record.len(), octets.len());
        self.record.extend_from_slice(octets);
        self.overwrite(FIXED + 8 * section as usize, &place);
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

/// Writes a part: header start, body start, body end, lines (64 bits each); parent (65535: none), number (16 bits each); kind, encoding,
/// depth, 0 (8 bits each); media type, subtype and charset as offset and length.
fn write_part(node: &Node, writer: &mut Writer, out: &mut Vec<u8>) {
    for value in [node.header_start, node.body_start, node.body_end, node.lines] {
        out.extend(value.to_le_bytes());
    }
    let parent = node.parent.and_then(|parent| u16::try_from(parent).ok()).unwrap_or(u16::MAX);
    out.extend(parent.to_le_bytes());
    out.extend(u16::try_from(node.number).unwrap_or(u16::MAX).to_le_bytes());
    out.push(kind_code(node.kind));
    out.push(match node.encoding {
        Encoding::Identity => 0,
        Encoding::Base64 => 1,
        Encoding::QuotedPrintable => 2,
        Encoding::Unknown => 3,
    });
    out.push(u8::try_from(node.depth).unwrap_or(u8::MAX));
    out.push(0);
    for text in [&node.media, &node.subtype, &node.charset] {
        out.extend(writer.place(text));
    }
}

pub(crate) fn kind_code(kind: Kind) -> u8 {
    match kind {
        Kind::Text => 0,
        Kind::Leaf => 1,
        Kind::Multipart => 2,
        Kind::Message => 3,
        Kind::Sealed => 4,
    }
}

/// The length as it stands in the record.
pub(crate) fn range_of(size: u64, start: u64, end: u64) -> std::ops::Range<u64> {
    let end = end.min(size);
    start.min(end)..end
}

/// A sanity bound that [`Stored::parse`] shares with the writer.
pub(crate) fn fits(len: usize, at: u32, count: u32) -> bool {
    unsigned(len) >= u64::from(at) + u64::from(count)
}
