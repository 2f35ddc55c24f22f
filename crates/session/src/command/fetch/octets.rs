//! The octets of messages: sections, partial ranges, decoded parts (RFC 9051 §6.4.5; RFC 3516).

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use account::EmailId;
use imap::command::FetchItem;
use imap::response::{FetchLine, NString, Rfc822};
use imap::{Fields, Partial, Section, SectionText};
use mime::transfer::Encoding;
use mime::{Match, PartKind, Stored, Which, filter_header};
use store::{Account, Body};

use super::decoded::{Content, Decoded};
use crate::limits;
use crate::outbox::Filled;

/// The most octets of a header that HEADER.FIELDS looks at.
const HEADER: u64 = 4 * 1024 * 1024;

/// Why a message cannot be answered.
pub(super) enum Failure {
    /// RFC 3516 §4.3: BINARY of a part in an encoding that is not known.
    UnknownEncoding,
    /// More is asked of one message than anybody needs: the same octets again and again.
    TooMuch,
    /// The store cannot read it.
    Store(store::Error),
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

/// What is still to be sent of the item that was written last.
enum Segment {
    /// Octets of a header.
    Octets { octets: Vec<u8>, range: Range<u64> },
    /// Of the message.
    Stored(Range<u64>),
    /// Of the part that is being decoded.
    Decoded(Range<u64>),
}

/// How much of a part there is.
#[derive(Clone, Copy)]
struct Measure {
    size: u64,
    /// Whether a NUL is among its octets.
    nul: bool,
}

/// Writes the items of one message that need its octets.
pub(super) struct Octets {
    account: Arc<Account>,
    email: EmailId,
    size: u64,
    structure: Option<Vec<u8>>,
    body: Option<Body>,
    /// What the last item still owes.
    segment: Option<Segment>,
    /// The part that was decoded last, where that stands.
    decoded: Option<Decoded>,
    measured: HashMap<Vec<NonZeroU32>, Measure>,
    /// How many octets were looked at to find, measure or decode something.
    spent: u64,
}

impl Octets {
    pub(super) fn new(account: Arc<Account>, email: EmailId, size: u64) -> Self {
        let measured = HashMap::new();
        let (structure, body, segment, decoded) = (None, None, None, None);
        Self { account, email, size, structure, body, segment, decoded, measured, spent: 0 }
    }

    /// Sends the next piece of what the last item owes.
    pub(super) fn send(&mut self, out: &mut Vec<u8>) -> Result<Filled, store::Error> {
        let Some(mut segment) = self.segment.take() else { return Ok(Filled::All) };
        let more = match &mut segment {
            Segment::Octets { octets, range } => {
                let piece = range.start..range.end.min(range.start + limits::PIECE);
                range.start = piece.end;
                out.extend_from_slice(slice(octets, piece));
                !range.is_empty()
            }
            Segment::Stored(range) => {
                next_piece(self.body()?, range, out)?;
                !range.is_empty()
            }
            Segment::Decoded(wanted) => self.send_decoded(wanted, out)?,
        };
        self.segment = Some(segment).filter(|_| more);
        Ok(if more { Filled::More } else { Filled::All })
    }

    /// Gives what is at hand, or decodes on.
    fn send_decoded(&mut self, wanted: &mut Range<u64>, out: &mut Vec<u8>) -> Result<bool, store::Error> {
        let Some(decoded) = &mut self.decoded else { return Ok(false) };
        decoded.give(wanted, out);
        if wanted.is_empty() {
            return Ok(false);
        }
        let read = decoded.advance()?;
        self.spent += read.unwrap_or(0);
        Ok(read.is_some())
    }

    /// Allows that so many octets are looked at once more. What a client needs comes to one or two times the message.
    fn spend(&mut self, octets: u64) -> Result<(), Failure> {
        self.spent = self.spent.saturating_add(octets);
        if self.spent > limits::LOOKS * self.size + limits::LOOKS_FLOOR { Err(Failure::TooMuch) } else { Ok(()) }
    }

    /// The message's structure, read once.
    pub(super) fn structure(&mut self) -> Result<Stored<'_>, Failure> {
        if self.structure.is_none() {
            self.structure = Some(self.account.structure(self.email)?);
        }
        let octets = self.structure.as_deref().unwrap_or_default();
        Stored::parse(octets)
            .map_err(|_| Failure::Store(store::Error::Damaged { what: "a message's structure".to_owned() }))
    }

    /// Writes one item.
    pub(super) fn write(&mut self, item: &FetchItem, line: &mut FetchLine, out: &mut Vec<u8>) -> Result<(), Failure> {
        match item {
            FetchItem::BodySection { section, partial, .. } => self.section(section, partial.as_ref(), line, out),
            FetchItem::Rfc822 => self.rfc822(Rfc822::All, Which::Body, line, out),
            FetchItem::Rfc822Header => self.rfc822(Rfc822::Header, Which::Header, line, out),
            FetchItem::Rfc822Text => self.rfc822(Rfc822::Text, Which::Text, line, out),
            FetchItem::Binary { part, partial, .. } => self.binary(part, partial.as_ref(), line, out),
            FetchItem::BinarySize { part } => {
                let size = match self.part(part)? {
                    None => 0,
                    Some(from) => self.measure(part, from)?.size,
                };
                line.binary_size(out, part, size);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn section(
        &mut self,
        section: &Section,
        partial: Option<&Partial>,
        line: &mut FetchLine,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let origin = partial.map(|p| p.offset);
        if let SectionText::HeaderFields { names, fields } = &section.what {
            let Some(range) = self.locate(&section.part, Which::Header)? else {
                line.section(out, section, origin, NString::Nil);
                return Ok(());
            };
            let mut header = Vec::new();
            let range = range.start..range.end.min(range.start + HEADER);
            self.spend(range.end - range.start)?;
            read(self.body()?, &range, &mut header)?;
            let octets = header_fields(names, *fields, &header);
            let range = cut(0..octets.len() as u64, partial);
            line.section(out, section, origin, NString::Literal(range.end - range.start));
            self.segment = (!range.is_empty()).then_some(Segment::Octets { octets, range });
            return Ok(());
        }
        let which = match section.what {
            SectionText::All | SectionText::HeaderFields { .. } => Which::Body,
            SectionText::Header => Which::Header,
            SectionText::Text => Which::Text,
            SectionText::Mime => Which::Mime,
        };
        match self.locate(&section.part, which)? {
            None => line.section(out, section, origin, NString::Nil),
            Some(range) => {
                let range = cut(range, partial);
                line.section(out, section, origin, NString::Literal(range.end - range.start));
                self.append(range, out)?;
            }
        }
        Ok(())
    }

    fn rfc822(&mut self, item: Rfc822, which: Which, line: &mut FetchLine, out: &mut Vec<u8>) -> Result<(), Failure> {
        match self.locate(&[], which)? {
            None => line.rfc822(out, item, NString::Nil),
            Some(range) => {
                line.rfc822(out, item, NString::Literal(range.end - range.start));
                self.append(range, out)?;
            }
        }
        Ok(())
    }

    fn binary(
        &mut self,
        part: &[NonZeroU32],
        partial: Option<&Partial>,
        line: &mut FetchLine,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let origin = partial.map(|p| p.offset);
        let Some((range, content)) = self.part(part)? else {
            line.binary(out, part, origin, NString::Nil);
            return Ok(());
        };
        let Measure { size, nul } = self.measure(part, (range.clone(), content))?;
        let wanted = cut(0..size, partial);
        let len = wanted.end - wanted.start;
        if len > 0 && !self.decoded.as_ref().is_some_and(|decoded| decoded.reaches(part, wanted.start)) {
            // Back to the front. It is paid for ahead: an item that is begun can be ended.
            self.spend(range.end - range.start)?;
            self.spent -= range.end - range.start;
            self.decode(part, (range, content))?;
        }
        // A literal may not have NULs, a literal8 may (RFC 9051 §4.3.1).
        line.binary(out, part, origin, if nul { NString::Literal8(len) } else { NString::Literal(len) });
        self.segment = (len > 0).then_some(Segment::Decoded(wanted));
        Ok(())
    }

    /// Begins to decode a part.
    fn decode(&mut self, part: &[NonZeroU32], from: (Range<u64>, Content)) -> Result<&mut Decoded, Failure> {
        let body = self.account.body(self.email)?;
        Ok(self.decoded.insert(Decoded::new(part, body, from)?))
    }

    /// Decodes a part without keeping it, once. A part that is decoded in one piece stays at hand.
    fn measure(&mut self, part: &[NonZeroU32], from: (Range<u64>, Content)) -> Result<Measure, Failure> {
        if let Some(measure) = self.measured.get(part) {
            return Ok(*measure);
        }
        let mut measure = Measure { size: 0, nul: false };
        self.spend(from.0.end - from.0.start)?;
        let decoded = self.decode(part, from)?;
        while decoded.advance()?.is_some() {
            measure.size += decoded.ready().len() as u64;
            measure.nul |= decoded.ready().contains(&0);
        }
        self.measured.insert(part.to_vec(), measure);
        Ok(measure)
    }

    /// The octets of a section; `None` if the message has no such section.
    fn locate(&mut self, part: &[NonZeroU32], which: Which) -> Result<Option<Range<u64>>, Failure> {
        if part.is_empty() && which == Which::Body {
            return Ok(Some(0..self.size));
        }
        Ok(self.structure()?.section(&numbers(part), which))
    }

    /// The octets of a part, and how they are encoded.
    fn part(&mut self, part: &[NonZeroU32]) -> Result<Option<(Range<u64>, Content)>, Failure> {
        if part.is_empty() {
            let content = Content { encoding: Encoding::Identity, kind: PartKind::Message };
            return Ok(Some((0..self.size, content)));
        }
        Ok(self
            .structure()?
            .binary(&numbers(part))
            .map(|part| (part.body, Content { encoding: part.encoding, kind: part.kind })))
    }

    fn append(&mut self, range: Range<u64>, out: &mut Vec<u8>) -> Result<(), Failure> {
        if range.end - range.start > limits::PIECE {
            self.segment = Some(Segment::Stored(range));
            return Ok(());
        }
        Ok(read(self.body()?, &range, out)?)
    }

    fn body(&mut self) -> Result<&mut Body, store::Error> {
        match &mut self.body {
            Some(body) => Ok(body),
            empty => Ok(empty.insert(self.account.body(self.email)?)),
        }
    }
}

/// Whether a section may be answered from the structure: header fields by name, of the message itself.
pub(super) fn is_listed(section: &Section) -> bool {
    match &section.what {
        SectionText::HeaderFields { names, fields: Fields::Only } if section.part.is_empty() => {
            names.iter().all(|name| mime::is_listed(name))
        }
        _ => false,
    }
}

/// Writes header fields that the structure has; `false` if it has not all of them.
pub(super) fn write_listed(
    section: &Section,
    partial: Option<&Partial>,
    stored: &Stored<'_>,
    (line, out): (&mut FetchLine, &mut Vec<u8>),
) -> bool {
    let SectionText::HeaderFields { names, .. } = &section.what else { return false };
    let mut found = Vec::new();
    if !is_listed(section) || stored.listed_header(names, &mut found).is_err() {
        return false;
    }
    write_whole(section, partial, &found, (line, out));
    true
}

fn header_fields(names: &[Vec<u8>], fields: Fields, header: &[u8]) -> Vec<u8> {
    let which = match fields {
        Fields::Only => Match::Only,
        Fields::Not => Match::Not,
    };
    let mut found = Vec::new();
    filter_header(header, names, which, &mut found);
    found
}

fn write_whole(
    section: &Section,
    partial: Option<&Partial>,
    octets: &[u8],
    (line, out): (&mut FetchLine, &mut Vec<u8>),
) {
    let range = cut(0..octets.len() as u64, partial);
    line.section(out, section, partial.map(|p| p.offset), NString::Literal(range.end - range.start));
    out.extend_from_slice(slice(octets, range));
}

fn numbers(part: &[NonZeroU32]) -> Vec<u32> {
    part.iter().map(|n| n.get()).collect()
}

/// The part of a range that `<offset.len>` wants: nothing if it begins behind the end (RFC 9051 §6.4.5).
fn cut(range: Range<u64>, partial: Option<&Partial>) -> Range<u64> {
    let Some(partial) = partial else { return range };
    let start = range.start.saturating_add(partial.offset).min(range.end);
    start..start.saturating_add(partial.len.get()).min(range.end)
}

pub(super) fn slice(octets: &[u8], range: Range<u64>) -> &[u8] {
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    octets.get(at(range.start)..at(range.end)).unwrap_or_default()
}

fn read(body: &mut Body, range: &Range<u64>, out: &mut Vec<u8>) -> Result<(), store::Error> {
    body.read(range.start, range.end - range.start, out)
}

/// Reads the next piece of a range.
pub(super) fn next_piece(body: &mut Body, range: &mut Range<u64>, out: &mut Vec<u8>) -> Result<(), store::Error> {
    let piece = range.start..range.end.min(range.start + limits::PIECE);
    read(body, &piece, out)?;
    range.start = piece.end;
    Ok(())
}
