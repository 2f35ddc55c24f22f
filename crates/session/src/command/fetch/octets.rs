//! The octets of messages: sections, partial ranges, decoded parts (RFC 9051 §6.4.5; RFC 3516).

use std::ops::{ControlFlow, Range};

use account::EmailId;
use imap::command::FetchItem;
use imap::response::{FetchLine, NString, Rfc822};
use imap::{Fields, Partial, Section, SectionText};
use mime::transfer::{Crlf, Decoder, Encoding};
use mime::{Match, PartKind, Stored, Which, filter_header};
use store::{Account, Body};

use crate::limits;

/// The most octets of a header that HEADER.FIELDS looks at.
const HEADER: u64 = 4 * 1024 * 1024;

/// Why a message cannot be answered.
pub(super) enum Failure {
    /// RFC 3516 §4.3: BINARY of a part in an encoding that is not known.
    UnknownEncoding,
    /// The store cannot read it.
    Store(store::Error),
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

/// How a part's octets become its content.
#[derive(Clone, Copy)]
struct Content {
    encoding: Encoding,
    kind: PartKind,
}

/// Decodes a part. "Servers MUST ensure that textual line-oriented sections are always transmitted using the IMAP4 CRLF
/// line termination" (RFC 3516 §6).
pub(super) struct Decoding {
    decoder: Decoder,
    lines: Option<Crlf>,
}

impl Decoding {
    fn new(content: Content) -> Result<Self, Failure> {
        let decoder = Decoder::new(content.encoding).map_err(|_| Failure::UnknownEncoding)?;
        Ok(Self { decoder, lines: (content.kind == PartKind::Text).then(Crlf::default) })
    }

    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        match &mut self.lines {
            None => self.decoder.push(piece, out),
            Some(lines) => {
                let mut decoded = Vec::new();
                self.decoder.push(piece, &mut decoded);
                lines.push(&decoded, out);
            }
        }
    }

    fn finish(self, out: &mut Vec<u8>) {
        match self.lines {
            None => self.decoder.finish(out),
            Some(mut lines) => {
                let mut decoded = Vec::new();
                self.decoder.finish(&mut decoded);
                lines.push(&decoded, out);
            }
        }
    }
}

/// Octets that are sent after what has been written.
pub(super) enum Segment {
    /// As they are.
    Octets(Vec<u8>),
    /// Of a message.
    Stored { body: Body, range: Range<u64> },
    /// Of a part, decoded: after `skip` octets, `take` of them.
    Decoded { body: Body, range: Range<u64>, decoder: Option<Decoding>, skip: u64, take: u64 },
}

impl Segment {
    /// Sends the next piece; breaks after the last one.
    pub(super) fn send(&mut self, out: &mut Vec<u8>) -> Result<ControlFlow<()>, store::Error> {
        match self {
            Self::Octets(octets) => {
                out.append(octets);
                Ok(ControlFlow::Break(()))
            }
            Self::Stored { body, range } => {
                next_piece(body, range, out)?;
                Ok(if range.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            }
            Self::Decoded { body, range, decoder, skip, take } => {
                let decoded = next_decoded(body, range, decoder)?;
                let from = (*skip).min(decoded.len() as u64);
                let len = (decoded.len() as u64 - from).min(*take);
                out.extend_from_slice(slice(&decoded, from..from + len));
                *skip -= from;
                *take -= len;
                let more = *take > 0 && decoder.is_some();
                Ok(if more { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
            }
        }
    }
}

/// Writes the items of one message that need its octets.
pub(super) struct Octets<'a> {
    account: &'a Account,
    email: EmailId,
    size: u64,
    structure: Option<Vec<u8>>,
    body: Option<Body>,
    /// Where in what has been written something long is still missing.
    deferred: Vec<(usize, Segment)>,
}

impl<'a> Octets<'a> {
    pub(super) fn new(account: &'a Account, email: EmailId, size: u64) -> Self {
        Self { account, email, size, structure: None, body: None, deferred: Vec::new() }
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
                    Some((range, content)) => self.measure(range, content)?.0,
                };
                line.binary_size(out, part, size);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes apart what has been written where something long is missing.
    pub(super) fn into_segments(self, out: &mut Vec<u8>) -> Vec<Segment> {
        let mut segments = Vec::with_capacity(2 * self.deferred.len());
        for (at, segment) in self.deferred.into_iter().rev() {
            segments.push(Segment::Octets(out.split_off(at.min(out.len()))));
            segments.push(segment);
        }
        segments.reverse();
        segments
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
            read(self.body()?, &range, &mut header)?;
            write_fields((section, names, *fields), partial, &header, (line, out));
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
        part: &[std::num::NonZeroU32],
        partial: Option<&Partial>,
        line: &mut FetchLine,
        out: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let origin = partial.map(|p| p.offset);
        let Some((range, content)) = self.part(part)? else {
            line.binary(out, part, origin, NString::Nil);
            return Ok(());
        };
        let (size, nul, short) = self.measure(range.clone(), content)?;
        let wanted = cut(0..size, partial);
        let len = wanted.end - wanted.start;
        // A literal may not have NULs, a literal8 may (RFC 9051 §4.3.1).
        line.binary(out, part, origin, if nul { NString::Literal8(len) } else { NString::Literal(len) });
        if let Some(decoded) = short {
            out.extend_from_slice(slice(&decoded, wanted));
            return Ok(());
        }
        let decoder = Some(Decoding::new(content)?);
        let body = self.account.body(self.email)?;
        self.deferred.push((out.len(), Segment::Decoded { body, range, decoder, skip: wanted.start, take: len }));
        Ok(())
    }

    /// Decodes a part without keeping it: how many octets it has, whether a NUL is among them, and the octets
    /// themselves if they are few.
    fn measure(&mut self, mut range: Range<u64>, content: Content) -> Result<(u64, bool, Option<Vec<u8>>), Failure> {
        let mut decoder = Some(Decoding::new(content)?);
        let (mut size, mut nul, mut kept) = (0, false, Some(Vec::new()));
        while decoder.is_some() {
            let decoded = next_decoded(self.body()?, &mut range, &mut decoder)?;
            size += decoded.len() as u64;
            nul |= decoded.contains(&0);
            kept = kept.filter(|_| size <= limits::PIECE);
            if let Some(kept) = &mut kept {
                kept.extend_from_slice(&decoded);
            }
        }
        Ok((size, nul, kept))
    }

    /// The octets of a section; `None` if the message has no such section.
    fn locate(&mut self, part: &[std::num::NonZeroU32], which: Which) -> Result<Option<Range<u64>>, Failure> {
        if part.is_empty() && which == Which::Body {
            return Ok(Some(0..self.size));
        }
        Ok(self.structure()?.section(&numbers(part), which))
    }

    /// The octets of a part, and how they are encoded.
    fn part(&mut self, part: &[std::num::NonZeroU32]) -> Result<Option<(Range<u64>, Content)>, Failure> {
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
            let body = self.account.body(self.email)?;
            self.deferred.push((out.len(), Segment::Stored { body, range }));
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

fn write_fields(
    (section, names, fields): (&Section, &[Vec<u8>], Fields),
    partial: Option<&Partial>,
    header: &[u8],
    to: (&mut FetchLine, &mut Vec<u8>),
) {
    let which = match fields {
        Fields::Only => Match::Only,
        Fields::Not => Match::Not,
    };
    let mut found = Vec::new();
    filter_header(header, names, which, &mut found);
    write_whole(section, partial, &found, to);
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

fn numbers(part: &[std::num::NonZeroU32]) -> Vec<u32> {
    part.iter().map(|n| n.get()).collect()
}

/// The part of a range that `<offset.len>` wants: nothing if it begins behind the end (RFC 9051 §6.4.5).
fn cut(range: Range<u64>, partial: Option<&Partial>) -> Range<u64> {
    let Some(partial) = partial else { return range };
    let start = range.start.saturating_add(partial.offset).min(range.end);
    start..start.saturating_add(partial.len.get()).min(range.end)
}

fn slice(octets: &[u8], range: Range<u64>) -> &[u8] {
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    octets.get(at(range.start)..at(range.end)).unwrap_or_default()
}

fn read(body: &mut Body, range: &Range<u64>, out: &mut Vec<u8>) -> Result<(), store::Error> {
    body.read(range.start, range.end - range.start, out)
}

/// Reads the next piece of a range.
fn next_piece(body: &mut Body, range: &mut Range<u64>, out: &mut Vec<u8>) -> Result<(), store::Error> {
    let piece = range.start..range.end.min(range.start + limits::PIECE);
    read(body, &piece, out)?;
    range.start = piece.end;
    Ok(())
}

/// Decodes the next piece of a range. The decoder is taken away after the last one.
fn next_decoded(
    body: &mut Body,
    range: &mut Range<u64>,
    decoder: &mut Option<Decoding>,
) -> Result<Vec<u8>, store::Error> {
    let (mut encoded, mut decoded) = (Vec::new(), Vec::new());
    next_piece(body, range, &mut encoded)?;
    if let Some(decoder) = decoder {
        decoder.push(&encoded, &mut decoded);
    }
    if range.is_empty()
        && let Some(decoder) = decoder.take()
    {
        decoder.finish(&mut decoded);
    }
    Ok(decoded)
}
