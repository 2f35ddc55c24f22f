//! Encoded words in header fields (RFC 2047), and parameters with charsets (RFC 2231), read as tolerantly as real mail needs.

use crate::text::charset;
use crate::transfer::{self, hex_pair};
use memchr::memmem;

/// One `=?charset?encoding?text?=`, its octets decoded.
struct EncodedWord<'a> {
    charset: &'a [u8],
    octets: Vec<u8>,
    rest: &'a [u8],
}

/// Decodes all encoded words of an unfolded value. Raw 8-bit text is UTF-8, or Windows-1252 where it is not.
///
/// White space between two encoded words is dropped (RFC 2047 §6.2), and the octets of neighbours in one charset are joined
/// before they are decoded, because senders cut inside characters. Words are also decoded where RFC 2047 §5 forbids them (in
/// quoted strings, without white space around them): senders put them there.
pub fn decode(value: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = value;
    let mut run = Run::default();
    while let Some(start) = memmem::find(rest, b"=?") {
        let (before, from) = rest.split_at_checked(start).unwrap_or((rest, &[]));
        let Some(word) = encoded_word(from) else {
            let (skipped, after) = rest.split_at_checked(start + 2).unwrap_or((rest, &[]));
            run.plain(skipped, &mut text);
            rest = after;
            continue;
        };
        if !before.iter().all(u8::is_ascii_whitespace) || run.is_empty() {
            run.plain(before, &mut text);
        }
        run.word(&word, &mut text);
        rest = word.rest;
    }
    run.plain(rest, &mut text);
    run.flush(&mut text);
    text
}

/// Encoded words of one charset that follow each other.
#[derive(Default)]
struct Run<'a> {
    charset: &'a [u8],
    octets: Vec<u8>,
    words: usize,
}

impl<'a> Run<'a> {
    fn is_empty(&self) -> bool {
        self.words == 0
    }

    fn word(&mut self, word: &EncodedWord<'a>, text: &mut String) {
        // A charset that switches sets begins each word anew (RFC 2047 §3), and joined its switches make decoders stumble.
        let switching = word.charset.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"iso-2022"));
        if switching || !self.charset.eq_ignore_ascii_case(word.charset) {
            self.flush(text);
            self.charset = word.charset;
        }
        self.octets.extend_from_slice(&word.octets);
        self.words += 1;
    }

    fn flush(&mut self, text: &mut String) {
        if !self.octets.is_empty() {
            text.push_str(&charset::decode(self.charset, &self.octets));
        }
        self.octets.clear();
    }

    fn plain(&mut self, octets: &[u8], text: &mut String) {
        if octets.is_empty() {
            return;
        }
        self.flush(text);
        self.words = 0;
        match std::str::from_utf8(octets) {
            Ok(plain) => text.push_str(plain),
            Err(_) => text.push_str(&charset::decode(b"", octets)),
        }
    }
}

/// Reads one encoded word at the beginning of `from`. Looks at each octet a bounded number of times: it stops at the first `?`
/// that does not fit.
fn encoded_word(from: &[u8]) -> Option<EncodedWord<'_>> {
    let (charset, rest) = until_question(from.get(2..)?)?;
    // A language may follow the charset (RFC 2231 §5).
    let charset = charset.split(|&octet| octet == b'*').next()?;
    if charset.is_empty() || charset.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let (encoding, rest) = until_question(rest)?;
    let (text, rest) = until_question(rest)?;
    let rest = rest.strip_prefix(b"=")?;
    let octets = match encoding {
        b"Q" | b"q" => decode_q(text),
        b"B" | b"b" => transfer::decode(transfer::Encoding::Base64, text),
        _ => return None,
    };
    Some(EncodedWord { charset, octets, rest })
}

fn until_question(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b'?', text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The "Q" encoding (RFC 2047 §4.2).
fn decode_q(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut octets = text;
    while let Some((&first, rest)) = octets.split_first() {
        octets = rest;
        match first {
            b'_' => out.push(b' '),
            b'=' => match hex_pair(rest) {
                Some(octet) => {
                    out.push(octet);
                    octets = rest.get(2..).unwrap_or_default();
                }
                None => out.push(b'='),
            },
            _ => out.push(first),
        }
    }
    out
}

/// Decodes the value of an extended parameter, `charset'language'percent-encoded` (RFC 2231 §4).
pub fn decode_extended(value: &[u8]) -> String {
    let mut pieces = value.splitn(3, |&octet| octet == b'\'');
    let (charset, text) = match (pieces.next(), pieces.next(), pieces.next()) {
        (Some(charset), Some(_language), Some(text)) => (charset, text),
        _ => (&b""[..], value),
    };
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, hex_pair(after)) {
            (b'%', Some(octet)) => {
                octets.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => octets.push(first),
        }
    }
    charset::decode(charset, &octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_rfc() {
        // RFC 2047 §8.
        let table = [
            ("(=?ISO-8859-1?Q?a?=)", "(a)"),
            ("(=?ISO-8859-1?Q?a?= b)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=)", "(ab)"),
            ("(=?ISO-8859-1?Q?a_b?=)", "(a b)"),
            ("(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"),
            ("=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"),
            (
                "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
                "If you can read this you understand the example.",
            ),
            // RFC 2231 §5.
            ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
        ];
        for (text, wanted) in table {
            assert_eq!(decode(text.as_bytes()), wanted, "{text}");
        }
    }

    #[test]
    fn words_of_real_mail() {
        let table: [(&[u8], &str); 12] = [
            (b"plain", "plain"),
            ("gr\u{fc}n".as_bytes(), "grün"),
            (b"gr\xfcn", "grün"),
            (b"=?utf-8?Q?gr=C3=BC?=n", "grün"),
            (b"=?utf-8?Q?with spaces?=", "with spaces"),
            (b"=?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "€"),
            (b"=?utf-8?B?4oKs", "=?utf-8?B?4oKs"),
            (b"=?x?= =?utf-8?q?a?=", "=?x?= a"),
            (b"=?utf-8?X?a?=", "=?utf-8?X?a?="),
            (b"=?utf-8?q??=", ""),
            (b"a =?utf-8?q?b?= c", "a b c"),
            (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本日本"),
        ];
        for (text, wanted) in table {
            assert_eq!(decode(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn extended_parameters() {
        assert_eq!(decode_extended(b"utf-8''%e2%82%ac%20rates"), "€ rates");
        assert_eq!(decode_extended(b"iso-8859-1'en'%A3%20rates"), "£ rates");
        assert_eq!(decode_extended(b"100% sure"), "100% sure");
    }
}
