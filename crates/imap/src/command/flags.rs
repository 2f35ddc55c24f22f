//! Flags as STORE and APPEND name them (RFC 9051 §2.3.2).

use crate::cursor::{Cursor, Found};
use crate::{Fault, Flag, Keyword};

/// The most flags of one list.
const MAX_FLAGS: usize = 1000;

/// What becomes of `\Recent`, which no client can set (RFC 3501 §2.3.2).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Recent {
    /// It is read and dropped: clients store again what they were told.
    Dropped,
    /// It is no flag of the grammar (RFC 3501 §9, `flag`).
    Refused,
}

/// `flag-list`
pub(super) fn flag_list(c: &mut Cursor<'_>, recent: Recent) -> Found<Vec<Flag>> {
    let mut flags = Vec::new();
    c.list(|c| take_flag(c, &mut flags, recent))?;
    Ok(flags)
}

/// `flag`
pub(super) fn take_flag(c: &mut Cursor<'_>, flags: &mut Vec<Flag>, recent: Recent) -> Found<()> {
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
            "RECENT" if recent == Recent::Dropped => return Ok(()),
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
