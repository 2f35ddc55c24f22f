//! A part's content: its octets decoded (RFC 3516), from the front to the back, as far as they are wanted.

use std::num::NonZeroU32;
use std::ops::Range;

use mime::PartKind;
use mime::transfer::{Crlf, Decoder, Encoding};
use store::Body;

use super::octets::{Failure, next_piece, slice};

/// How a part's octets become its content.
#[derive(Clone, Copy)]
pub(super) struct Content {
    pub(super) encoding: Encoding,
    pub(super) kind: PartKind,
}

/// Decodes a part. "Servers MUST ensure that textual line-oriented sections are always transmitted using the IMAP4 CRLF
/// line termination" (RFC 3516 §6).
struct Decoding {
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

/// A part under way through its decoder. It gives any range from where it stands on: many partial BINARYs that ascend
/// decode the part once.
pub(super) struct Decoded {
    part: Vec<NonZeroU32>,
    body: Body,
    /// The octets that are not decoded yet.
    rest: Range<u64>,
    decoding: Option<Decoding>,
    /// What was decoded last,
    ready: Vec<u8>,
    /// and where in the content that begins.
    at: u64,
}

impl Decoded {
    pub(super) fn new(
        part: &[NonZeroU32],
        body: Body,
        (range, content): (Range<u64>, Content),
    ) -> Result<Self, Failure> {
        let decoding = Some(Decoding::new(content)?);
        Ok(Self { part: part.to_vec(), body, rest: range, decoding, ready: Vec::new(), at: 0 })
    }

    /// Whether it can give this part's content from here on without going back.
    pub(super) fn reaches(&self, part: &[NonZeroU32], from: u64) -> bool {
        self.part == part && self.at <= from
    }

    /// What is at hand, decoded last.
    pub(super) fn ready(&self) -> &[u8] {
        &self.ready
    }

    /// Decodes the next piece; gives how many octets that took, and `None` after the last one.
    pub(super) fn advance(&mut self) -> Result<Option<u64>, store::Error> {
        let Some(decoding) = &mut self.decoding else { return Ok(None) };
        self.at += self.ready.len() as u64;
        self.ready.clear();
        let (mut encoded, before) = (Vec::new(), self.rest.start);
        next_piece(&mut self.body, &mut self.rest, &mut encoded)?;
        decoding.push(&encoded, &mut self.ready);
        if self.rest.is_empty()
            && let Some(decoding) = self.decoding.take()
        {
            decoding.finish(&mut self.ready);
        }
        Ok(Some(self.rest.start - before))
    }

    /// Writes what is at hand of a range, and takes it from that.
    pub(super) fn give(&self, wanted: &mut Range<u64>, out: &mut Vec<u8>) {
        let end = self.at + self.ready.len() as u64;
        let given = wanted.start.clamp(self.at, end)..wanted.end.clamp(self.at, end);
        if wanted.start < end {
            out.extend_from_slice(slice(&self.ready, given.start - self.at..given.end - self.at));
            wanted.start = given.end;
        }
    }
}
