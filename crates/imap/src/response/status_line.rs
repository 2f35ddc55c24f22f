//! Status responses, greetings and continuation requests (RFC 9051 §7.1, §7.6).

use super::{Code, text::human};
use crate::Tag;

/// The word of a status response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// `OK`
    Ok,
    /// `NO`
    No,
    /// `BAD`
    Bad,
    /// `BYE`: untagged only.
    Bye,
    /// `PREAUTH`: as greeting only.
    PreAuth,
}

impl Condition {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::No => "NO",
            Self::Bad => "BAD",
            Self::Bye => "BYE",
            Self::PreAuth => "PREAUTH",
        }
    }
}

/// Writes a command's last response.
pub fn tagged(out: &mut Vec<u8>, tag: &Tag, condition: Condition, code: Option<&Code>, text: &str) {
    out.extend_from_slice(tag.as_str().as_bytes());
    status(out, condition, code, text);
}

/// Writes a status response without a tag: `* OK ...`.
pub fn untagged(out: &mut Vec<u8>, condition: Condition, code: Option<&Code>, text: &str) {
    out.push(b'*');
    status(out, condition, code, text);
}

fn status(out: &mut Vec<u8>, condition: Condition, code: Option<&Code>, text: &str) {
    out.push(b' ');
    out.extend_from_slice(condition.as_str().as_bytes());
    out.push(b' ');
    if let Some(code) = code {
        code.write_to(out);
        out.push(b' ');
    } else if text.starts_with('[') {
        // Else the text would be read as a code.
        out.push(b'.');
    }
    human(out, text);
    out.extend_from_slice(b"\r\n");
}

/// Writes `+ text`: the client is to go on. For AUTHENTICATE the text is base64 and may be empty (RFC 9051 §6.2.2).
pub fn continuation(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(b"+ ");
    if !text.is_empty() {
        human(out, text);
    }
    out.extend_from_slice(b"\r\n");
}
