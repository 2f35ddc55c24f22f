//! Reads an mbox of any size, message by message, a piece at a time.
//!
//! A message begins after a line that begins with `From `, stands at the start of the file or after an empty line, and
//! has a date (unless the file's first one has none). The empty line before it belongs to neither message. What is
//! changed in a message: `>From ` loses a `>` by the quoting that was asked for; the fields that hold flags go; and where
//! its `From ` line ends with a bare LF, lines that end so get a CR: a message has CR LF (RFC 5322 §2.1), files do not.

use std::io::{BufRead, Read};

use account::Flags;
use anyhow::{Result, bail};
use imap::InternalDate;

use super::from_line;
use super::status::{Fate, Status};

/// The most of a line that is looked at in one piece.
const PIECE: u64 = 64 * 1024;

/// How lines that begin with `From ` were written into the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Quoting {
    /// `>From ` is `From `, `>>From ` is `>From `, and so on
    Mboxrd,
    /// `>From ` is `From `, and `>>From ` is itself
    Mboxo,
    /// Every line is as it is
    None,
}

/// What is done to a message's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fidelity {
    /// Bare LFs become CR LF, fields that hold flags are taken out.
    Mail,
    /// The octets stay.
    Raw,
}

/// An mbox under way.
pub(crate) struct Reader<R> {
    input: R,
    quoting: Quoting,
    fidelity: Fidelity,
    /// The piece that comes next: a line, or a part of a long one.
    piece: Vec<u8>,
    /// Whether the separators of this file have dates.
    dated: bool,
}

/// A message, after its octets have been given away.
#[derive(Debug)]
pub(crate) struct Message {
    /// From the separator.
    pub(crate) date: Option<InternalDate>,
    pub(crate) flags: Flags,
}

/// What becomes of bare LFs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnds {
    /// They stay.
    Kept,
    /// They become CR LF.
    Mended,
}

/// What a message's lines have been so far.
struct Lines<'a> {
    sink: &'a mut dyn FnMut(&[u8]) -> Result<()>,
    out: Vec<u8>,
    status: Status,
    fate: Fate,
    in_header: bool,
    at_line_start: bool,
    ends: LineEnds,
    last: u8,
}

impl<R: BufRead> Reader<R> {
    /// `None` for an empty file; an error for one that is no mbox.
    pub(crate) fn new(input: R, quoting: Quoting, fidelity: Fidelity) -> Result<Option<Self>> {
        let mut reader = Self { input, quoting, fidelity, piece: Vec::new(), dated: true };
        while reader.advance()? && is_blank(&reader.piece) {}
        if reader.piece.is_empty() {
            return Ok(None);
        }
        if !reader.piece.starts_with(b"From ") {
            bail!("it is no mbox: its first line does not begin with \"From \"");
        }
        reader.dated = from_line::date(&String::from_utf8_lossy(&reader.piece)).is_some();
        Ok(Some(reader))
    }

    /// Reads the next piece; whether there is one.
    fn advance(&mut self) -> Result<bool> {
        self.piece.clear();
        Ok((&mut self.input).take(PIECE).read_until(b'\n', &mut self.piece)? > 0)
    }

    /// Reads the next message; its octets go to `sink`. `None` at the end of the file.
    pub(crate) fn next(&mut self, sink: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<Option<Message>> {
        if self.piece.is_empty() {
            return Ok(None);
        }
        let date = from_line::date(&String::from_utf8_lossy(&self.piece));
        let kept = self.fidelity == Fidelity::Raw || self.piece.ends_with(b"\r\n");
        let ends = if kept { LineEnds::Kept } else { LineEnds::Mended };
        // The rest of a separator that is longer than a piece.
        while !self.piece.ends_with(b"\n") && self.advance()? {}
        let mut lines = Lines::new(sink, ends);
        let mut blank = Vec::new();
        while self.advance()? {
            if lines.at_line_start && !blank.is_empty() && self.is_separator() {
                break;
            }
            if !blank.is_empty() {
                lines.line(&blank, self)?;
                blank.clear();
            }
            if lines.at_line_start && is_blank(&self.piece) {
                blank.extend_from_slice(&self.piece);
            } else {
                lines.line(&self.piece, self)?;
            }
        }
        // A header without a body ends with its empty line all the same.
        if lines.in_header && !blank.is_empty() {
            lines.line(&blank, self)?;
        }
        Ok(Some(Message { date, flags: lines.finish()? }))
    }

    fn is_separator(&self) -> bool {
        self.piece.starts_with(b"From ")
            && (!self.dated || from_line::date(&String::from_utf8_lossy(&self.piece)).is_some())
    }
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

impl<'a> Lines<'a> {
    fn new(sink: &'a mut dyn FnMut(&[u8]) -> Result<()>, ends: LineEnds) -> Self {
        Self {
            sink,
            out: Vec::new(),
            status: Status::default(),
            fate: Fate::Kept,
            in_header: true,
            at_line_start: true,
            ends,
            last: 0,
        }
    }

    fn line<R>(&mut self, piece: &[u8], reader: &Reader<R>) -> Result<()> {
        if self.at_line_start {
            self.begin(piece, reader.fidelity);
        }
        let quoted = self.at_line_start && !self.in_header && is_quoted(piece, reader.quoting);
        self.at_line_start = piece.ends_with(b"\n");
        if self.fate == Fate::Taken {
            return Ok(());
        }
        let text = piece.get(usize::from(quoted)..).unwrap_or_default();
        match text.strip_suffix(b"\n") {
            Some(text) if self.ends == LineEnds::Mended => {
                let before = text.last().copied().unwrap_or(self.last);
                self.out.extend_from_slice(text);
                self.out.extend_from_slice(if before == b'\r' { b"\n" } else { b"\r\n" });
                self.last = b'\n';
            }
            _ => {
                self.out.extend_from_slice(text);
                self.last = text.last().copied().unwrap_or(self.last);
            }
        }
        if self.out.len() as u64 >= PIECE {
            (self.sink)(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }

    /// At the start of a line: which part of the message it belongs to, and whether it stays.
    fn begin(&mut self, line: &[u8], fidelity: Fidelity) {
        if !self.in_header {
            return;
        }
        if is_blank(line) {
            self.in_header = false;
            self.fate = Fate::Kept;
        } else if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let fate = self.status.field(line);
            self.fate = if fidelity == Fidelity::Raw { Fate::Kept } else { fate };
        }
    }

    fn finish(self) -> Result<Flags> {
        if !self.out.is_empty() {
            (self.sink)(&self.out)?;
        }
        Ok(self.status.flags())
    }
}

/// Whether a line has a `>` that is not its own.
fn is_quoted(line: &[u8], quoting: Quoting) -> bool {
    let arrows = line.iter().take_while(|byte| **byte == b'>').count();
    let from = line.get(arrows..).is_some_and(|rest| rest.starts_with(b"From "));
    match quoting {
        Quoting::Mboxrd => from && arrows >= 1,
        Quoting::Mboxo => from && arrows == 1,
        Quoting::None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], quoting: Quoting, fidelity: Fidelity) -> Vec<(Vec<u8>, Option<i64>, Flags)> {
        let mut found = Vec::new();
        let Some(mut reader) = Reader::new(text, quoting, fidelity).unwrap() else { return found };
        loop {
            let mut octets = Vec::new();
            let mut sink = |some: &[u8]| {
                octets.extend_from_slice(some);
                Ok(())
            };
            let Some(read) = reader.next(&mut sink).unwrap() else { return found };
            found.push((octets, read.date.map(InternalDate::seconds), read.flags));
        }
    }

    fn octets(text: &[u8], quoting: Quoting, fidelity: Fidelity) -> Vec<String> {
        read(text, quoting, fidelity).into_iter().map(|(octets, ..)| octets.escape_ascii().to_string()).collect()
    }

    const TWO: &[u8] = b"From a@b Wed Nov 25 19:01:06 2026\nSubject: 1\nStatus: RO\nX-Keywords: a\n  b\n\n>From x\n>>From y\n\nFrom me, later\n\n\nFrom - Wed Nov 25 19:01:07 2026\nSubject: 2\n\nlast";

    #[test]
    fn messages_are_told_apart_and_unquoted() {
        let found = octets(TWO, Quoting::Mboxrd, Fidelity::Mail);
        assert_eq!(
            found,
            [r"Subject: 1\r\n\r\nFrom x\r\n>From y\r\n\r\nFrom me, later\r\n\r\n", r"Subject: 2\r\n\r\nlast"]
        );
        let found = read(TWO, Quoting::Mboxrd, Fidelity::Mail);
        assert_eq!(found[0].1, Some(1_795_633_266));
        assert_eq!(found[1].1, Some(1_795_633_267));
        assert!(found[0].2.system.contains(account::SystemFlags::SEEN));
        assert!(octets(TWO, Quoting::Mboxo, Fidelity::Mail)[0].contains(r"\r\nFrom x\r\n>>From y\r\n"));
        assert!(octets(TWO, Quoting::None, Fidelity::Mail)[0].contains(r"\r\n>From x\r\n>>From y\r\n"));
    }

    #[test]
    fn raw_keeps_the_octets() {
        let found = octets(TWO, Quoting::None, Fidelity::Raw);
        assert!(found[0].starts_with(r"Subject: 1\nStatus: RO\nX-Keywords: a\n  b\n\n>From x\n"), "{}", found[0]);
    }

    #[test]
    fn a_file_with_cr_lf_is_kept() {
        let text = b"From a Wed Nov 25 19:01:06 2026\r\nA: b\r\n\r\nx\ny\r\n\r\n";
        assert_eq!(octets(text, Quoting::Mboxrd, Fidelity::Mail), [r"A: b\r\n\r\nx\ny\r\n"]);
    }

    #[test]
    fn long_lines_and_odd_ends() {
        let line = "x".repeat(100_000);
        let text = format!("\nFrom a\nA: b\n\n{line}\r\n{line}\n\nFrom c\n\nFrom d\nA: b\n\n");
        let found = octets(text.as_bytes(), Quoting::Mboxrd, Fidelity::Mail);
        assert_eq!(found, [format!(r"A: b\r\n\r\n{line}\r\n{line}\r\n"), r"\r\n".into(), r"A: b\r\n\r\n".into()]);
        // A CR that ends a piece, and the LF that begins the next one.
        let line = "x".repeat(65_535);
        let text = format!("From a\n\n{line}\r\n");
        assert_eq!(octets(text.as_bytes(), Quoting::Mboxrd, Fidelity::Mail), [format!(r"\r\n{line}\r\n")]);
    }

    #[test]
    fn what_is_no_mbox() {
        assert!(read(b"", Quoting::Mboxrd, Fidelity::Mail).is_empty());
        assert!(read(b"\n\n", Quoting::Mboxrd, Fidelity::Mail).is_empty());
        assert!(Reader::new(&b"Subject: x\n"[..], Quoting::Mboxrd, Fidelity::Mail).is_err());
    }
}
