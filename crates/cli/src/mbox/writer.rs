//! Writes a message into an mbox so that [`super::reader`] reads the same octets again.
//!
//! Lines that begin with `From `, after any number of `>`, get one more `>` (mboxrd). A message whose lines all end with
//! CR LF is written with bare LFs, as programs expect; any other as it is, and its separator ends with CR LF to say so.

use std::io::{self, Write};

use account::Flags;
use imap::InternalDate;
use memchr::{memchr, memchr_iter};

use super::{from_line, status};

/// How a message's lines end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// All with CR LF.
    CrLf,
    /// In some other way.
    Mixed,
}

/// Finds out how the lines of a message end that comes in pieces.
#[derive(Debug)]
pub(crate) struct EndsOf {
    last: u8,
    ends: Ends,
}

impl EndsOf {
    pub(crate) fn new() -> Self {
        Self { last: 0, ends: Ends::CrLf }
    }

    pub(crate) fn push(&mut self, octets: &[u8]) {
        let before = |at: usize| at.checked_sub(1).map_or(self.last, |at| octets.get(at).copied().unwrap_or(0));
        let bare_lf = memchr_iter(b'\n', octets).any(|at| before(at) != b'\r');
        let bare_cr = memchr_iter(b'\r', octets).any(|at| octets.get(at + 1).is_some_and(|after| *after != b'\n'));
        let cut_cr = self.last == b'\r' && octets.first().is_some_and(|first| *first != b'\n');
        if bare_lf || bare_cr || cut_cr {
            self.ends = Ends::Mixed;
        }
        self.last = octets.last().copied().unwrap_or(self.last);
    }

    /// A message that ends within a line is mixed, too, unless it is written as it is and a line end is added.
    pub(crate) fn finish(self) -> Ends {
        if self.last == b'\r' { Ends::Mixed } else { self.ends }
    }
}

/// A message being written.
pub(crate) struct Writer<'a, W> {
    out: &'a mut W,
    ends: Ends,
    /// What is still to be put at the end of the header.
    fields: Option<String>,
    /// The line under way, up to what is needed to know whether it is quoted.
    line: Vec<u8>,
    at_line_start: bool,
}

impl<'a, W: Write> Writer<'a, W> {
    /// Writes the separator.
    pub(crate) fn new(out: &'a mut W, at: InternalDate, flags: &Flags, ends: Ends) -> io::Result<Self> {
        let line_end = if ends == Ends::CrLf { "\n" } else { "\r\n" };
        write!(out, "{}{line_end}", from_line::write(at))?;
        let fields = status::write(flags).replace('\n', line_end);
        Ok(Self { out, ends, fields: Some(fields), line: Vec::new(), at_line_start: true })
    }

    /// Writes a message's octets.
    pub(crate) fn push(&mut self, octets: &[u8]) -> io::Result<()> {
        let mut rest = octets;
        while !rest.is_empty() {
            let end = memchr(b'\n', rest).map(|at| at + 1);
            let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after;
            self.line.extend_from_slice(piece);
            // A long line is passed on in pieces, but a CR waits for what comes after it.
            if end.is_some() || (self.line.len() >= 64 * 1024 && !self.line.ends_with(b"\r")) {
                self.write_line()?;
            }
        }
        Ok(())
    }

    fn write_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        if self.at_line_start {
            if self.fields.is_some() && matches!(line.as_slice(), b"\n" | b"\r\n") {
                self.write_fields()?;
            }
            let arrows = line.iter().take_while(|byte| **byte == b'>').count();
            if self.fields.is_none() && line.get(arrows..).is_some_and(|rest| rest.starts_with(b"From ")) {
                self.out.write_all(b">")?;
            }
        }
        self.at_line_start = line.ends_with(b"\n");
        match line.strip_suffix(b"\r\n") {
            Some(text) if self.ends == Ends::CrLf => {
                self.out.write_all(text)?;
                self.out.write_all(b"\n")
            }
            _ => self.out.write_all(&line),
        }
    }

    fn write_fields(&mut self) -> io::Result<()> {
        match self.fields.take() {
            Some(fields) => self.out.write_all(fields.as_bytes()),
            None => Ok(()),
        }
    }

    /// Ends the message with the empty line that the next separator needs.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            self.write_line()?;
        }
        let line_end: &[u8] = if self.ends == Ends::CrLf { b"\n" } else { b"\r\n" };
        if !self.at_line_start {
            self.out.write_all(line_end)?;
        }
        // A message that is all header.
        self.write_fields()?;
        self.out.write_all(line_end)
    }
}

#[cfg(test)]
mod tests {
    use imap::Keyword;

    use super::super::reader::{Fidelity, Quoting, Reader};
    use super::*;

    fn ends(text: &[u8], cut: usize) -> Ends {
        let mut ends = EndsOf::new();
        ends.push(&text[..cut]);
        ends.push(&text[cut..]);
        ends.finish()
    }

    #[test]
    fn line_ends_are_told_wherever_the_pieces_are_cut() {
        for (text, expected) in [
            (&b"a\r\nb\r\n"[..], Ends::CrLf),
            (b"a\r\nb", Ends::CrLf),
            (b"a\nb\r\n", Ends::Mixed),
            (b"a\rb\r\n", Ends::Mixed),
            (b"a\r\r\n", Ends::Mixed),
            (b"a\r", Ends::Mixed),
            (b"", Ends::CrLf),
        ] {
            for cut in 0..=text.len() {
                assert_eq!(ends(text, cut), expected, "{} at {cut}", text.escape_ascii());
            }
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let flags = Flags::new(account::SystemFlags::SEEN, Keyword::new("k").into_iter().collect());
        let at = InternalDate::new(1_795_633_266, 0);
        let messages: [&[u8]; 7] = [
            b"A: b\r\n\r\nFrom x\r\n>From y\r\nFromage\r\n\r\n",
            b"A: b\r\n\r\nbare\nFrom x\nCR\rhere\r\n",
            b"A: b\r\n\r\n",
            b"A: b\r\n\r\n\r\n",
            b"\r\nno header\r\n",
            b"A: b\n\nLF\n",
            b"A: b\r\n\r\nCR\r\r\n",
        ];
        let mut file = Vec::new();
        for message in messages {
            let mut writer = Writer::new(&mut file, at, &flags, ends(message, 0)).unwrap();
            for piece in message.chunks(3) {
                writer.push(piece).unwrap();
            }
            writer.finish().unwrap();
        }
        let mut reader = Reader::new(&file[..], Quoting::Mboxrd, Fidelity::Mail).unwrap().unwrap();
        for message in messages {
            let mut octets = Vec::new();
            let mut sink = |some: &[u8]| {
                octets.extend_from_slice(some);
                Ok(())
            };
            let read = reader.next(&mut sink).unwrap().unwrap();
            assert_eq!(octets.escape_ascii().to_string(), message.escape_ascii().to_string());
            assert_eq!((read.date, read.flags), (Some(at), flags.clone()));
        }
        assert!(reader.next(&mut |_| Ok(())).unwrap().is_none());
    }
}
