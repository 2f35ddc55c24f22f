//! FETCH responses (RFC 9051 §7.5.2), item by item.

use std::num::NonZeroU32;

use super::{literal_head, literal8_head, nstring, number};
use crate::{Fields, InternalDate, ModSeq, Section, SectionText, SeqNum, Uid};

/// A FETCH response that is being written. It borrows nothing, so that a session may send what there is between two
/// items, or amid a literal, and go on later.
///
/// ```
/// # use imap::{SeqNum, Uid, response::FetchLine};
/// let mut out = Vec::new();
/// let mut line = FetchLine::begin(&mut out, SeqNum::MIN);
/// line.uid(&mut out, Uid::MIN);
/// line.flags(&mut out, b"\\Seen");
/// line.end(&mut out);
/// assert_eq!(out, b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n");
/// ```
#[derive(Debug)]
#[must_use = "a FETCH response has an end"]
pub struct FetchLine {
    separator: &'static str,
}

/// How the octets that follow a [`FetchLine::section`] are announced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NString {
    /// `{n}`; the caller writes the octets.
    Literal(u64),
    /// `~{n}` (RFC 3516 §4.4): may have NULs. The caller writes the octets.
    Literal8(u64),
    /// `NIL`: there is no such part.
    Nil,
}

impl FetchLine {
    /// Writes `* n FETCH (`.
    #[inline]
    pub fn begin(out: &mut Vec<u8>, seq: SeqNum) -> Self {
        out.extend_from_slice(b"* ");
        number(out, seq.get().into());
        out.extend_from_slice(b" FETCH (");
        Self { separator: "" }
    }

    /// Writes `)` and the line end.
    #[inline]
    pub fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b")\r\n");
    }

    #[inline]
    fn word(&mut self, out: &mut Vec<u8>, word: &str) {
        out.extend_from_slice(self.separator.as_bytes());
        out.extend_from_slice(word.as_bytes());
        self.separator = " ";
    }

    /// `UID`
    #[inline]
    pub fn uid(&mut self, out: &mut Vec<u8>, uid: Uid) {
        self.word(out, "UID ");
        number(out, uid.get().into());
    }

    /// `FLAGS`: `flags` are the words between the parentheses, ready made, as a mailbox has few combinations of them.
    #[inline]
    pub fn flags(&mut self, out: &mut Vec<u8>, flags: &[u8]) {
        self.word(out, "FLAGS (");
        out.extend_from_slice(flags);
        out.push(b')');
    }

    /// `MODSEQ` (RFC 7162 §3.1.4.2)
    #[inline]
    pub fn modseq(&mut self, out: &mut Vec<u8>, modseq: ModSeq) {
        self.word(out, "MODSEQ (");
        number(out, modseq.get());
        out.push(b')');
    }

    /// `INTERNALDATE`
    pub fn internal_date(&mut self, out: &mut Vec<u8>, date: InternalDate) {
        self.word(out, "INTERNALDATE ");
        date.write_to(out);
    }

    /// `SAVEDATE` (RFC 8514 §4.2)
    pub fn save_date(&mut self, out: &mut Vec<u8>, date: Option<InternalDate>) {
        self.word(out, "SAVEDATE ");
        match date {
            Some(date) => date.write_to(out),
            None => out.extend_from_slice(b"NIL"),
        }
    }

    /// `RFC822.SIZE`
    #[inline]
    pub fn size(&mut self, out: &mut Vec<u8>, size: u64) {
        self.word(out, "RFC822.SIZE ");
        number(out, size);
    }

    /// `ENVELOPE`: the list as it goes on the wire.
    pub fn envelope(&mut self, out: &mut Vec<u8>, envelope: &[u8]) {
        self.word(out, "ENVELOPE ");
        out.extend_from_slice(envelope);
    }

    /// `BODY`: the list as it goes on the wire, without extension data.
    pub fn body(&mut self, out: &mut Vec<u8>, body: &[u8]) {
        self.word(out, "BODY ");
        out.extend_from_slice(body);
    }

    /// `BODYSTRUCTURE`: the list as it goes on the wire.
    pub fn bodystructure(&mut self, out: &mut Vec<u8>, body: &[u8]) {
        self.word(out, "BODYSTRUCTURE ");
        out.extend_from_slice(body);
    }

    /// `EMAILID` (RFC 8474 §5.1)
    pub fn email_id(&mut self, out: &mut Vec<u8>, id: &str) {
        self.word(out, "EMAILID (");
        out.extend_from_slice(id.as_bytes());
        out.push(b')');
    }

    /// `THREADID` (RFC 8474 §5.2); `None` is `NIL`.
    pub fn thread_id(&mut self, out: &mut Vec<u8>, id: Option<&str>) {
        self.word(out, "THREADID ");
        match id {
            Some(id) => {
                out.push(b'(');
                out.extend_from_slice(id.as_bytes());
                out.push(b')');
            }
            None => out.extend_from_slice(b"NIL"),
        }
    }

    /// `PREVIEW` (RFC 8970 §3); `None` is `NIL`: not at hand.
    pub fn preview(&mut self, out: &mut Vec<u8>, text: Option<&str>) {
        self.word(out, "PREVIEW ");
        nstring(out, text.map(str::as_bytes));
    }

    /// `BODY[...]`. `origin` is the offset that the client's `<offset.length>` began with (RFC 9051 §7.5.2).
    pub fn section(&mut self, out: &mut Vec<u8>, section: &Section, origin: Option<u64>, octets: NString) {
        self.word(out, "BODY[");
        write_section(out, section);
        close(out, origin);
        announce(out, octets);
    }

    /// `BINARY[...]` (RFC 3516 §4.2). `origin` as in [`section`](Self::section). Octets without a NUL should go as
    /// [`NString::Literal`], so that the client need not look for one (RFC 9051 §7.5.2).
    pub fn binary(&mut self, out: &mut Vec<u8>, part: &[NonZeroU32], origin: Option<u64>, octets: NString) {
        self.word(out, "BINARY[");
        write_part(out, part);
        close(out, origin);
        announce(out, octets);
    }

    /// `BINARY.SIZE[...]` (RFC 3516 §4.3)
    pub fn binary_size(&mut self, out: &mut Vec<u8>, part: &[NonZeroU32], size: u64) {
        self.word(out, "BINARY.SIZE[");
        write_part(out, part);
        out.extend_from_slice(b"] ");
        number(out, size);
    }

    /// `RFC822`, `RFC822.HEADER` or `RFC822.TEXT` (RFC 3501 §7.4.2).
    pub fn rfc822(&mut self, out: &mut Vec<u8>, item: Rfc822, octets: NString) {
        self.word(
            out,
            match item {
                Rfc822::All => "RFC822 ",
                Rfc822::Header => "RFC822.HEADER ",
                Rfc822::Text => "RFC822.TEXT ",
            },
        );
        announce(out, octets);
    }
}

/// Which of rev1's items [`FetchLine::rfc822`] writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rfc822 {
    /// `RFC822`
    All,
    /// `RFC822.HEADER`
    Header,
    /// `RFC822.TEXT`
    Text,
}

fn announce(out: &mut Vec<u8>, octets: NString) {
    match octets {
        NString::Literal(len) => literal_head(out, len),
        NString::Literal8(len) => literal8_head(out, len),
        NString::Nil => out.extend_from_slice(b"NIL"),
    }
}

fn close(out: &mut Vec<u8>, origin: Option<u64>) {
    out.push(b']');
    if let Some(origin) = origin {
        out.push(b'<');
        number(out, origin);
        out.push(b'>');
    }
    out.push(b' ');
}

fn write_part(out: &mut Vec<u8>, part: &[NonZeroU32]) {
    for (i, n) in part.iter().enumerate() {
        if i > 0 {
            out.push(b'.');
        }
        number(out, n.get().into());
    }
}

fn write_section(out: &mut Vec<u8>, section: &Section) {
    write_part(out, &section.part);
    if !section.part.is_empty() && section.what != SectionText::All {
        out.push(b'.');
    }
    match &section.what {
        SectionText::All => {}
        SectionText::Header => out.extend_from_slice(b"HEADER"),
        SectionText::Text => out.extend_from_slice(b"TEXT"),
        SectionText::Mime => out.extend_from_slice(b"MIME"),
        SectionText::HeaderFields { names, fields } => {
            out.extend_from_slice(match fields {
                Fields::Only => b"HEADER.FIELDS (".as_slice(),
                Fields::Not => b"HEADER.FIELDS.NOT (",
            });
            for (i, name) in names.iter().enumerate() {
                if i > 0 {
                    out.push(b' ');
                }
                super::astring(out, name);
            }
            out.push(b')');
        }
    }
}
