//! Content-Transfer-Encoding: base64 and quoted-printable, decoded in pieces (RFC 2045 §6), for BINARY (RFC 3516) and search.

use memchr::memchr;
use thiserror::Error;

/// A Content-Transfer-Encoding (RFC 2045 §6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 7bit, 8bit or binary: the octets are the content.
    Identity,
    /// Base64 (RFC 2045 §6.8).
    Base64,
    /// Quoted-printable (RFC 2045 §6.7).
    QuotedPrintable,
    /// Any other: the content cannot be known.
    Unknown,
}

/// The encoding is not one that is known: `NO [UNKNOWN-CTE]` (RFC 9051 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("unknown content transfer encoding")]
pub struct UnknownEncoding;

/// Decodes octets that come in pieces of any size. Memory stays at a few octets, and the result does not depend on the cuts.
#[derive(Clone, Debug)]
pub struct Decoder {
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Identity,
    Base64 { bits: u32, count: u8 },
    QuotedPrintable(QuotedPrintable),
}

impl Decoder {
    /// A decoder at the beginning of a part's body.
    pub fn new(encoding: Encoding) -> Result<Self, UnknownEncoding> {
        let state = match encoding {
            Encoding::Identity => State::Identity,
            Encoding::Base64 => State::Base64 { bits: 0, count: 0 },
            Encoding::QuotedPrintable => State::QuotedPrintable(QuotedPrintable::default()),
            Encoding::Unknown => return Err(UnknownEncoding),
        };
        Ok(Self { state })
    }

    /// Decodes the next piece and appends what it says.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        match &mut self.state {
            State::Identity => out.extend_from_slice(piece),
            State::Base64 { bits, count } => {
                for &octet in piece {
                    base64_octet(octet, bits, count, out);
                }
            }
            State::QuotedPrintable(decoder) => decoder.push(piece, out),
        }
    }

    /// The body has ended: appends what was held back.
    pub fn finish(self, out: &mut Vec<u8>) {
        match self.state {
            State::Identity => {}
            State::Base64 { mut bits, mut count } => base64_octet(b'=', &mut bits, &mut count, out),
            State::QuotedPrintable(decoder) => decoder.finish(out),
        }
    }
}

/// Decodes a whole body; of an unknown encoding it is what it is.
pub(crate) fn decode(encoding: Encoding, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    match Decoder::new(encoding) {
        Ok(mut decoder) => {
            decoder.push(body, &mut out);
            decoder.finish(&mut out);
        }
        Err(UnknownEncoding) => out.extend_from_slice(body),
    }
    out
}

/// What an octet is worth in base64: 0 to 63, or `PAD`, or `OTHER` for all that decoders skip (RFC 2045 §6.8).
const PAD: u8 = 64;
const OTHER: u8 = 65;

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which proves the index")]
const BASE64: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    let mut table = [OTHER; 256];
    let (mut at, mut value) = (0, 0);
    while at < alphabet.len() {
        table[alphabet[at] as usize] = value;
        at += 1;
        value += 1;
    }
    table
};

/// Padding ends a quantum, not the data: some senders concatenate padded pieces.
#[expect(clippy::indexing_slicing, reason = "an octet is always inside a table of 256")]
fn base64_octet(octet: u8, bits: &mut u32, count: &mut u8, out: &mut Vec<u8>) {
    match BASE64[usize::from(octet)] {
        OTHER => return,
        PAD => {
            let [_, high, low, _] = (*bits << (6 * (4 - u32::from(*count).min(4)))).to_be_bytes();
            match count {
                2 => out.push(high),
                3 => out.extend([high, low]),
                _ => {}
            }
        }
        value => {
            *bits = *bits << 6 | u32::from(value);
            *count += 1;
            if *count < 4 {
                return;
            }
            let [_, a, b, c] = bits.to_be_bytes();
            out.extend([a, b, c]);
        }
    }
    (*bits, *count) = (0, 0);
}

/// White space before a line's end is padding of the transport (RFC 2045 §6.7, rule 3): held back until it is known what follows.
/// More of it than this on one line is kept: lines end at 76.
const HELD: usize = 1000;

#[derive(Clone, Debug, Default)]
struct QuotedPrintable {
    /// What cannot be judged yet: white space, `=`, `=4`, `=` with white space, with at most one CR at the end.
    held: Vec<u8>,
}

impl QuotedPrintable {
    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut rest = piece;
        while let Some((&octet, after)) = rest.split_first() {
            if self.held.is_empty() && !matches!(octet, b'=' | b' ' | b'\t' | b'\r') {
                // Nothing to decide up to the next `=` or white space.
                let special = rest.iter().position(|octet| matches!(octet, b'=' | b' ' | b'\t' | b'\r'));
                let (plain, after) = rest.split_at_checked(special.unwrap_or(rest.len())).unwrap_or((rest, &[]));
                out.extend_from_slice(plain);
                rest = after;
                continue;
            }
            rest = after;
            self.octet(octet, out);
        }
    }

    fn octet(&mut self, octet: u8, out: &mut Vec<u8>) {
        if self.held.get(1).is_some_and(u8::is_ascii_hexdigit) && !octet.is_ascii_hexdigit() {
            // "=" with one digit is text, and no soft line break.
            out.append(&mut self.held);
        }
        let soft = self.held.first() == Some(&b'=');
        match (octet, self.held.last()) {
            (b'\n', _) if soft => self.held.clear(),
            (b'\n', last) => {
                // The line end stays as it was written, the white space before it goes.
                if last == Some(&b'\r') {
                    out.push(b'\r');
                }
                out.push(b'\n');
                self.held.clear();
            }
            (_, Some(b'\r')) => self.release_and(octet, out),
            (b'\r', _) | (b'=', None) => self.held.push(octet),
            (b' ' | b'\t', _) if self.held.len() < HELD => self.held.push(octet),
            (_, Some(b'=')) if self.held.len() == 1 && octet.is_ascii_hexdigit() => self.held.push(octet),
            (_, Some(digit)) if soft && self.held.len() == 2 && digit.is_ascii_hexdigit() => {
                if let Some(value) = hex_pair(&[*digit, octet]) {
                    out.push(value);
                    self.held.clear();
                } else {
                    self.release_and(octet, out);
                }
            }
            (_, None) => out.push(octet),
            _ => self.release_and(octet, out),
        }
    }

    /// What was held back is text, as it turns out: an invalid escape stays as it stands (RFC 2045 §6.7, note 2).
    fn release_and(&mut self, octet: u8, out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.octet(octet, out);
    }

    fn finish(self, out: &mut Vec<u8>) {
        // "=" as the last octet is a soft line break that lost its line end.
        if self.held.first() != Some(&b'=') || self.held.get(1).is_some_and(u8::is_ascii_hexdigit) {
            out.extend_from_slice(&self.held);
        }
    }
}

/// Makes every line end CRLF, which BINARY promises for text parts (RFC 9051 §7.5.2).
#[derive(Clone, Debug, Default)]
pub struct Crlf {
    last: u8,
}

impl Crlf {
    /// Appends the next piece with its bare LFs as CRLF.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let mut rest = piece;
        while let Some(at) = memchr(b'\n', rest) {
            let (line, after) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            out.extend_from_slice(line);
            if line.last().copied().unwrap_or(self.last) != b'\r' {
                out.push(b'\r');
            }
            out.push(b'\n');
            self.last = b'\n';
            rest = after.get(1..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
        self.last = rest.last().copied().unwrap_or(self.last);
    }
}

/// The octet that two hexadecimal digits at the beginning of `text` say.
pub(crate) fn hex_pair(text: &[u8]) -> Option<u8> {
    let digit = |octet: &u8| char::from(*octet).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(text.first()?)? << 4 | digit(text.get(1)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces(encoding: Encoding, text: &[u8], size: usize) -> Vec<u8> {
        let mut decoder = Decoder::new(encoding).unwrap();
        let mut out = Vec::new();
        for piece in text.chunks(size) {
            decoder.push(piece, &mut out);
        }
        decoder.finish(&mut out);
        out
    }

    fn all_cuts(encoding: Encoding, text: &str, wanted: &[u8]) {
        for size in 1..=text.len().max(1) {
            assert_eq!(in_pieces(encoding, text.as_bytes(), size), wanted, "{text:?} in pieces of {size}");
        }
    }

    #[test]
    fn base64() {
        let table: [(&str, &[u8]); 8] = [
            ("", b""),
            ("aGVsbG8=", b"hello"),
            ("aGVs\r\nbG8=\r\n", b"hello"),
            ("aGVsbG8", b"hello"),
            ("aGVs!bG8*=", b"hello"),
            ("YQ==YmM=ZGVm", b"abcdef"),
            ("a", b""),
            ("====", b""),
        ];
        for (text, wanted) in table {
            all_cuts(Encoding::Base64, text, wanted);
        }
    }

    #[test]
    fn quoted_printable() {
        let table: [(&str, &[u8]); 18] = [
            ("gr=C3=BCn", "grün".as_bytes()),
            ("gr=c3=bcn", "grün".as_bytes()),
            ("soft=\r\nbreak", b"softbreak"),
            ("soft=\nbreak", b"softbreak"),
            ("soft= \t\r\nbreak", b"softbreak"),
            ("pad \t\r\nx", b"pad\r\nx"),
            ("pad \nx", b"pad\nx"),
            ("in side", b"in side"),
            ("a=b", b"a=b"),
            ("a=4g=3D", b"a=4g="),
            ("a==3D", b"a=="),
            ("a\rb", b"a\rb"),
            ("end=", b"end"),
            ("end=4", b"end=4"),
            ("a=4\r\nb", b"a=4\r\nb"),
            ("a=4\nb", b"a=4\nb"),
            ("a=4 \t\r\nb", b"a=4\r\nb"),
            ("a=4=\r\nb", b"a=4b"),
        ];
        for (text, wanted) in table {
            all_cuts(Encoding::QuotedPrintable, text, wanted);
        }
    }

    #[test]
    fn held_white_space_is_bounded() {
        let text = " ".repeat(100_000) + "x";
        let mut decoder = QuotedPrintable::default();
        let mut out = Vec::new();
        decoder.push(text.as_bytes(), &mut out);
        assert_eq!(out, text.as_bytes());
        assert!(decoder.held.capacity() < 3 * HELD);
    }

    #[test]
    fn unknown_encodings_are_refused() {
        assert_eq!(Decoder::new(Encoding::Unknown).err(), Some(UnknownEncoding));
    }

    #[test]
    fn line_ends_become_crlf() {
        for size in 1..12 {
            let (mut filter, mut out) = (Crlf::default(), Vec::new());
            for piece in b"\na\r\nb\nc\rd\r".chunks(size) {
                filter.push(piece, &mut out);
            }
            assert_eq!(out, b"\r\na\r\nb\r\nc\rd\r");
        }
    }
}
