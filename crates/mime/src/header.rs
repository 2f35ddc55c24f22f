//! A header block and its fields, as the octets stand (RFC 5322 §2.2).

use crate::cursor::is_space;
use crate::encoded_word;
use memchr::memchr;
use std::collections::HashSet;

/// As many names are compared one after the other; clients ask for less than twenty.
const FEW: usize = 32;

/// One field of a header block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name without the white space that obsolete syntax allows before the colon (RFC 5322 §4.5).
    /// Empty for lines that are no field: no colon, or white space inside the name (mbox's `From ` line).
    pub name: &'a [u8],
    /// What follows the colon, still folded.
    pub value: &'a [u8],
    /// All its octets, with folding and line ends.
    pub raw: &'a [u8],
}

impl Field<'_> {
    /// Whether this is the field `name`; ASCII case does not matter (RFC 5322 §1.2.2).
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The fields of a header block, up to its blank line.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

/// Goes through the fields of `block`; lines that are no field come with an empty name.
pub fn fields(block: &[u8]) -> Fields<'_> {
    Fields { rest: block }
}

impl<'a> Fields<'a> {
    /// What was not read yet: after the last field, the blank line or nothing.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        if self.rest.is_empty() || self.rest.starts_with(b"\n") || self.rest.starts_with(b"\r\n") {
            return None;
        }
        let mut end = 0;
        loop {
            let tail = self.rest.get(end..)?;
            end += memchr(b'\n', tail).map_or(tail.len(), |at| at + 1);
            // A line that begins with white space continues the field (RFC 5322 §2.2.3).
            if !matches!(self.rest.get(end), Some(b' ' | b'\t')) {
                break;
            }
        }
        let (raw, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(split_field(raw))
    }
}

fn split_field(raw: &[u8]) -> Field<'_> {
    let none = Field { name: b"", value: raw, raw };
    // The colon stands in the first line, or nowhere.
    let Some(colon) = memchr::memchr2(b':', b'\n', raw) else { return none };
    let Some((name, [b':', value @ ..])) = raw.split_at_checked(colon) else { return none };
    let name = name.trim_ascii_end();
    if name.is_empty() || name.iter().any(|octet| octet.is_ascii_control() || *octet == b' ') {
        return none;
    }
    Field { name, value, raw }
}

/// Whether `HEADER.FIELDS` or `HEADER.FIELDS.NOT` is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// Only the named fields.
    Only,
    /// All but the named fields.
    Not,
}

/// Appends the subset of `header` that `BODY[HEADER.FIELDS (names)]` or `.NOT` asks for (RFC 9051 §6.4.5.1).
///
/// Lines are copied octet by octet with their folding, in the order of the header. The blank line follows as it stands in
/// the message; a header that ends without one ("no body and no blank line") gets none.
pub fn filter_header<N: AsRef<[u8]>>(header: &[u8], names: &[N], which: Match, out: &mut Vec<u8>) {
    let mut fields = fields(header);
    // Of many names each field looks its own up: there may be as many names as fields.
    let many: Option<HashSet<Vec<u8>>> =
        (names.len() > FEW).then(|| names.iter().map(|name| name.as_ref().to_ascii_lowercase()).collect());
    let is_among = |field: &[u8]| match &many {
        None => names.iter().any(|name| field.eq_ignore_ascii_case(name.as_ref())),
        Some(names) => names.contains(&field.to_ascii_lowercase()),
    };
    for field in fields.by_ref() {
        let listed = !field.name.is_empty() && is_among(field.name);
        if listed == (which == Match::Only) {
            out.extend_from_slice(field.raw);
        }
    }
    out.extend_from_slice(blank_line(fields.rest()));
}

/// The blank line at the beginning of `rest`, if there is one.
pub(crate) fn blank_line(rest: &[u8]) -> &[u8] {
    let len = if rest.starts_with(b"\r\n") { 2 } else { usize::from(rest.starts_with(b"\n")) };
    rest.get(..len).unwrap_or_default()
}

/// Whether the field `name` stands in `raw` header lines, empty or not: SEARCH HEADER with an empty string (RFC 9051 §6.4.4).
pub fn has_field(raw: &[u8], name: &[u8]) -> bool {
    !name.is_empty() && fields(raw).any(|field| field.name.eq_ignore_ascii_case(name))
}

/// The text of all fields `name` in `raw` header lines: unfolded, encoded words decoded, one a line.
///
/// For SEARCH HEADER, FROM, TO, SUBJECT (RFC 9051 §6.4.4). It is empty for an empty field as for none; [`has_field`] tells them apart.
pub fn decoded_header(raw: &[u8], name: &[u8]) -> String {
    let mut text = String::new();
    for field in fields(raw).filter(|field| !field.name.is_empty() && field.name.eq_ignore_ascii_case(name)) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&encoded_word::decode(&unfold(field.value)));
    }
    text
}

/// A field's value on one line, without the white space around it (RFC 5322 §2.2.3). A lone CR becomes a space; NUL is dropped.
pub fn unfold(value: &[u8]) -> Vec<u8> {
    let value = value.trim_ascii();
    let mut out = Vec::with_capacity(value.len());
    for (at, &octet) in value.iter().enumerate() {
        match octet {
            b'\n' | 0 => {}
            b'\r' if value.get(at + 1) == Some(&b'\n') => {}
            b'\r' => out.push(b' '),
            _ => out.push(octet),
        }
    }
    out
}

/// A field's value with each run of white space as one space: for fields that people read.
pub(crate) fn collapse(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for word in value.split(|&octet| is_space(octet) || octet == 0).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
    out
}

/// A length as the wider type that offsets have.
pub(crate) fn unsigned(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"From me Sat Jan  3 01:05:34 1996\r\nFROM : a@b\r\nSubject: one\r\n\ttwo\r\nno colon here\r\n folded: on\r\nTo:c@d\r\n\r\nbody: no";

    fn filtered(names: &[&str], which: Match) -> String {
        let mut out = Vec::new();
        filter_header(HEADER, names, which, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_that_are_no_field_have_no_name() {
        let names: Vec<_> = fields(HEADER).map(|field| String::from_utf8_lossy(field.name).into_owned()).collect();
        assert_eq!(names, ["", "FROM", "Subject", "", "To"]);
    }

    #[test]
    fn subsets_keep_every_octet() {
        assert_eq!(filtered(&["subject", "from", "x"], Match::Only), "FROM : a@b\r\nSubject: one\r\n\ttwo\r\n\r\n");
        assert_eq!(
            filtered(&["subject", "from"], Match::Not),
            "From me Sat Jan  3 01:05:34 1996\r\nno colon here\r\n folded: on\r\nTo:c@d\r\n\r\n"
        );
        assert_eq!(filtered(&[""], Match::Only), "\r\n");
    }

    #[test]
    fn no_blank_line_is_made_up() {
        let mut out = Vec::new();
        filter_header(b"A: b\nC: d", &["c"], Match::Only, &mut out);
        assert_eq!(out, b"C: d");
        out.clear();
        filter_header(b"A: b\nC: d\n\n", &["c"], Match::Only, &mut out);
        assert_eq!(out, b"C: d\n\n");
    }

    #[test]
    fn values_are_unfolded_and_decoded() {
        assert_eq!(unfold(b" one\r\n two\rthree\0 \r\n"), b"one two three");
        assert_eq!(collapse(b" a \r\n\t b  c\r\n"), b"a b c");
        assert_eq!(decoded_header(b"To: =?utf-8?q?gr=C3=BCn?= x\r\nto: b\r\n", b"TO"), "grün x\nb");
        assert!(has_field(b"A:\r\nB: x\r\n", b"a") && !has_field(b"A:\r\n", b"B") && !has_field(b"junk\r\n", b""));
    }
}
