//! A place in a byte string that only moves forward: what keeps every parser here linear.

/// The octets that are still to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many octets are still to be read: a place in the text, counted from its end.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Steps over `wanted` if it is next.
    pub(crate) fn eat(&mut self, wanted: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == wanted => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let len = self.rest.iter().position(|&octet| !accept(octet)).unwrap_or(self.rest.len());
        self.take(len)
    }

    /// The next octets, at most so many.
    pub(crate) fn take(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(most).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// White space of a folded header: SP, TAB, CR, LF.
    pub(crate) fn skip_space(&mut self) {
        self.take_while(is_space);
    }

    /// Reads a quoted string whose opening quote was just read; an unclosed one ends where the text ends.
    /// `quoted-pair` loses its backslash, folding its line end (RFC 5322 §3.2.4).
    pub(crate) fn quoted_string(&mut self, out: &mut Vec<u8>) {
        while let Some(octet) = self.next() {
            match octet {
                b'"' => return,
                b'\\' => out.extend(self.next()),
                b'\r' | b'\n' | 0 => {}
                _ => out.push(octet),
            }
        }
    }

    /// Reads a comment whose opening parenthesis was just read, and gives its text (RFC 5322 §3.2.2).
    /// Nested comments are counted, not recursed into.
    pub(crate) fn comment(&mut self, out: &mut Vec<u8>) {
        let mut depth = 1_usize;
        while let Some(octet) = self.next() {
            match octet {
                b'(' => depth += 1,
                b')' if depth == 1 => return,
                b')' => depth -= 1,
                b'\\' => {
                    out.extend(self.next());
                    continue;
                }
                b'\r' | b'\n' | 0 => continue,
                _ => {}
            }
            out.push(octet);
        }
    }

    /// Steps over white space and comments (`CFWS`, RFC 5322 §3.2.2).
    pub(crate) fn skip_cfws(&mut self) {
        loop {
            self.skip_space();
            if !self.eat(b'(') {
                return;
            }
            self.comment(&mut Vec::new());
        }
    }
}

/// White space as it stands in a field that may be folded.
pub(crate) fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}
