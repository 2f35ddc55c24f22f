//! ID (RFC 2971): what a client says of itself.

use super::Command;
use crate::Fault;
use crate::cursor::{Cursor, Found};

/// The most fields of an ID: RFC 2971 §3.3 allows 30.
const MAX_FIELDS: usize = 60;

/// `id` (RFC 2971 §4)
pub(super) fn id(c: &mut Cursor<'_>) -> Found<Command> {
    let mut fields = Vec::new();
    // Some send no parameter at all, and some NIL as a string.
    if c.is_at_end() {
        return Ok(Command::Id(fields));
    }
    c.space()?;
    if c.peek() == Some(b'(') {
        c.list(|c| {
            if fields.len() >= MAX_FIELDS {
                return Err(Fault::TooMuch("ID fields"));
            }
            let name = c.astring()?.into_owned();
            c.space()?;
            let value = c.nstring()?.map(std::borrow::Cow::into_owned);
            fields.push((name, value));
            Ok(())
        })?;
    } else if c.nstring()?.is_some_and(|text| !text.eq_ignore_ascii_case(b"NIL")) {
        return Err(Fault::Expected("a list or NIL"));
    }
    Ok(Command::Id(fields))
}
