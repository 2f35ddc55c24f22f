//! Which octets of a message are searched, and how they are read.

use crate::layout::PartKind;
use crate::stored::Stored;
use crate::text::charset;
use crate::text::html::HtmlText;
use crate::transfer::Decoder;
use std::ops::Range;

/// Octets of a message that are read in one way.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(crate) range: Range<u64>,
    pub(crate) kind: RegionKind,
    /// The part whose header or body it is.
    pub(crate) part: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RegionKind {
    Header,
    Text,
}

/// The headers and text bodies of a message in the order of their octets. They do not overlap: parts follow each other, and a text part has
/// no parts.
pub(crate) fn regions(stored: &Stored<'_>) -> Vec<Region> {
    let mut regions: Vec<Region> = Vec::new();
    let mut from = 0;
    for part in stored.parts() {
        let header = (RegionKind::Header, part.header.clone());
        let body = (part.kind == PartKind::Text).then_some((RegionKind::Text, part.body.clone()));
        for (kind, range) in [Some(header), body].into_iter().flatten() {
            // A damaged record may say that they overlap: then the first one counts.
            let start = range.start.max(from);
            if start < range.end {
                from = range.end;
                regions.push(Region { range: start..range.end, kind, part: part.index() });
            }
        }
    }
    regions
}

/// Octets of one text part to text, in pieces.
pub(crate) struct TextReader {
    transfer: Option<Decoder>,
    charset: Option<charset::Decoder>,
    html: Option<HtmlText>,
}

impl TextReader {
    /// A reader at the beginning of a part's body. Of a part whose encoding is not known nothing is read.
    pub(crate) fn new(stored: &Stored<'_>, part: usize) -> Self {
        let Some(part) = stored.part(part) else { return Self { transfer: None, charset: None, html: None } };
        Self {
            transfer: Decoder::new(part.encoding).ok(),
            charset: Some(charset::Decoder::new(part.charset)),
            html: part.is("text", "html").then(HtmlText::default),
        }
    }

    pub(crate) fn push(&mut self, piece: &[u8], out: &mut String) {
        if let Some(transfer) = &mut self.transfer {
            let mut octets = Vec::with_capacity(piece.len());
            transfer.push(piece, &mut octets);
            self.decoded(&octets, out);
        }
    }

    pub(crate) fn finish(mut self, out: &mut String) {
        if let Some(transfer) = self.transfer.take() {
            let mut octets = Vec::new();
            transfer.finish(&mut octets);
            self.decoded(&octets, out);
        }
        let mut rest = String::new();
        if let Some(charset) = self.charset.take() {
            charset.finish(&mut rest);
        }
        self.stripped(&rest, out);
        if let Some(html) = self.html.take() {
            html.finish(out);
        }
    }

    fn decoded(&mut self, octets: &[u8], out: &mut String) {
        let mut text = String::new();
        if let Some(charset) = &mut self.charset {
            charset.push(octets, &mut text);
        }
        self.stripped(&text, out);
    }

    fn stripped(&mut self, text: &str, out: &mut String) {
        match &mut self.html {
            Some(html) => html.push(text, out),
            None => out.push_str(text),
        }
    }
}
