//! Command lines out of octets that come in pieces (RFC 5321 §2.3.8).

use crate::limits;

/// A line under way.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    /// Whether the line has grown too long, so that its rest is thrown away.
    overlong: bool,
}

/// A line that is complete.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Without its CR LF.
    Whole(Vec<u8>),
    /// It ends with a bare LF, or has a CR elsewhere. Acting on it could mean to act on what another server takes for
    /// something else.
    Bare,
    /// It was longer than [`limits::LINE`].
    TooLong,
}

impl Lines {
    /// Takes octets up to the end of a line: how many they are, and the line if it is complete.
    pub(crate) fn push(&mut self, input: &[u8]) -> (usize, Option<Line>) {
        let end = memchr::memchr(b'\n', input);
        let taken = end.map_or(input.len(), |at| at + 1);
        let piece = input.get(..taken).unwrap_or(input);
        if self.line.len() + piece.len() > limits::LINE {
            self.overlong = true;
            self.line = Vec::new();
        }
        if !self.overlong {
            self.line.extend(piece);
        }
        (taken, end.map(|_| self.complete()))
    }

    fn complete(&mut self) -> Line {
        if std::mem::take(&mut self.overlong) {
            return Line::TooLong;
        }
        let mut line = std::mem::take(&mut self.line);
        match line.strip_suffix(b"\r\n") {
            Some(text) if memchr::memchr(b'\r', text).is_none() => {
                line.truncate(line.len() - 2);
                Line::Whole(line)
            }
            _ => Line::Bare,
        }
    }

    /// Gives a line's memory back for the next one.
    pub(crate) fn reuse(&mut self, mut line: Vec<u8>) {
        if self.line.capacity() == 0 && line.capacity() <= 128 {
            line.clear();
            self.line = line;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], cut: usize) -> Vec<Line> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for mut piece in [&input[..cut], &input[cut..]] {
            while !piece.is_empty() {
                let (taken, line) = lines.push(piece);
                found.extend(line);
                piece = &piece[taken..];
            }
        }
        found
    }

    #[test]
    fn lines_end_with_cr_lf_only() {
        let long = [&vec![b'x'; limits::LINE - 1][..], b"\r\n"].concat();
        let longest = [&vec![b'x'; limits::LINE - 2][..], b"\r\n"].concat();
        let table: &[(&[u8], Vec<Line>)] = &[
            (b"a\r\n\r\nb", vec![Line::Whole(b"a".to_vec()), Line::Whole(b"".to_vec())]),
            (b"a\nb\r\n", vec![Line::Bare, Line::Whole(b"b".to_vec())]),
            (b"a\rb\r\nc\r\n", vec![Line::Bare, Line::Whole(b"c".to_vec())]),
            (b"a\r\r\n", vec![Line::Bare]),
            (&long, vec![Line::TooLong]),
            (&longest, vec![Line::Whole(vec![b'x'; limits::LINE - 2])]),
        ];
        for (input, expected) in table {
            for cut in 0..=input.len() {
                assert_eq!(&lines(input, cut), expected);
            }
        }
    }
}
