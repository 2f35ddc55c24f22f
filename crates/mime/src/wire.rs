//! Strings as they go on the wire, in a form that rev1 and rev2 clients read alike.

use crate::header::unsigned;
use memchr::memchr;

/// Writes a `string` (RFC 9051 §4.3): quoted where 7-bit text allows it, else a literal.
///
/// NUL is in no `string` of the grammar (`CHAR8`), so NUL octets of a broken header are dropped.
pub(crate) fn string(out: &mut Vec<u8>, value: &[u8]) {
    let plain = value.iter().all(|&octet| matches!(octet, 1..=0x7f) && !matches!(octet, b'\r' | b'\n'));
    if plain {
        out.push(b'"');
        for &octet in value {
            if matches!(octet, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(octet);
        }
        out.push(b'"');
        return;
    }
    let len = value.iter().filter(|&&octet| octet != 0).count();
    out.push(b'{');
    number(out, unsigned(len));
    out.extend_from_slice(b"}\r\n");
    out.extend(value.iter().filter(|&&octet| octet != 0));
}

/// Writes an `nstring`: `NIL` for what is absent (RFC 9051 §9).
pub(crate) fn nstring(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(value) => string(out, value),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Writes a number in decimal.
pub(crate) fn number(out: &mut Vec<u8>, mut value: u64) {
    let start = out.len();
    loop {
        out.push(b'0' + (value % 10) as u8);
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// How many members a list has: `None` if the octets are not one list, whole, of strings, `NIL`, numbers and lists.
pub(crate) fn members(list: &[u8]) -> Option<usize> {
    let mut rest = list.strip_prefix(b"(")?;
    let (mut depth, mut members) = (1, 0);
    loop {
        let (&first, after) = rest.split_first()?;
        if depth == 1 && !matches!(first, b' ' | b')') {
            members += 1;
        }
        rest = match first {
            b'(' => {
                depth += 1;
                after
            }
            b')' if depth == 1 => return after.is_empty().then_some(members),
            b')' => {
                depth -= 1;
                after
            }
            b' ' => after,
            b'"' => behind_quoted(after)?,
            b'{' => behind_literal(after)?,
            _ if first.is_ascii_alphanumeric() => behind_atom(after),
            _ => return None,
        };
    }
}

fn behind_atom(text: &[u8]) -> &[u8] {
    let len = text.iter().take_while(|octet| octet.is_ascii_alphanumeric()).count();
    text.get(len..).unwrap_or_default()
}

fn behind_quoted(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    loop {
        rest = match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'"' | b'\\', after @ ..] => after,
            [b'\\' | b'\r' | b'\n' | 0 | 0x80.., ..] | [] => return None,
            [_, after @ ..] => after,
        };
    }
}

fn behind_literal(text: &[u8]) -> Option<&[u8]> {
    let end = memchr(b'}', text)?;
    let (digits, rest) = text.split_at_checked(end)?;
    let len = std::str::from_utf8(digits).ok()?.parse::<usize>().ok()?;
    let (value, rest) = rest.strip_prefix(b"}\r\n")?.split_at_checked(len)?;
    memchr(0, value).is_none().then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &[u8]) -> String {
        let mut out = Vec::new();
        string(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_quoted_where_they_can_be() {
        assert_eq!(written(b"plain"), "\"plain\"");
        assert_eq!(written(b""), "\"\"");
        assert_eq!(written(br#"a "b" \c"#), r#""a \"b\" \\c""#);
        assert_eq!(written("grün".as_bytes()), "{5}\r\ngrün");
        assert_eq!(written(b"a\0b"), "{2}\r\nab");
        assert_eq!(written(b"a\r\nb"), "{4}\r\na\r\nb");
    }

    #[test]
    fn numbers_are_decimal() {
        for value in [0, 7, 10, 4_294_967_296, u64::MAX] {
            let mut out = Vec::new();
            number(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }

    #[test]
    fn lists_have_members_or_cannot_be_parsed() {
        let table: [(&[u8], Option<usize>); 12] = [
            (b"()", Some(0)),
            (b"(NIL 12 \"a b\" (NIL NIL)(NIL))", Some(5)),
            (b"({3}\r\n)\"( NIL)", Some(2)),
            (br#"("\"" "\\")"#, Some(2)),
            (b"", None),
            (b"NIL", None),
            (b"(NIL", None),
            (b"(NIL))", None),
            (b"(\"a\r\nb\")", None),
            (b"(\"gr\xc3\xbcn\")", None),
            (b"({4}\r\nabc)", None),
            (br#"("\a")"#, None),
        ];
        for (list, wanted) in table {
            assert_eq!(members(list), wanted, "{}", list.escape_ascii());
        }
    }
}
