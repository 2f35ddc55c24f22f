//! Flags as STORE and APPEND name them (RFC 9051 §2.3.2).

use crate::cursor::{Cursor, Found};
use crate::{Fault, Flag, Keyword};

/// The most flags of one list.
const MAX_FLAGS: usize = 1000;

/// `flag-list`
pub(super) fn flag_list(c: &mut Cursor<'_>) -> Found<Vec<Flag>> {
    let mut flags = Vec::new();
    c.list(|c| take_flag(c, &mut flags))?;
    Ok(flags)
}

/// `flag`. `\Recent` is read and dropped: clients send back what they were told, and cannot set it (RFC 3501 §2.3.2).
pub(super) fn take_flag(c: &mut Cursor<'_>, flags: &mut Vec<Flag>) -> Found<()> {
    if flags.len() >= MAX_FLAGS {
        return Err(Fault::TooMuch("flags"));
    }
    let at = c.at();
    let flag = if c.eats(b'\\') {
        match c.atom()?.to_ascii_uppercase().as_str() {
            "ANSWERED" => Flag::Answered,
            "FLAGGED" => Flag::Flagged,
            "DELETED" => Flag::Deleted,
            "SEEN" => Flag::Seen,
            "DRAFT" => Flag::Draft,
            "RECENT" => return Ok(()),
            _ => {
                c.back_to(at);
                return Err(Fault::Unknown("system flag"));
            }
        }
    } else {
        Flag::Keyword(Keyword::new(c.atom()?).ok_or(Fault::TooMuch("a keyword's letters"))?)
    };
    if !flags.contains(&flag) {
        flags.push(flag);
    }
    Ok(())
}
