//! APPEND (RFC 9051 §6.3.12; RFC 3502 MULTIAPPEND; RFC 3516, RFC 6855 literals).
//!
//! A message's octets never become part of a [`Command`](super::Command): the frame hands over what stands before
//! them, and then the octets in pieces. So [`parse`](super::parse) reads an APPEND up to and with the announcement of its first message,
//! and [`AppendNext::parse`] reads what stands behind each message.

use super::flags::{Recent, flag_list};
use super::{Command, ParseError};
use crate::cursor::{Cursor, Found};
use crate::{Fault, Flag, InternalDate, MailboxName};

/// APPEND, up to the octets of its first message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Append {
    /// Where to.
    pub mailbox: MailboxName,
    /// The first message.
    pub message: AppendMessage,
}

/// What an APPEND says of a message ahead of its octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AppendMessage {
    /// Its flags.
    pub flags: Vec<Flag>,
    /// Its INTERNALDATE, if not the time of arrival.
    pub date: Option<InternalDate>,
    /// How the octets are given.
    pub form: MessageForm,
    /// How many octets follow.
    pub len: u64,
}

/// How a message's octets are given in APPEND.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MessageForm {
    /// `{n}`
    Literal,
    /// `~{n}` (RFC 3516 §4.4): may have NULs.
    Literal8,
    /// `UTF8 (~{n}` (RFC 6855 §4): a `)` follows the octets.
    Utf8,
}

/// What stands behind a message's octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AppendNext {
    /// One more message (RFC 3502).
    Message(AppendMessage),
    /// The command's end.
    End,
}

impl AppendNext {
    /// Reads what stands behind the octets of a message that was given in `form`: the head of the next one, or the
    /// tail of the command, as [`Event`](crate::Event) has them.
    pub fn parse(bytes: &[u8], form: MessageForm) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(bytes);
        append_next(&mut cursor, form).map_err(|fault| ParseError { tag: None, at: cursor.at(), fault })
    }
}

fn append_next(c: &mut Cursor<'_>, form: MessageForm) -> Found<AppendNext> {
    if form == MessageForm::Utf8 {
        c.skip_spaces();
        c.expect(b')', "a closing parenthesis")?;
    }
    let at = c.at();
    c.skip_spaces();
    if c.is_at_end() {
        return Ok(AppendNext::End);
    }
    c.back_to(at);
    let message = append_message(c)?;
    c.end()?;
    Ok(AppendNext::Message(message))
}

/// `append`, up to and with the announcement of its first message.
pub(super) fn append(c: &mut Cursor<'_>) -> Found<Command> {
    c.space()?;
    mailbox_and_message(c).map(Command::Append)
}

/// `mailbox append-message`
pub(super) fn mailbox_and_message(c: &mut Cursor<'_>) -> Found<Append> {
    let mailbox = c.mailbox()?;
    let message = append_message(c)?;
    Ok(Append { mailbox, message })
}

/// `append-message` (RFC 3502 §6.3.11, RFC 4466 §3), without its octets.
fn append_message(c: &mut Cursor<'_>) -> Found<AppendMessage> {
    c.space()?;
    let mut flags = Vec::new();
    if c.peek() == Some(b'(') {
        flags = flag_list(c, Recent::Refused)?;
        c.space()?;
    }
    let mut date = None;
    if c.peek() == Some(b'"') {
        let text = c.quoted()?;
        date = Some(InternalDate::parse(&text).ok_or(Fault::Expected("a date and time"))?);
        c.space()?;
    }
    let mut form = MessageForm::Literal;
    if c.literally(b"UTF8").is_some() {
        form = MessageForm::Utf8;
        c.skip_spaces();
        c.expect(b'(', "an opening parenthesis")?;
        c.skip_spaces();
    }
    if c.eats(b'~') && form == MessageForm::Literal {
        form = MessageForm::Literal8;
    }
    let len = announcement(c)?;
    Ok(AppendMessage { flags, date, form, len })
}

/// `"{" number64 ["+"] "}"`
fn announcement(c: &mut Cursor<'_>) -> Found<u64> {
    c.expect(b'{', "a literal")?;
    let len = c.number64()?;
    let _sync = c.eats(b'+') || c.eats(b'-');
    c.expect(b'}', "a closing brace")?;
    Ok(len)
}

/// Whether the literal that these bytes end with is a message, and not an argument, like a mailbox name. Of what is
/// no APPEND or REPLACE, however broken, none is.
pub(crate) fn announces_message(head: &[u8]) -> bool {
    let mut cursor = Cursor::new(head);
    reads_up_to_mailbox(&mut cursor).is_some() && !cursor.is_at_end()
}

fn reads_up_to_mailbox(c: &mut Cursor<'_>) -> Option<()> {
    c.skip_spaces();
    super::tag(c).ok()?;
    c.space().ok()?;
    let mut verb = c.word().ok()?;
    if verb.eq_ignore_ascii_case("UID") {
        c.space().ok()?;
        verb = c.word().ok()?;
    }
    c.space().ok()?;
    if verb.eq_ignore_ascii_case("REPLACE") {
        super::set::sequence_set(c).ok()?;
        c.space().ok()?;
    } else if !verb.eq_ignore_ascii_case("APPEND") {
        return None;
    }
    // If the mailbox's name is the announced literal, its octets are missing.
    c.astring().ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_message_is_a_message() {
        for (head, expected) in [
            ("a APPEND x {5}", true),
            ("a append x (\\Seen) \"17-Jul-1996 02:44:25 -0700\" {5+}", true),
            ("a APPEND {1}\r\nx {5}", true),
            ("a APPEND x UTF8 (~{5}", true),
            ("a REPLACE 4 x {5}", true),
            ("a UID REPLACE 4 x ~{5}", true),
            ("a APPEND {5}", false),
            ("a APPEND {5+}", false),
            ("a REPLACE 4 {5}", false),
            ("a REPLACE {5}", false),
            ("a LOGIN x {5}", false),
            ("a UID FETCH x {5}", false),
            ("a APPEND (x {5}", false),
            ("a APPEND \"x {5}", false),
            ("{5}", false),
            ("", false),
        ] {
            assert_eq!(announces_message(head.as_bytes()), expected, "{head}");
        }
    }

    #[test]
    fn what_follows_a_message() {
        let plain =
            |flags, len| Ok(AppendNext::Message(AppendMessage { flags, date: None, form: MessageForm::Literal, len }));
        let parse = |text: &str, form| AppendNext::parse(text.as_bytes(), form).map_err(|e| e.fault);
        assert_eq!(parse("", MessageForm::Literal), Ok(AppendNext::End));
        assert_eq!(parse("  ", MessageForm::Literal8), Ok(AppendNext::End));
        assert_eq!(parse(")", MessageForm::Utf8), Ok(AppendNext::End));
        assert_eq!(parse(" {7}", MessageForm::Literal), plain(vec![], 7));
        assert_eq!(parse(") (\\Seen) {7+}", MessageForm::Utf8), plain(vec![Flag::Seen], 7));
        assert!(parse("", MessageForm::Utf8).is_err());
        assert!(parse(")", MessageForm::Literal).is_err());
        assert!(parse("{7}", MessageForm::Literal).is_err());
        assert!(parse(" {7} x", MessageForm::Literal).is_err());
        assert!(parse(" x", MessageForm::Literal).is_err());
    }
}
