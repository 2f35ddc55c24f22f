//! Octets of a charset to UTF-8, in pieces.

use super::utf7::Utf7;
use encoding_rs::{CoderResult, DecoderResult, Encoding, WINDOWS_1252};

/// Decodes text of one charset that comes in pieces of any size.
///
/// A charset that is absent, `us-ascii`, `utf-8` or not known is read as UTF-8, and what is no UTF-8 in it as Windows-1252: that is
/// what mails hold whose label is wrong. Nothing fails: what cannot be decoded becomes U+FFFD.
pub struct Decoder {
    state: State,
}

enum State {
    /// UTF-8 or Windows-1252; holds the beginning of a character whose end has not come.
    Guess(Vec<u8>),
    Utf7(Utf7),
    Known(Box<encoding_rs::Decoder>),
}

impl Decoder {
    /// A decoder for what `label` names; labels are those of the WHATWG's list, and `utf-7`.
    pub fn new(label: &[u8]) -> Self {
        let label = label.trim_ascii();
        let guessed = [&b""[..], b"us-ascii", b"ascii", b"utf-8", b"utf8", b"unknown-8bit", b"x-unknown"];
        let is = |name: &[u8]| label.eq_ignore_ascii_case(name);
        let state = if guessed.into_iter().any(is) {
            State::Guess(Vec::new())
        } else if is(b"utf-7") || is(b"unicode-1-1-utf-7") {
            State::Utf7(Utf7::default())
        } else {
            match Encoding::for_label_no_replacement(label) {
                Some(encoding) => State::Known(Box::new(encoding.new_decoder_with_bom_removal())),
                None => State::Guess(Vec::new()),
            }
        };
        Self { state }
    }

    /// Decodes the next piece and appends its text.
    pub fn push(&mut self, piece: &[u8], out: &mut String) {
        match &mut self.state {
            State::Guess(held) => guess(held, piece, out),
            State::Utf7(decoder) => decoder.push(piece, out),
            State::Known(decoder) => known(decoder, piece, Last::No, out),
        }
    }

    /// The text has ended: appends what was held back.
    pub fn finish(self, out: &mut String) {
        match self.state {
            State::Guess(held) => latin(&held, out),
            State::Utf7(decoder) => decoder.finish(out),
            State::Known(mut decoder) => known(&mut decoder, b"", Last::Yes, out),
        }
    }
}

/// Decodes a whole text; see [`Decoder`].
pub fn decode(label: &[u8], octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    let mut decoder = Decoder::new(label);
    decoder.push(octets, &mut out);
    decoder.finish(&mut out);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    No,
    Yes,
}

fn known(decoder: &mut encoding_rs::Decoder, piece: &[u8], last: Last, out: &mut String) {
    let mut rest = piece;
    loop {
        let wanted = decoder.max_utf8_buffer_length(rest.len()).unwrap_or(rest.len().saturating_add(16));
        out.reserve(wanted);
        let (result, read, _replaced) = decoder.decode_to_string(rest, out, last == Last::Yes);
        rest = rest.get(read..).unwrap_or_default();
        if result == CoderResult::InputEmpty {
            return;
        }
    }
}

fn guess(held: &mut Vec<u8>, piece: &[u8], out: &mut String) {
    let mut joined = Vec::new();
    let mut rest = piece;
    if !held.is_empty() {
        joined.append(held);
        joined.extend_from_slice(piece);
        rest = &joined;
    }
    loop {
        let error = match std::str::from_utf8(rest) {
            Ok(text) => return out.push_str(text),
            Err(error) => error,
        };
        let (valid, broken) = rest.split_at_checked(error.valid_up_to()).unwrap_or((rest, &[]));
        out.push_str(&String::from_utf8_lossy(valid));
        let Some(len) = error.error_len() else {
            // The character may go on in the next piece.
            held.extend_from_slice(broken);
            return;
        };
        let (octets, after) = broken.split_at_checked(len).unwrap_or((broken, &[]));
        latin(octets, out);
        rest = after;
    }
}

fn latin(octets: &[u8], out: &mut String) {
    let mut decoder = WINDOWS_1252.new_decoder_without_bom_handling();
    let mut space = [0; 16];
    // At most three octets come here, of at most three octets of UTF-8 each.
    let (result, _read, written) = decoder.decode_to_utf8_without_replacement(octets, &mut space, true);
    debug_assert_eq!(result, DecoderResult::InputEmpty);
    out.push_str(&String::from_utf8_lossy(space.get(..written).unwrap_or_default()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_in_pieces() {
        let table: [(&str, &[u8], &str); 13] = [
            ("utf-8", "grün €".as_bytes(), "grün €"),
            ("", "grün".as_bytes(), "grün"),
            ("us-ascii", b"gr\xfcn", "grün"),
            ("utf-8", b"gr\xfcn \xe2\x82", "grün â‚"),
            ("iso-8859-1", b"gr\xfcn", "grün"),
            ("ISO-8859-15", b"\xa4", "€"),
            ("windows-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
            ("koi8-r", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
            ("iso-2022-jp", b"\x1b$BF|K\\\x1b(B", "日本"),
            ("gb2312", b"\xd6\xd0\xce\xc4", "中文"),
            ("utf-7", b"gr+APw-n +- +ZeVnLIqe-", "grün + 日本語"),
            ("no-such-charset", b"abc", "abc"),
            ("utf-16le", b"a\0b\0", "ab"),
        ];
        for (label, octets, wanted) in table {
            for size in 1..=octets.len() {
                let (mut decoder, mut out) = (Decoder::new(label.as_bytes()), String::new());
                octets.chunks(size).for_each(|piece| decoder.push(piece, &mut out));
                decoder.finish(&mut out);
                assert_eq!(out, wanted, "{label} in pieces of {size}");
            }
        }
    }
}
