//! Strings in responses (RFC 9051 §4.3, §9).

use super::number;
use crate::cursor::is_atom_char;
use crate::{MailboxName, NameForm};

/// The longest text that is written as a quoted string; longer ones go as literals, which clients read faster and
/// with fewer limits.
const LONGEST_QUOTED: usize = 1000;

/// Writes octets as an `nstring`: `NIL` for none, else as [`string`].
pub fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Writes octets as a `string` that every client reads: quoted if they are 7-bit and short, else a literal.
pub fn string(out: &mut Vec<u8>, text: &[u8]) {
    let quotable =
        text.len() <= LONGEST_QUOTED && text.iter().all(|b| matches!(b, 1..=0x7f) && !matches!(b, b'\r' | b'\n'));
    if quotable {
        quoted_octets(out, text);
    } else {
        literal(out, text);
    }
}

/// Writes octets as an `astring`: an atom if they are one and could not be taken for `NIL`.
pub fn astring(out: &mut Vec<u8>, text: &[u8]) {
    let plain = !text.is_empty() && text.iter().all(|b| is_atom_char(*b)) && !text.eq_ignore_ascii_case(b"NIL");
    if plain {
        out.extend_from_slice(text);
    } else {
        string(out, text);
    }
}

/// Writes text as a quoted string. Beyond ASCII it is for clients that enabled UTF-8 only (RFC 9051 §4.3,
/// RFC 6855 §3). CR, LF and NUL, which it cannot have, are left out.
pub fn quoted(out: &mut Vec<u8>, text: &str) {
    quoted_octets(out, text.as_bytes());
}

fn quoted_octets(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            0 | b'\r' | b'\n' => {}
            _ => out.push(*byte),
        }
    }
    out.push(b'"');
}

/// Writes octets as a literal. They should have no NUL (RFC 9051 §9 `CHAR8`); whoever writes a message's own octets
/// uses [`literal_head`] and says what it does about them.
pub fn literal(out: &mut Vec<u8>, octets: &[u8]) {
    literal_head(out, octets.len() as u64);
    out.extend_from_slice(octets);
}

/// Writes `{n}` and the line end after it; the octets are the caller's to write.
pub fn literal_head(out: &mut Vec<u8>, len: u64) {
    out.push(b'{');
    number(out, len);
    out.extend_from_slice(b"}\r\n");
}

/// Writes `~{n}` and the line end after it (RFC 3516 §4.4); the octets are the caller's to write.
pub fn literal8_head(out: &mut Vec<u8>, len: u64) {
    out.push(b'~');
    literal_head(out, len);
}

/// Writes a mailbox's name in the connection's form (RFC 9051 §5.1).
pub fn mailbox(out: &mut Vec<u8>, name: &MailboxName, form: NameForm) {
    let text = name.as_str();
    match form {
        NameForm::Utf7 if needs_mutf7(text) => astring(out, name.to_mutf7().as_bytes()),
        NameForm::Utf8 if !text.is_ascii() => quoted(out, text),
        _ => astring(out, text.as_bytes()),
    }
}

fn needs_mutf7(text: &str) -> bool {
    text.bytes().any(|b| b == b'&' || !b.is_ascii())
}

/// Writes free text for people (RFC 9051 §9 `text`): what it cannot have becomes a space, and empty text a `.`.
pub(crate) fn human(out: &mut Vec<u8>, text: &str) {
    if text.is_empty() {
        out.push(b'.');
    }
    out.extend(text.bytes().map(|b| if matches!(b, b' '..=b'~') { b } else { b' ' }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_take_the_simplest_form_that_holds_them() {
        for (text, expected) in [
            ("", "\"\""),
            ("abc", "\"abc\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("a\r\nb", "{4}\r\na\r\nb"),
            ("ü", "{2}\r\nü"),
        ] {
            assert_eq!(written(|out| string(out, text.as_bytes())), expected);
        }
        let long = "x".repeat(1001);
        assert_eq!(written(|out| string(out, long.as_bytes())), format!("{{1001}}\r\n{long}"));
        for (text, expected) in [("", "\"\""), ("abc", "abc"), ("nil", "\"nil\""), ("a b", "\"a b\""), ("a]", "\"a]\"")]
        {
            assert_eq!(written(|out| astring(out, text.as_bytes())), expected);
        }
        assert_eq!(written(|out| nstring(out, None)), "NIL");
        assert_eq!(written(|out| nstring(out, Some(b"NIL"))), "\"NIL\"");
        assert_eq!(written(|out| quoted(out, "ü\0\r\n")), "\"ü\"");
        assert_eq!(written(|out| literal8_head(out, 5)), "~{5}\r\n");
        assert_eq!(written(|out| human(out, "a\r\n* BYE ü")), "a  * BYE   ");
        assert_eq!(written(|out| human(out, "")), ".");
    }

    #[test]
    fn names_follow_the_form() {
        for (name, utf7, utf8) in [
            ("inbox", "INBOX", "INBOX"),
            ("Sent Mail", "\"Sent Mail\"", "\"Sent Mail\""),
            ("Entwürfe", "Entw&APw-rfe", "\"Entwürfe\""),
            ("R&D", "R&-D", "R&D"),
            ("a\"b", "\"a\\\"b\"", "\"a\\\"b\""),
        ] {
            let name = MailboxName::new(name).unwrap();
            assert_eq!(written(|out| mailbox(out, &name, NameForm::Utf7)), utf7);
            assert_eq!(written(|out| mailbox(out, &name, NameForm::Utf8)), utf8);
        }
    }
}
