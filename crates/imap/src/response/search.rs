//! What SEARCH found (RFC 9051 §7.3.4; RFC 3501 §7.2.5; RFC 4731; RFC 7162 §3.1.5).

use super::{number, string};
use crate::{ModSeq, Number, Tag, command::Numbers};

/// A SEARCH response that is being written, as rev1 clients get it: `* SEARCH 2 5 (MODSEQ 7)`. It may have a million
/// numbers, so it is begun, gets them, and ends.
#[derive(Debug)]
#[must_use = "a SEARCH response has an end"]
pub struct SearchLine(());

impl SearchLine {
    /// Writes `* SEARCH`.
    pub fn begin(out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(b"* SEARCH");
        Self(())
    }

    /// One more number.
    pub fn found<N: Number>(&self, out: &mut Vec<u8>, n: N) {
        out.push(b' ');
        number(out, n.to_u32().into());
    }

    /// Writes MODSEQ (RFC 7162 §3.1.5) and the line end.
    pub fn end(self, out: &mut Vec<u8>, modseq: Option<ModSeq>) {
        if let Some(modseq) = modseq {
            out.extend_from_slice(b" (MODSEQ ");
            number(out, modseq.get());
            out.push(b')');
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// An ESEARCH response (RFC 9051 §7.3.4) up to its set. What is `None` is left out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Esearch<'a, N: Number> {
    /// The tag of the command that it answers.
    pub tag: &'a Tag,
    /// Whether the numbers are UIDs.
    pub numbers: Numbers,
    /// `MIN`
    pub min: Option<N>,
    /// `MAX`
    pub max: Option<N>,
    /// `COUNT`
    pub count: Option<u64>,
    /// Whether a set that is not empty follows: `ALL`.
    pub all: bool,
}

/// Writes an ESEARCH response up to where its set stands, if it has one: that, a part at a time if it is long, and
/// [the end](esearch_end) are for the caller to write.
pub fn esearch<N: Number>(out: &mut Vec<u8>, found: &Esearch<'_, N>) {
    out.extend_from_slice(b"* ESEARCH (TAG ");
    string(out, found.tag.as_str().as_bytes());
    out.push(b')');
    if found.numbers == Numbers::Uid {
        out.extend_from_slice(b" UID");
    }
    let numbers = [
        (" MIN ", found.min.map(|n| n.to_u32().into())),
        (" MAX ", found.max.map(|n| n.to_u32().into())),
        (" COUNT ", found.count),
    ];
    for (word, n) in numbers {
        if let Some(n) = n {
            out.extend_from_slice(word.as_bytes());
            number(out, n);
        }
    }
    if found.all {
        out.extend_from_slice(b" ALL ");
    }
}

/// Writes the end of an ESEARCH response: MODSEQ, which stands last in all examples of RFC 7162 §3.1.5 and RFC 4731 §3.2.
pub fn esearch_end(out: &mut Vec<u8>, modseq: Option<ModSeq>) {
    if let Some(modseq) = modseq {
        out.extend_from_slice(b" MODSEQ ");
        number(out, modseq.get());
    }
    super::line_end(out);
}
