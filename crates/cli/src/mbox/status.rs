//! The header fields in which programs keep a message's flags within an mbox.

use std::fmt::Write;

use account::{Flags, SystemFlags};
use imap::Keyword;

use crate::flags::both;

/// What the fields of one message say.
#[derive(Debug, Default)]
pub(crate) struct Status {
    system: SystemFlags,
    keywords: Vec<Keyword>,
}

/// What becomes of a header field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It belongs to the message.
    Kept,
    /// It is the mbox's own, not the message's: what it says is kept in flags.
    Taken,
}

impl Status {
    /// Looks at one header line.
    pub(crate) fn field(&mut self, line: &[u8]) -> Fate {
        let Some(colon) = memchr::memchr(b':', line) else { return Fate::Kept };
        let (name, value) = line.split_at(colon);
        let value = String::from_utf8_lossy(value.get(1..).unwrap_or_default());
        let value = value.trim();
        match name.to_ascii_lowercase().as_slice() {
            b"status" => self.letters(value, &[('R', SystemFlags::SEEN)]),
            b"x-status" => {
                let letters = [
                    ('A', SystemFlags::ANSWERED),
                    ('F', SystemFlags::FLAGGED),
                    ('D', SystemFlags::DELETED),
                    ('T', SystemFlags::DRAFT),
                ];
                self.letters(value, &letters);
            }
            b"x-keywords" => self.keywords.extend(value.split_ascii_whitespace().filter_map(Keyword::new)),
            b"x-uid" | b"x-imap" | b"x-imapbase" => {}
            // Thunderbird keeps its fields within the message for ever, and so do we.
            b"x-mozilla-status" => {
                self.mozilla(value);
                return Fate::Kept;
            }
            b"x-mozilla-keys" => {
                self.keywords.extend(value.split_ascii_whitespace().filter_map(Keyword::new));
                return Fate::Kept;
            }
            _ => return Fate::Kept,
        }
        Fate::Taken
    }

    fn letters(&mut self, value: &str, known: &[(char, SystemFlags)]) {
        for (letter, flag) in known {
            if value.contains(*letter) {
                self.system = both(self.system, *flag);
            }
        }
    }

    /// Bits in hexadecimal.
    fn mozilla(&mut self, value: &str) {
        let Ok(bits) = u32::from_str_radix(value, 16) else { return };
        for (bit, flag) in [
            (0x0001, SystemFlags::SEEN),
            (0x0002, SystemFlags::ANSWERED),
            (0x0004, SystemFlags::FLAGGED),
            (0x0008, SystemFlags::DELETED),
        ] {
            if bits & bit != 0 {
                self.system = both(self.system, flag);
            }
        }
        if bits & 0x1000 != 0 {
            self.keywords.extend(Keyword::new("$Forwarded"));
        }
    }

    pub(crate) fn flags(self) -> Flags {
        Flags::new(self.system, self.keywords)
    }
}

/// The fields that say these flags, each line with a bare LF.
pub(crate) fn write(flags: &Flags) -> String {
    let has = |flag| flags.system.contains(flag);
    let mut text = format!("Status: {}O\n", if has(SystemFlags::SEEN) { "R" } else { "" });
    let letters: String = [
        ('A', SystemFlags::ANSWERED),
        ('F', SystemFlags::FLAGGED),
        ('D', SystemFlags::DELETED),
        ('T', SystemFlags::DRAFT),
    ]
    .into_iter()
    .filter_map(|(letter, flag)| has(flag).then_some(letter))
    .collect();
    // Writing into a string cannot fail.
    if !letters.is_empty() {
        let _ = writeln!(text, "X-Status: {letters}");
    }
    if !flags.keywords().is_empty() {
        let words: Vec<_> = flags.keywords().iter().map(Keyword::as_str).collect();
        let _ = writeln!(text, "X-Keywords: {}", words.join(" "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let system = both(both(SystemFlags::SEEN, SystemFlags::DRAFT), SystemFlags::ANSWERED);
        let flags = Flags::new(system, ["b", "$a"].into_iter().filter_map(Keyword::new).collect());
        let text = write(&flags);
        assert_eq!(text, "Status: RO\nX-Status: AT\nX-Keywords: $a b\n");
        let mut status = Status::default();
        for line in text.lines() {
            assert_eq!(status.field(line.as_bytes()), Fate::Taken);
        }
        assert_eq!(status.flags(), flags);
        assert_eq!(write(&Flags::default()), "Status: O\n");
    }

    #[test]
    fn thunderbirds_fields_are_read_and_kept() {
        let mut status = Status::default();
        assert_eq!(status.field(b"X-Mozilla-Status: 1005\r\n"), Fate::Kept);
        assert_eq!(status.field(b"X-Mozilla-Keys: $label1        \n"), Fate::Kept);
        assert_eq!(status.field(b"Subject: Status: R\n"), Fate::Kept);
        let keywords = ["$Forwarded", "$label1"].into_iter().filter_map(Keyword::new).collect();
        assert_eq!(status.flags(), Flags::new(both(SystemFlags::SEEN, SystemFlags::FLAGGED), keywords));
    }
}
