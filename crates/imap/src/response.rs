//! Responses to bytes: each function appends one response, or a part of one, to a buffer.

mod code;
mod fetch;
mod mailbox;
mod number;
mod search;
mod server;
mod status_line;
mod text;

pub use code::{Code, NewKeywords};
pub use fetch::{FetchLine, NString, Rfc822};
pub use mailbox::{
    Attribute, Gone, ListLine, ListWord, StatusValue, exists, expunge, flags, list, list_separator, recent, status,
    vanished,
};
pub use number::number;
pub use search::{Esearch, SearchLine, esearch, esearch_end};
pub use server::{capability, enabled, id, namespace};
pub use status_line::{Condition, continuation, tagged, untagged};
pub use text::{astring, literal, literal_head, literal8_head, mailbox, nstring, quoted, string};

/// Ends a response that was written in parts.
pub fn line_end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

/// Writes words with spaces between them.
pub(crate) fn words<'a>(out: &mut Vec<u8>, words: impl IntoIterator<Item = &'a str>) {
    for (i, word) in words.into_iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word.as_bytes());
    }
}
