//! APPEND (RFC 9051 §6.3.12; RFC 3502 MULTIAPPEND; RFC 3516, RFC 6855 literals).
//!
//! A message's octets never become part of a [`Command`](super::Command): the frame hands over what stands before
//! them, and then the octets in pieces. So [`parse`](super::parse) reads an APPEND up to and with the announcement of its first message,
//! and [`AppendNext::parse`] reads what stands behind each message.

use crate::{Flag, InternalDate, MailboxName};

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
