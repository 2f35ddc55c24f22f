//! Message identifiers in the form in which THREAD compares them (RFC 5256 §3, RFC 5322 §3.6.4).

use crate::cursor::{Cursor, is_space};

/// Reads the identifiers of Message-ID, In-Reply-To or References: what stands in `<...>`, without quoting, comments and white space.
///
/// Text around them is skipped: obsolete In-Reply-To holds phrases (RFC 5322 §4.5.4). An identifier without `@` is taken too:
/// it is unique enough to join a thread, which is all that it is for.
pub(crate) fn ids(value: &[u8]) -> Ids<'_> {
    Ids { cursor: Cursor::new(value) }
}

pub(crate) struct Ids<'a> {
    cursor: Cursor<'a>,
}

impl Iterator for Ids<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            self.cursor.take_while(|octet| octet != b'<');
            if !self.cursor.eat(b'<') {
                return None;
            }
            if let Some(id) = self.id() {
                return Some(id);
            }
        }
    }
}

impl Ids<'_> {
    /// After `<`. An unclosed identifier is none.
    fn id(&mut self) -> Option<Vec<u8>> {
        let mut id = Vec::new();
        loop {
            let octet = self.cursor.peek()?;
            // `<a@b <c@d>`: the first one is broken, the second is not.
            if octet == b'<' {
                return None;
            }
            self.cursor.next();
            match octet {
                b'>' => return Some(id).filter(|id| !id.is_empty()),
                b'"' => self.cursor.quoted_string(&mut id),
                b'(' => self.cursor.comment(&mut Vec::new()),
                0 => {}
                _ if is_space(octet) => {}
                _ => id.push(octet),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_normalised() {
        let table: [(&str, &[&str]); 9] = [
            ("<a@b>", &["a@b"]),
            ("<\"01KF8JCEOCBS0045PS\"@xxx.yyy.com>", &["01KF8JCEOCBS0045PS@xxx.yyy.com"]),
            ("<a@b>\r\n <c@d><e@f>", &["a@b", "c@d", "e@f"]),
            ("Your message of today <a@b> (x <y>)", &["a@b", "y"]),
            ("<a @ b>", &["a@b"]),
            ("<a@b <c@d>", &["c@d"]),
            ("<> <a>", &["a"]),
            ("<open", &[]),
            ("a@b", &[]),
        ];
        for (text, wanted) in table {
            let found: Vec<_> = ids(text.as_bytes()).map(|id| String::from_utf8(id).unwrap()).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
