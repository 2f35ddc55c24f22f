//! Strings as they go on the wire, in a form that rev1 and rev2 clients read alike.

use crate::header::unsigned;

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
}
