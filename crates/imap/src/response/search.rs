//! What SEARCH found (RFC 9051 §7.3.4; RFC 3501 §7.2.5; RFC 4731; RFC 7162 §3.1.5).

use super::{number, string};
use crate::{ModSeq, Number, NumberSet, Tag, command::Numbers};

/// Writes a SEARCH response, as rev1 clients get it: `* SEARCH 2 5 (MODSEQ 7)`.
pub fn search<N: Number>(out: &mut Vec<u8>, found: impl IntoIterator<Item = N>, modseq: Option<ModSeq>) {
    out.extend_from_slice(b"* SEARCH");
    for n in found {
        out.push(b' ');
        number(out, n.to_u32().into());
    }
    if let Some(modseq) = modseq {
        out.extend_from_slice(b" (MODSEQ ");
        number(out, modseq.get());
        out.push(b')');
    }
    out.extend_from_slice(b"\r\n");
}

/// An ESEARCH response (RFC 9051 §7.3.4). What is `None` is left out.
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
    /// `MODSEQ`
    pub modseq: Option<ModSeq>,
    /// `ALL`; left out if empty.
    pub all: Option<&'a NumberSet<N>>,
}

/// Writes an ESEARCH response.
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
        (" MODSEQ ", found.modseq.map(ModSeq::get)),
    ];
    for (word, n) in numbers {
        if let Some(n) = n {
            out.extend_from_slice(word.as_bytes());
            number(out, n);
        }
    }
    if let Some(all) = found.all.filter(|all| !all.is_empty()) {
        out.extend_from_slice(b" ALL ");
        all.write_to(out);
    }
    out.extend_from_slice(b"\r\n");
}
