//! A place in the bytes of a command, and the grammar's smallest rules (RFC 9051 §9).
//!
//! Rules are read more kindly than they are written, as real clients need it: several spaces count as one, words come
//! in any case, 8-bit octets may stand in atoms, and a backslash in a quoted string may stand before anything.

use std::borrow::Cow;

use crate::{Fault, MailboxName, NameForm};

/// What a rule found, or what was wrong where the cursor stands.
pub(crate) type Found<T> = Result<T, Fault>;

/// `ATOM-CHAR`: printable ASCII but `(){ %*"\]`.
pub(crate) const fn is_atom_char(b: u8) -> bool {
    matches!(b, 0x21..=0x7e) && !matches!(b, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// `ASTRING-CHAR`, and 8-bit octets, which some clients leave unquoted.
const fn is_astring_char(b: u8) -> bool {
    is_atom_char(b) || b == b']' || b >= 0x80
}

/// `list-char`, and 8-bit octets.
const fn is_list_char(b: u8) -> bool {
    is_astring_char(b) || matches!(b, b'*' | b'%')
}

/// A place in bytes. Reading moves it on; after a fault it stands at or after what was wrong.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    form: NameForm,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self::with_names(bytes, NameForm::Utf8)
    }

    /// With mailbox names in this form.
    pub(crate) fn with_names(bytes: &'a [u8], form: NameForm) -> Self {
        Self { bytes, at: 0, form }
    }

    /// The form of mailbox names.
    pub(crate) fn form(&self) -> NameForm {
        self.form
    }

    /// How many bytes lie behind.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Goes back to where the cursor was.
    pub(crate) fn back_to(&mut self, at: usize) {
        self.at = at.min(self.at);
    }

    /// What lies ahead.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn advance(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// The next `n` bytes, if there are as many.
    pub(crate) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let taken = self.rest().get(..n)?;
        self.at += n;
        Some(taken)
    }

    /// The bytes up to the first for which `keep` does not hold; may be none.
    pub(crate) fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let n = rest.iter().position(|b| !keep(*b)).unwrap_or(rest.len());
        self.at += n;
        rest.get(..n).unwrap_or_default()
    }

    /// These bytes, in any case of their letters.
    pub(crate) fn literally(&mut self, text: &[u8]) -> Option<()> {
        self.rest().get(..text.len()).filter(|t| t.eq_ignore_ascii_case(text))?;
        self.at += text.len();
        Some(())
    }

    /// Whether this byte stands here; moves over it.
    pub(crate) fn eats(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    /// This byte must stand here.
    pub(crate) fn expect(&mut self, byte: u8, name: &'static str) -> Found<()> {
        if self.eats(byte) { Ok(()) } else { Err(Fault::Expected(name)) }
    }

    /// Moves over spaces; none is fine.
    pub(crate) fn skip_spaces(&mut self) {
        self.take_while(|b| b == b' ');
    }

    /// `SP`: at least one space.
    pub(crate) fn space(&mut self) -> Found<()> {
        self.expect(b' ', "a space")?;
        self.skip_spaces();
        Ok(())
    }

    /// Nothing but spaces may follow.
    pub(crate) fn end(&mut self) -> Found<()> {
        self.skip_spaces();
        if self.is_at_end() { Ok(()) } else { Err(Fault::Expected("the end of the command")) }
    }

    /// `atom`
    pub(crate) fn atom(&mut self) -> Found<&'a str> {
        let atom = self.take_while(is_atom_char);
        if atom.is_empty() {
            return Err(Fault::Expected("an atom"));
        }
        std::str::from_utf8(atom).map_err(|_| Fault::Expected("an atom"))
    }

    /// The words that name things in commands: letters, digits, `.`, `-`, `=`, `_` and the like, but no brackets.
    pub(crate) fn word(&mut self) -> Found<&'a str> {
        let word = self.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        if word.is_empty() {
            return Err(Fault::Expected("a word"));
        }
        std::str::from_utf8(word).map_err(|_| Fault::Expected("a word"))
    }

    /// `astring`
    pub(crate) fn astring(&mut self) -> Found<Cow<'a, [u8]>> {
        self.string_or(is_astring_char, "a string")
    }

    /// `mailbox`
    pub(crate) fn mailbox(&mut self) -> Found<MailboxName> {
        let name = self.astring()?;
        MailboxName::from_wire(&name, self.form).map_err(Fault::Name)
    }

    /// `list-mailbox`
    pub(crate) fn list_mailbox(&mut self) -> Found<Cow<'a, [u8]>> {
        self.string_or(is_list_char, "a mailbox pattern")
    }

    fn string_or(&mut self, bare: impl Fn(u8) -> bool, name: &'static str) -> Found<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => self.literal().map(Cow::Borrowed),
            _ => match self.take_while(bare) {
                [] => Err(Fault::Expected(name)),
                text => Ok(Cow::Borrowed(text)),
            },
        }
    }

    /// `string`, and bare words as well.
    pub(crate) fn nstring(&mut self) -> Found<Option<Cow<'a, [u8]>>> {
        let bare = !matches!(self.peek(), Some(b'"' | b'{'));
        let text = self.astring()?;
        Ok(if bare && text.eq_ignore_ascii_case(b"NIL") { None } else { Some(text) })
    }

    /// `quoted`
    pub(crate) fn quoted(&mut self) -> Found<Cow<'a, [u8]>> {
        self.expect(b'"', "a quoted string")?;
        let plain = self.take_while(|b| !matches!(b, b'"' | b'\\' | b'\r' | b'\n'));
        if self.eats(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = plain.to_vec();
        loop {
            match self.advance() {
                Some(b'"') => return Ok(Cow::Owned(text)),
                Some(b'\\') => match self.advance() {
                    Some(escaped) if !matches!(escaped, b'\r' | b'\n') => text.push(escaped),
                    _ => return Err(Fault::Expected("an escaped character")),
                },
                Some(byte) if !matches!(byte, b'\r' | b'\n') => text.push(byte),
                _ => return Err(Fault::Expected("a closing quote")),
            }
        }
    }

    /// `literal`, its octets included.
    pub(crate) fn literal(&mut self) -> Found<&'a [u8]> {
        self.expect(b'{', "a literal")?;
        let len = self.number64()?;
        let _sync = self.eats(b'+') || self.eats(b'-');
        self.expect(b'}', "a closing brace")?;
        self.eats(b'\r');
        self.expect(b'\n', "a line end")?;
        let len = usize::try_from(len).map_err(|_| Fault::Number)?;
        self.take(len).ok_or(Fault::Expected("a literal's octets"))
    }

    /// `number64`: up to 2^63 - 1.
    pub(crate) fn number64(&mut self) -> Found<u64> {
        let digits = self.take_while(|b| b.is_ascii_digit());
        if digits.is_empty() {
            return Err(Fault::Expected("a number"));
        }
        let add = |n: u64, digit: &u8| n.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
        let n = digits.iter().try_fold(0, add).ok_or(Fault::Number)?;
        if n <= i64::MAX.unsigned_abs() { Ok(n) } else { Err(Fault::Number) }
    }

    /// `number`: up to 2^32 - 1.
    pub(crate) fn number(&mut self) -> Found<u32> {
        self.number64().and_then(|n| u32::try_from(n).map_err(|_| Fault::Number))
    }

    /// `nz-number`
    pub(crate) fn nz_number(&mut self) -> Found<std::num::NonZeroU32> {
        self.number().and_then(|n| std::num::NonZeroU32::new(n).ok_or(Fault::Number))
    }

    /// `"(" [item *(SP item)] ")"`: calls `item` for each. Spaces may stand anywhere between.
    pub(crate) fn list(&mut self, mut item: impl FnMut(&mut Self) -> Found<()>) -> Found<()> {
        self.expect(b'(', "an opening parenthesis")?;
        self.skip_spaces();
        while !self.eats(b')') {
            if self.is_at_end() {
                return Err(Fault::Expected("a closing parenthesis"));
            }
            item(self)?;
            if !matches!(self.peek(), Some(b')') | None) {
                self.space()?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn astring(text: &str) -> Found<String> {
        let mut cursor = Cursor::new(text.as_bytes());
        let found = cursor.astring()?;
        assert!(cursor.is_at_end());
        Ok(String::from_utf8(found.into_owned()).unwrap())
    }

    #[test]
    fn strings_in_all_forms() {
        for (bytes, text) in [
            ("abc]", "abc]"),
            ("\"\"", ""),
            ("\"a b\"", "a b"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            (r#""\a""#, "a"),
            ("{3}\r\na\r\n", "a\r\n"),
            ("{1+}\nx", "x"),
            ("{0}\r\n", ""),
            ("\"ü\"", "ü"),
            ("ü", "ü"),
        ] {
            assert_eq!(astring(bytes).as_deref(), Ok(text), "{bytes}");
        }
        for wrong in
            ["", "(", "\"a", "\"a\\", "\"a\nb\"", "{3}\r\nab", "{x}\r\n", "{3}ab", "{99999999999999999999}\r\n"]
        {
            assert!(Cursor::new(wrong.as_bytes()).astring().is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_checked() {
        let number = |text: &str| Cursor::new(text.as_bytes()).number64();
        assert_eq!(number("9223372036854775807"), Ok(i64::MAX.unsigned_abs()));
        for wrong in ["9223372036854775808", "18446744073709551616", "99999999999999999999999"] {
            assert_eq!(number(wrong), Err(Fault::Number), "{wrong}");
        }
        assert_eq!(Cursor::new(b"4294967295").number(), Ok(u32::MAX));
        assert_eq!(Cursor::new(b"4294967296").number(), Err(Fault::Number));
        assert_eq!(Cursor::new(b"0").nz_number(), Err(Fault::Number));
    }

    #[test]
    fn lists_allow_spaces_anywhere() {
        for (text, expected) in [("()", vec![]), ("( a  b )", vec!["a", "b"]), ("(a)", vec!["a"])] {
            let mut found = Vec::new();
            Cursor::new(text.as_bytes()).list(|c| c.atom().map(|a| found.push(a.to_owned()))).expect(text);
            assert_eq!(found, expected);
        }
        for wrong in ["", "(", "(a", "(a ", "(\"a\"b)"] {
            assert!(Cursor::new(wrong.as_bytes()).list(|c| c.astring().map(drop)).is_err(), "{wrong}");
        }
    }
}
