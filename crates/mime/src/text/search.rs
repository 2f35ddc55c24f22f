//! Search in the text of one message whose octets come in pieces: SEARCH BODY and TEXT (RFC 9051 §6.4.4).

use crate::encoded_word;
use crate::header::{fields, unfold, unsigned};
use crate::stored::Stored;
use crate::text::fold::{Fold, fold};
use crate::text::regions::{Region, RegionKind, TextReader, regions};
use memchr::{memchr, memmem};

/// Where a needle is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// BODY: the text parts, those of messages inside included; no header field.
    Body,
    /// TEXT: the same, and the header fields of the message and of all its parts.
    Text,
}

/// A string that is looked for, in the form in which strings are compared; see [`fold`].
#[derive(Clone, Debug)]
pub struct Needle {
    scope: Scope,
    finder: memmem::Finder<'static>,
}

impl Needle {
    /// Folds `text`. The empty string is in every message.
    pub fn new(scope: Scope, text: &str) -> Self {
        Self { scope, finder: memmem::Finder::new(&fold(text)).into_owned() }
    }

    /// Whether it occurs in a text that is at hand.
    pub fn is_in(&self, text: &str) -> bool {
        self.finder.find(&fold(text)).is_some()
    }

    /// Whether it occurs in one of some texts.
    pub fn is_in_any(&self, texts: &Texts) -> bool {
        self.finder.find(&texts.0).is_some()
    }
}

/// Texts that many needles are looked for in: folded once for all.
#[derive(Clone, Default, Debug)]
pub struct Texts(Vec<u8>);

/// Stands between two texts. No needle has it, as it is in no UTF-8.
const BETWEEN: u8 = 0xff;

impl Texts {
    /// One more text.
    pub fn push(&mut self, text: &str) {
        self.0.extend_from_slice(&fold(text));
        self.0.push(BETWEEN);
    }
}

/// Says of each needle whether it occurs in a message.
///
/// Text parts are decoded by their transfer encoding and charset, HTML is stripped; header fields are unfolded and their encoded words
/// decoded. A needle is found inside one part or one field, never across two. Memory stays at a few pieces.
pub struct SearchText<'a> {
    stored: Stored<'a>,
    needles: &'a [Needle],
    found: Vec<bool>,
    regions: std::vec::IntoIter<Region>,
    offset: u64,
    current: Option<(Region, Reader)>,
    window: Window,
}

/// A search that rests between two pieces: what there is of it beside the message's structure and the needles.
pub struct Paused {
    found: Vec<bool>,
    regions: std::vec::IntoIter<Region>,
    offset: u64,
    current: Option<(Region, Reader)>,
    window: Window,
}

impl Paused {
    /// Goes on, with the structure and the needles that it was begun with.
    pub fn resume<'a>(self, stored: Stored<'a>, needles: &'a [Needle]) -> SearchText<'a> {
        let Self { found, regions, offset, current, window } = self;
        SearchText { stored, needles, found, regions, offset, current, window }
    }
}

impl std::fmt::Debug for Paused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paused").field("offset", &self.offset).finish_non_exhaustive()
    }
}

enum Reader {
    /// The lines of a field that may go on.
    Header(Vec<u8>),
    Text(Box<TextReader>),
}

/// The folded text that a needle may still begin in.
#[derive(Default)]
struct Window {
    text: Vec<u8>,
    fold: Fold,
}

/// A field longer than this is searched in pieces.
const FIELD: usize = 64 << 10;

impl<'a> SearchText<'a> {
    /// A search that begins at the message's first octet.
    pub fn new(stored: Stored<'a>, needles: &'a [Needle]) -> Self {
        let mut regions = regions(&stored);
        if needles.iter().all(|needle| needle.scope == Scope::Body) {
            regions.retain(|region| region.kind == RegionKind::Text);
        }
        let found = needles.iter().map(|needle| needle.finder.needle().is_empty()).collect();
        Self {
            stored,
            needles,
            found,
            regions: regions.into_iter(),
            offset: 0,
            current: None,
            window: Window::default(),
        }
    }

    /// Takes the next octets of the message.
    pub fn push(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while !rest.is_empty() && !self.is_done() {
            let Some((region, _)) = &self.current else {
                if !self.next_region() {
                    return;
                }
                continue;
            };
            let range = region.range.clone();
            let before = clamp(range.start.saturating_sub(self.offset), rest.len());
            self.offset += unsigned(before);
            rest = rest.get(before..).unwrap_or_default();
            let inside = clamp(range.end.saturating_sub(self.offset), rest.len());
            let (taken, after) = rest.split_at_checked(inside).unwrap_or((rest, &[]));
            self.read(taken);
            self.offset += unsigned(inside);
            rest = after;
            if self.offset >= range.end {
                self.end_region();
            }
        }
    }

    /// Rests: the next piece may come later.
    pub fn pause(self) -> Paused {
        let Self { found, regions, offset, current, window, .. } = self;
        Paused { found, regions, offset, current, window }
    }

    /// Whether all needles are found, so that the rest need not be read.
    pub fn is_done(&self) -> bool {
        self.found.iter().all(|found| *found)
    }

    /// The message has ended: for each needle, whether it occurs.
    pub fn finish(mut self) -> Vec<bool> {
        if self.current.is_some() {
            self.end_region();
        }
        self.found
    }

    fn next_region(&mut self) -> bool {
        let Some(region) = self.regions.next() else { return false };
        let reader = match region.kind {
            RegionKind::Header => Reader::Header(Vec::new()),
            RegionKind::Text => Reader::Text(Box::new(TextReader::new(&self.stored, region.part))),
        };
        self.window = Window::default();
        self.current = Some((region, reader));
        true
    }

    fn read(&mut self, taken: &[u8]) {
        let Some((region, reader)) = &mut self.current else { return };
        let kind = region.kind;
        match reader {
            Reader::Text(reader) => {
                for piece in taken.chunks(16 << 10) {
                    let mut text = String::new();
                    reader.push(piece, &mut text);
                    self.window.push(&text);
                    look(self.needles, &mut self.found, &mut self.window, kind);
                }
            }
            Reader::Header(held) => {
                let mut rest = taken;
                while !rest.is_empty() {
                    let len = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
                    let (line, after) = rest.split_at_checked(len).unwrap_or((rest, &[]));
                    // A line that begins with white space goes on with the field.
                    let new = held.ends_with(b"\n") && !matches!(line.first(), Some(b' ' | b'\t'));
                    if new || held.len() > FIELD {
                        look_in_field(self.needles, &mut self.found, held);
                        held.clear();
                    }
                    held.extend_from_slice(line);
                    rest = after;
                }
            }
        }
    }

    fn end_region(&mut self) {
        let Some((region, reader)) = self.current.take() else { return };
        match reader {
            Reader::Header(held) => look_in_field(self.needles, &mut self.found, &held),
            Reader::Text(reader) => {
                let mut text = String::new();
                reader.finish(&mut text);
                self.window.push(&text);
                look(self.needles, &mut self.found, &mut self.window, region.kind);
            }
        }
    }
}

fn clamp(wanted: u64, len: usize) -> usize {
    usize::try_from(wanted).unwrap_or(usize::MAX).min(len)
}

impl Window {
    fn push(&mut self, text: &str) {
        self.fold.push(text, &mut self.text);
    }
}

/// Looks for all needles of the scope, and keeps what the longest of them may begin in.
fn look(needles: &[Needle], found: &mut [bool], window: &mut Window, kind: RegionKind) {
    let mut longest = 0;
    for (needle, found) in needles.iter().zip(found).filter(|(_, found)| !**found) {
        if needle.scope == Scope::Text || kind == RegionKind::Text {
            *found = needle.finder.find(&window.text).is_some();
            longest = longest.max(needle.finder.needle().len());
        }
    }
    let surplus = window.text.len().saturating_sub(longest.saturating_sub(1));
    window.text.drain(..surplus);
}

/// A field's name and text: "Subject: text".
fn look_in_field(needles: &[Needle], found: &mut [bool], raw: &[u8]) {
    let mut window = Window::default();
    for field in fields(raw) {
        if !field.name.is_empty() {
            window.push(&String::from_utf8_lossy(field.name));
            window.push(": ");
        }
        window.push(&encoded_word::decode(&unfold(field.value)));
        window.push("\n");
    }
    look(needles, found, &mut window, RegionKind::Header);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Scanner};

    const MAIL: &[u8] = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n aus Bonn\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b\r\n\
        Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne=\r\n Tage\r\nund mehr\r\n--b\r\n\
        Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+QmlnPC9iPiBOZXdz\r\n--b\r\n\
        Content-Type: application/pdf; name=plan.pdf\r\n\r\nsecret\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n--b--\r\n";

    fn search(scope: Scope, text: &str, size: usize) -> bool {
        let mut scanner = Scanner::new(Limits::default());
        scanner.push(MAIL);
        let structure = scanner.finish();
        let needles = [Needle::new(scope, text)];
        let mut search = SearchText::new(structure.view(), &needles);
        MAIL.chunks(size).for_each(|piece| search.push(piece));
        search.finish()[0]
    }

    #[test]
    fn needles_are_found_where_they_are() {
        let table = [
            ("SCHÖNE TAGE", true, true),
            ("tage und", true, true),
            ("big news", true, true),
            ("inner text", true, true),
            ("grüße aus", false, true),
            ("subject: gr", false, true),
            ("plan.pdf", false, true),
            ("inner", true, true),
            ("Subject: inner", false, true),
            ("secret", false, false),
            ("preamble", false, false),
            ("mehr big", false, false),
            ("", true, true),
        ];
        for (text, in_body, in_text) in table {
            for size in [1, 2, 3, 7, 64, MAIL.len()] {
                assert_eq!(search(Scope::Body, text, size), in_body, "BODY {text:?} in pieces of {size}");
                assert_eq!(search(Scope::Text, text, size), in_text, "TEXT {text:?} in pieces of {size}");
            }
        }
    }
}
