//! What a session and its client say to each other, written to the log on request (`posthorn transcript ACCOUNT on`).
//!
//! One event a line. Literals are counted, not shown: they are mail, or passwords. What LOGIN and AUTHENTICATE carry
//! is masked, whichever way it is written, and so is every line that is no command: a tag or a mechanism that was forgotten
//! puts a password where nobody looks for one.

use std::fmt::Write as _;
use std::sync::Arc;

use tracing::info;

use crate::link::Link;
use crate::log::Address;

/// The longest line shown.
const LONGEST: usize = 2048;

/// How much of a line's end is looked at for a literal.
const TAIL: usize = 32;

/// What stands for what is not shown.
const HIDDEN: &str = "<hidden>";

/// Names that may stand after AUTHENTICATE; anything else there may be a password.
const MECHANISMS: [&str; 10] = [
    "PLAIN",
    "LOGIN",
    "EXTERNAL",
    "OAUTHBEARER",
    "XOAUTH2",
    "CRAM-MD5",
    "GSSAPI",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
];

/// Writes down one session.
pub(crate) struct Scribe {
    link: Arc<Link>,
    client: Lines,
    server: Lines,
    hiding: Hiding,
}

/// What is not to be seen of what comes next.
#[derive(Debug, Default)]
struct Hiding {
    client: Hidden,
    /// Lines that were no commands, and have no answer yet: it may repeat what they said.
    wrong: usize,
}

/// What the client says that is not to be seen.
#[derive(Debug, Default, PartialEq, Eq)]
enum Hidden {
    #[default]
    Nothing,
    /// Nothing of a command that goes on after a literal.
    NothingOfTheRest,
    /// The rest of a LOGIN, or of what is no command, which goes on after a literal.
    TheRest,
    /// The exchange of the AUTHENTICATE with this tag, until its tagged answer.
    Exchange(String),
}

impl Scribe {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self { link, client: Lines::default(), server: Lines::default(), hiding: Hiding::default() }
    }

    /// The client sent this.
    pub(crate) fn client_said(&mut self, bytes: &[u8]) {
        let (link, hiding) = (&self.link, &mut self.hiding);
        self.client.push(bytes, |line| write(link, "client", &hiding.client_line(line)));
    }

    /// The client was sent this.
    pub(crate) fn server_said(&mut self, bytes: &[u8]) {
        let (link, hiding) = (&self.link, &mut self.hiding);
        self.server.push(bytes, |line| write(link, "server", &hiding.server_line(line)));
    }
}

fn write(link: &Link, who: &'static str, line: &str) {
    let account = link.login().map(|login| &*login.name);
    info!(target: "transcript", address = %Address(link.address), session = link.id, account, who, line);
}

impl Hiding {
    fn client_line(&mut self, line: &Line) -> String {
        let rest = |rest| if line.literal.is_some() { rest } else { Hidden::Nothing };
        match &self.client {
            Hidden::Nothing => {}
            Hidden::Exchange(_) => return HIDDEN.to_owned(),
            Hidden::TheRest => {
                self.client = rest(Hidden::TheRest);
                return HIDDEN.to_owned();
            }
            Hidden::NothingOfTheRest => {
                self.client = rest(Hidden::NothingOfTheRest);
                return line.shown();
            }
        }
        let text = line.text();
        let mut words = text.split_ascii_whitespace();
        let (tag, command) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if command.eq_ignore_ascii_case("AUTHENTICATE") {
            self.client = Hidden::Exchange(tag.to_owned());
            let mechanism = words.next().filter(|name| MECHANISMS.iter().any(|known| known.eq_ignore_ascii_case(name)));
            return format!("{tag} {command} {}{HIDDEN}", mechanism.map(|name| format!("{name} ")).unwrap_or_default());
        }
        if command.eq_ignore_ascii_case("LOGIN") {
            self.client = rest(Hidden::TheRest);
            return format!("{tag} {command} {HIDDEN}");
        }
        if imap::command::is_name(command) || tag.is_empty() || text.eq_ignore_ascii_case("DONE") {
            self.client = rest(Hidden::NothingOfTheRest);
            return line.shown();
        }
        self.client = rest(Hidden::TheRest);
        self.wrong += 1;
        format!("{HIDDEN} (no command)")
    }

    fn server_line(&mut self, line: &Line) -> String {
        let text = line.text();
        if let Hidden::Exchange(tag) = &self.client {
            if text.split(' ').next() == Some(tag) {
                self.client = Hidden::Nothing;
            } else if text.starts_with('+') {
                return format!("+ {HIDDEN}");
            }
        }
        if self.wrong > 0 && text.split(' ').nth(1) == Some("BAD") {
            self.wrong -= 1;
            return format!("{HIDDEN} BAD {HIDDEN}");
        }
        line.shown()
    }
}

/// A line, without its end.
struct Line<'a> {
    bytes: &'a [u8],
    /// Octets of it that were too many to keep.
    left_out: usize,
    /// The literal that follows it.
    literal: Option<u64>,
}

impl Line<'_> {
    fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.bytes)
    }

    fn shown(&self) -> String {
        let mut shown = self.text().into_owned();
        if self.left_out > 0 {
            let _infallible = write!(shown, "… <{} octets more>", self.left_out);
        }
        if let Some(octets) = self.literal {
            let _infallible = write!(shown, " <{octets} octets>");
        }
        shown
    }
}

/// Cuts octets that come in any pieces into lines and literals.
#[derive(Default)]
struct Lines {
    kept: Vec<u8>,
    left_out: usize,
    /// The last octets of a line that was too long: they may announce a literal.
    tail: Vec<u8>,
    literal: u64,
}

impl Lines {
    fn push(&mut self, mut bytes: &[u8], mut each: impl FnMut(&Line)) {
        while !bytes.is_empty() {
            if self.literal > 0 {
                let skipped = bytes.len().min(usize::try_from(self.literal).unwrap_or(usize::MAX));
                self.literal -= skipped as u64;
                bytes = &bytes[skipped..];
                continue;
            }
            let end = memchr_newline(bytes);
            let piece = &bytes[..end.unwrap_or(bytes.len())];
            let room = LONGEST.saturating_sub(self.kept.len()).min(piece.len());
            self.kept.extend_from_slice(&piece[..room]);
            self.left_out += piece.len() - room;
            self.tail.extend_from_slice(&piece[piece.len() - piece.len().min(TAIL)..]);
            self.tail.drain(..self.tail.len().saturating_sub(TAIL));
            if end.is_none() {
                return;
            }
            bytes = &bytes[piece.len() + 1..];
            let literal = literal(&self.tail);
            let whole = self.kept.strip_suffix(b"\r").unwrap_or(&self.kept);
            each(&Line { bytes: whole, left_out: self.left_out, literal });
            self.literal = literal.unwrap_or(0);
            self.left_out = 0;
            (self.kept, self.tail) = (Vec::new(), Vec::new());
        }
    }
}

fn memchr_newline(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|b| *b == b'\n')
}

/// The literal that a line announces at its end: `{5}`, `{5+}`, `{5-}`.
fn literal(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let inner = line.strip_suffix(b"}")?;
    let inner = inner.strip_suffix(b"+").or_else(|| inner.strip_suffix(b"-")).unwrap_or(inner);
    let open = inner.iter().rposition(|b| *b == b'{')?;
    std::str::from_utf8(&inner[open + 1..]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written when the client and the server say these in turn, in pieces of each size.
    fn written(said: &[(char, &str)]) -> Vec<String> {
        let mut all: Vec<Vec<String>> = (1..20)
            .map(|size| {
                let (mut client, mut server, mut hiding) = (Lines::default(), Lines::default(), Hiding::default());
                let mut out = Vec::new();
                for (who, text) in said {
                    for piece in text.as_bytes().chunks(size) {
                        match who {
                            'C' => client.push(piece, |line| out.push(hiding.client_line(line))),
                            _ => server.push(piece, |line| out.push(hiding.server_line(line))),
                        }
                    }
                }
                out
            })
            .collect();
        let first = all.swap_remove(0);
        assert!(all.iter().all(|other| *other == first), "the pieces do not matter");
        first
    }

    #[test]
    fn login_is_masked_in_each_of_its_forms() {
        assert_eq!(written(&[('C', "a LOGIN anna secret\r\n")]), ["a LOGIN <hidden>"]);
        assert_eq!(written(&[('C', "a login \"anna\" \"secret\"\n")]), ["a login <hidden>"]);
        let literals = "a LOGIN {4+}\r\nanna {6+}\r\nsecret\r\nb NOOP\r\n";
        assert_eq!(written(&[('C', literals)]), ["a LOGIN <hidden>", "<hidden>", "<hidden>", "b NOOP"]);
    }

    #[test]
    fn what_is_no_command_is_masked() {
        let lines = [
            "LOGIN anna secret",
            "anna secret",
            "AGFubmEAc2VjcmV0",
            "a LOGN anna secret",
            "a LOGIN\u{a0}anna secret",
            "AUTHENTICATE PLAIN AGFubmEAc2VjcmV0",
            "a AUTHENTICATE AGFubmEAc2VjcmV0",
            "LOGIN {4+}\r\nanna secret",
        ];
        for line in lines {
            let shown = written(&[('C', &format!("{line}\r\n"))]).join("\n");
            assert!(!shown.contains("secret") && !shown.contains("AGF") && !shown.contains("anna"), "{shown}");
        }
        let said = [('C', "anna secret\r\na NOOP x\r\n"), ('S', "anna BAD No SECRET here\r\na BAD Not so\r\n")];
        let expected = ["<hidden> (no command)", "a NOOP x", "<hidden> BAD <hidden>", "a BAD Not so"];
        assert_eq!(written(&said), expected);
        let shown = "a IDLE\r\nDONE\r\n\r\nb uid search SUBJECT {1}\r\nx NOT SEEN\r\nc LOGOUT\r\n";
        let expected = ["a IDLE", "DONE", "", "b uid search SUBJECT {1} <1 octets>", " NOT SEEN", "c LOGOUT"];
        assert_eq!(written(&[('C', shown)]), expected);
    }

    #[test]
    fn an_exchange_is_masked_until_its_tagged_answer() {
        let said = [
            ('C', "a AUTHENTICATE PLAIN\r\n"),
            ('S', "+ \r\n"),
            ('C', "AGFubmEAc2VjcmV0\r\n"),
            ('S', "* CAPABILITY IMAP4rev2\r\na OK Welcome\r\n"),
            ('C', "b NOOP\r\n"),
        ];
        let expected = [
            "a AUTHENTICATE PLAIN <hidden>",
            "+ <hidden>",
            "<hidden>",
            "* CAPABILITY IMAP4rev2",
            "a OK Welcome",
            "b NOOP",
        ];
        assert_eq!(written(&said), expected);
        assert_eq!(written(&[('C', "a AUTHENTICATE PLAIN AGFubmEAc2VjcmV0\r\n")]), ["a AUTHENTICATE PLAIN <hidden>"]);
    }

    #[test]
    fn literals_are_counted_and_long_lines_cut() {
        let said = [('C', "a APPEND INBOX {12}\r\n"), ('S', "+ Go on\r\n"), ('C', "From: x\r\n\r\ny\r\n")];
        assert_eq!(written(&said), ["a APPEND INBOX {12} <12 octets>", "+ Go on", ""]);
        let long = format!("a SEARCH {} {{3}}\r\nabc\r\nb NOOP\r\n", "x".repeat(5000));
        let lines = written(&[('C', &long)]);
        assert!(lines[0].len() < 2200 && lines[0].ends_with(" octets more> <3 octets>"), "{}", lines[0]);
        assert_eq!(lines[1..], ["", "b NOOP"]);
    }
}
