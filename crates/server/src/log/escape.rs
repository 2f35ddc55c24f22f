//! Characters that would make a terminal or an editor show another line than the one that was written.

use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes lines with such characters as `\u…`, which is what JSON calls them too.
pub(super) struct Escaped<W>(pub(super) W);

impl<W: Write> Write for Escaped<W> {
    /// Takes all that it is given: the log hands over whole lines.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.contains(misleads) => {
                let mut escaped = String::with_capacity(text.len() + 32);
                for char in text.chars() {
                    if misleads(char) {
                        let _infallible = write!(escaped, "\\u{:04x}", u32::from(char));
                    } else {
                        escaped.push(char);
                    }
                }
                self.0.write_all(escaped.as_bytes())?;
            }
            _ => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// DEL and the C1 controls, line ends of Unicode, and what turns the direction of writing (UAX #9 §2).
fn misleads(char: char) -> bool {
    matches!(char, '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
