//! Where the scanner is: in the message, and in the header block that it reads.

use crate::header::unsigned;
use crate::limits::Limits;

/// Where in the message the scanner is.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Octets and line ends before the one that is looked at next.
    pub(crate) offset: u64,
    pub(crate) lines: u64,
    /// The last two octets before `offset`.
    pub(crate) last: [u8; 2],
    /// Where the current line begins, and the length of the line end before it.
    pub(crate) line_start: u64,
    pub(crate) line_end: u64,
    /// The first octets of the current line, as far as a boundary could reach.
    pub(crate) head: Vec<u8>,
}

/// The header block that is being read.
#[derive(Debug)]
pub(crate) struct Block {
    /// As far as the limits keep it.
    pub(crate) octets: Vec<u8>,
    /// How much of `octets` stands before the current line.
    pub(crate) before_line: usize,
    /// How many more octets the limits keep, here and in the whole message.
    pub(crate) room: usize,
    pub(crate) left: usize,
    pub(crate) cut: Cut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    No,
    Yes,
}

impl Place {
    /// Steps over octets; gives the last of them.
    pub(crate) fn advance(&mut self, taken: &[u8]) -> Option<u8> {
        match taken {
            [] => return None,
            [last] => self.last = [self.last[1], *last],
            [.., before, last] => self.last = [*before, *last],
        }
        self.offset += unsigned(taken.len());
        taken.last().copied()
    }

    /// The line has ended, and its line end was stepped over.
    pub(crate) fn next_line(&mut self) {
        self.lines += 1;
        self.line_end = if self.last[0] == b'\r' { 2 } else { 1 };
        self.line_start = self.offset;
        self.head.clear();
    }

    /// Whether the line that has ended is empty.
    pub(crate) fn is_blank(&self) -> bool {
        let len = self.offset - self.line_start;
        len == 1 || (len == 2 && self.last[0] == b'\r')
    }
}

impl Block {
    pub(crate) fn begin(&mut self, limits: &Limits) {
        self.left = self.left.saturating_sub(self.octets.len());
        self.octets.clear();
        self.before_line = 0;
        self.room = limits.header_block.min(self.left);
        self.cut = Cut::No;
    }

    pub(crate) fn push(&mut self, line: &[u8]) {
        match line.get(..self.room.saturating_sub(self.octets.len())) {
            Some(kept) if kept.len() < line.len() => {
                self.octets.extend_from_slice(kept);
                self.cut = Cut::Yes;
            }
            _ => self.octets.extend_from_slice(line),
        }
    }
}
