//! Octets of a charset to UTF-8, in pieces.

use encoding_rs::{CoderResult, DecoderResult, WINDOWS_1252};

use super::labels::{Meaning, meaning};
use super::octets::Page;
use super::shifts::Shifts;
use super::utf7::Utf7;
use super::wide::Wide;

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
    Octets(Page),
    Wide(Wide),
    Shifts(Shifts),
}

impl Decoder {
    /// A decoder for what `label` names; labels are those of the WHATWG's list, and many more that mail has (`labels`).
    pub fn new(label: &[u8]) -> Self {
        let state = match meaning(label) {
            Meaning::Guess => State::Guess(Vec::new()),
            Meaning::Utf7 => State::Utf7(Utf7::default()),
            Meaning::Known(encoding) => State::Known(Box::new(encoding.new_decoder_with_bom_removal())),
            Meaning::Octets(page) => State::Octets(page),
            Meaning::Utf16(order) => State::Wide(Wide::utf16(order)),
            Meaning::Utf32(order) => State::Wide(Wide::utf32(order)),
            Meaning::Hz => State::Shifts(Shifts::hz()),
            Meaning::Iso2022Kr => State::Shifts(Shifts::iso_2022_kr()),
        };
        Self { state }
    }

    /// Decodes the next piece and appends its text.
    pub fn push(&mut self, piece: &[u8], out: &mut String) {
        match &mut self.state {
            State::Guess(held) => guess(held, piece, out),
            State::Utf7(decoder) => decoder.push(piece, out),
            State::Known(decoder) => known(decoder, piece, Last::No, out),
            State::Octets(page) => out.extend(piece.iter().map(|octet| page.character(*octet))),
            State::Wide(decoder) => decoder.push(piece, out),
            State::Shifts(decoder) => decoder.push(piece, out),
        }
    }

    /// The text has ended: appends what was held back.
    pub fn finish(self, out: &mut String) {
        match self.state {
            State::Guess(held) => latin(&held, out),
            State::Utf7(decoder) => decoder.finish(out),
            State::Known(mut decoder) => known(&mut decoder, b"", Last::Yes, out),
            State::Octets(_) => {}
            State::Wide(decoder) => decoder.finish(out),
            State::Shifts(decoder) => decoder.finish(out),
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
        let table: &[(&str, &[u8], &str)] = &[
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
            ("utf-16", b"\x00\x41\x00\xe9\x65\xe5", "Aé日"),
            ("utf-16", b"\xfe\xff\x00\x41\x00\xe9\xd8\x3d\xde\x00", "Aé😀"),
            ("utf-16", b"\xff\xfe\x41\x00\xe9\x00\x3d\xd8\x00\xde", "Aé😀"),
            ("ucs-2", b"\x41\x00\xe9\x00", "Aé"),
            ("utf-32", b"\x00\x00\x00\x41\x00\x01\xf6\x00", "A😀"),
            ("utf-32", b"\xff\xfe\x00\x00\x41\x00\x00\x00\x00\xf6\x01\x00", "A😀"),
            ("cp437", b"\x67\x72\x81\x6e\x20\xb1", "grün ▒"),
            ("ibm852", b"\xa6\x6c\x75\x9c", "Žluť"),
            ("cp858", b"\x35\x20\xd5", "5 €"),
            ("cp737", b"\x98\x99", "αβ"),
            ("cp869", b"\xd6\xd7", "αβ"),
            ("ptcp154", b"\x83\x9c", "ғң"),
            ("hz-gb-2312", b"\x61\x7e\x7e\x7e\x7b\x56\x50\x4e\x44\x7e\x7d\x62", "a~中文b"),
            ("iso-2022-kr", b"\x1b\x24\x29\x43\x0e\x47\x51\x31\x39\x0f\x20\x61\x62", "한국 ab"),
            ("cp949", b"\xc7\xd1\xb1\xb9", "한국"),
            ("eucJP-ms", b"\xc6\xfc\xcb\xdc", "日本"),
        ];
        for (label, octets, wanted) in table {
            for size in 1..=octets.len() {
                let (mut decoder, mut out) = (Decoder::new(label.as_bytes()), String::new());
                octets.chunks(size).for_each(|piece| decoder.push(piece, &mut out));
                decoder.finish(&mut out);
                assert_eq!(out, *wanted, "{label} in pieces of {size}");
            }
        }
    }
}
