//! Parameters of Content-Type and Content-Disposition (RFC 2045 §5.1, RFC 2183 §2, RFC 2231).

use crate::cursor::{Cursor, is_space};
use crate::transfer::hex_pair;

/// Name and value of a parameter, as BODYSTRUCTURE shows them.
pub(crate) type Param = (Vec<u8>, Vec<u8>);

/// Reads `*(";" parameter)` at the cursor, as tolerantly as real mail needs, with RFC 2231 continuations joined.
pub(crate) fn params(cursor: &mut Cursor<'_>, limit: usize) -> Vec<Param> {
    let mut found: Vec<Param> = Vec::new();
    while found.len() < limit {
        cursor.take_while(|octet| is_space(octet) || octet == b';');
        if cursor.eat(b'(') {
            cursor.comment(&mut Vec::new());
            continue;
        }
        let name = cursor.take_while(|octet| !is_space(octet) && !matches!(octet, b';' | b'=' | b'('));
        cursor.skip_cfws();
        if cursor.eat(b'=') {
            cursor.skip_cfws();
            let value = value(cursor);
            // The first of two with one name wins, as with duplicate fields.
            let known = || found.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
            if !name.is_empty() && !known() {
                found.push((name.to_vec(), value));
            }
        } else if cursor.is_empty() {
            break;
        }
    }
    join_continuations(found)
}

/// A value: quoted, or a token that may hold what it should not (`name=my file.txt`, `boundary=a/b=c`).
fn value(cursor: &mut Cursor<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    if cursor.eat(b'"') {
        cursor.quoted_string(&mut out);
        return out;
    }
    out.extend_from_slice(cursor.take_while(|octet| !is_space(octet) && octet != b';'));
    loop {
        let mut ahead = *cursor;
        ahead.skip_space();
        let word = ahead.take_while(|octet| !is_space(octet) && octet != b';');
        // Another parameter without its semicolon, or a comment: `charset=us-ascii (plain text)`.
        if word.is_empty() || word.starts_with(b"(") || word.contains(&b'=') {
            break;
        }
        out.push(b' ');
        out.extend_from_slice(word);
        *cursor = ahead;
    }
    out.retain(|&octet| octet != 0);
    out
}

/// Joins `name*0`, `name*1*`, ... into `name`, or into `name*` where a piece is extended (RFC 2231 §3, §4.1).
///
/// The value of `name*` keeps its form `charset'language'percent-encoded`, which is what clients decode.
fn join_continuations(found: Vec<Param>) -> Vec<Param> {
    let mut whole: Vec<Param> = Vec::new();
    let mut pieces: Vec<Piece> = Vec::new();
    for (name, value) in found {
        match split_continuation(&name) {
            Some((base, number, form)) => pieces.push(Piece { base, number, form, value }),
            None => whole.push((name, value)),
        }
    }
    // Stable, so that pieces of one name stand together in their order.
    pieces.sort_by(|a, b| a.base.cmp(&b.base).then(a.number.cmp(&b.number)));
    for group in pieces.chunk_by(|a, b| a.base == b.base) {
        let (name, value) = join(group);
        if !whole.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            whole.push((name, value));
        }
    }
    whole
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Extended,
}

struct Piece {
    base: Vec<u8>,
    number: u16,
    form: Form,
    value: Vec<u8>,
}

fn join(group: &[Piece]) -> Param {
    let extended = group.iter().any(|piece| piece.form == Form::Extended);
    let mut name = group.first().map(|piece| piece.base.clone()).unwrap_or_default();
    let mut value = Vec::new();
    if extended {
        name.push(b'*');
        if group.first().is_some_and(|piece| piece.form == Form::Plain) {
            // No charset was said: an empty one, so that the form stays `charset'language'text`.
            value.extend_from_slice(b"''");
        }
    }
    for piece in group {
        if extended && piece.form == Form::Plain {
            percent_encode(&piece.value, &mut value);
        } else {
            value.extend_from_slice(&piece.value);
        }
    }
    (name, value)
}

/// What an extended value says: `charset'language'percent-encoded` (RFC 2231 §4). What the server itself reads is ASCII, so the
/// charset does not matter.
pub(crate) fn extended(value: &[u8]) -> Vec<u8> {
    let mut rest = value.splitn(3, |octet| *octet == b'\'').nth(2).unwrap_or(value);
    let mut out = Vec::with_capacity(rest.len());
    while let Some((octet, after)) = rest.split_first() {
        let said = hex_pair(after).filter(|_| *octet == b'%');
        out.push(said.unwrap_or(*octet));
        rest = if said.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out
}

fn percent_encode(plain: &[u8], out: &mut Vec<u8>) {
    for &octet in plain {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_') {
            out.push(octet);
        } else {
            let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'A' + nibble - 10 };
            out.extend([b'%', digit(octet >> 4), digit(octet & 15)]);
        }
    }
}

/// `filename*3*` → (`filename`, 3, extended). A lone `filename*` is no continuation.
fn split_continuation(name: &[u8]) -> Option<(Vec<u8>, u16, Form)> {
    let (name, form) = match name.strip_suffix(b"*") {
        Some(name) => (name, Form::Extended),
        None => (name, Form::Plain),
    };
    let star = memchr::memchr(b'*', name)?;
    let digits = name.get(star + 1..)?;
    let number = std::str::from_utf8(digits).ok()?.parse::<u16>().ok()?;
    Some((name.get(..star)?.to_ascii_lowercase(), number, form))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let text_of = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let found = params(&mut Cursor::new(text.as_bytes()), 100);
        found.into_iter().map(|(name, value)| (text_of(name), text_of(value))).collect()
    }

    #[test]
    fn parameters_of_real_mail() {
        let table: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("; charset=utf-8; format=flowed;", &[("charset", "utf-8"), ("format", "flowed")]),
            (" ;charset = \"utf-8\"", &[("charset", "utf-8")]),
            ("; charset=us-ascii (Plain text)", &[("charset", "us-ascii")]),
            ("; (x=y) a=b", &[("a", "b")]),
            ("; name=my file.txt; a=b", &[("name", "my file.txt"), ("a", "b")]),
            ("; charset=utf-8 format=flowed", &[("charset", "utf-8"), ("format", "flowed")]),
            ("; boundary=----=_a/b=c", &[("boundary", "----=_a/b=c")]),
            ("; name=\"a\\\"b\\\\c\r\n d\"", &[("name", "a\"b\\c d")]),
            ("; name=\"open", &[("name", "open")]),
            ("; a=1; A=2", &[("a", "1")]),
            ("; junk; a=1", &[("a", "1")]),
            ("; =x; a=1", &[("a", "1")]),
            ("; a=", &[("a", "")]),
        ];
        for (text, wanted) in table {
            let wanted: Vec<_> = wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(read(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn continuations_are_joined() {
        let table: &[(&str, &str, &str)] = &[
            ("; filename*=utf-8''%E2%82%AC.txt", "filename*", "utf-8''%E2%82%AC.txt"),
            ("; URL*0=\"ftp://\"; URL*1=\"cs.edu\"", "url", "ftp://cs.edu"),
            ("; url*1=b; url*0=a", "url", "ab"),
            (
                "; t*0*=us-ascii'en'This%20is; t*1*=%20even; t*2=\" more!\"",
                "t*",
                "us-ascii'en'This%20is%20even%20more%21",
            ),
            ("; t*0=a; t*1*=%20", "t*", "''a%20"),
        ];
        for (text, name, value) in table {
            assert_eq!(read(text), [((*name).to_owned(), (*value).to_owned())], "{text:?}");
        }
    }

    #[test]
    fn extended_values_are_read() {
        let table: [(&str, &str); 5] = [
            ("us-ascii''b%20c", "b c"),
            ("us-ascii'en'windows-1251", "windows-1251"),
            ("''%3D%3d_%", "==_%"),
            ("no-quotes%2D", "no-quotes-"),
            ("a'b", "a'b"),
        ];
        for (value, wanted) in table {
            assert_eq!(String::from_utf8(extended(value.as_bytes())).unwrap(), wanted, "{value}");
        }
    }

    #[test]
    fn the_number_of_parameters_is_bounded() {
        let many = (0..1000).fold("; x".repeat(3), |many, n| format!("{many}; p{n}=v"));
        assert_eq!(read(&many).len(), 100);
    }
}
