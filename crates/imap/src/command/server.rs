//! The commands about server and client themselves that have arguments: ENABLE (RFC 9051 §6.3.1) and ID (RFC 2971).

use super::Command;
use crate::Fault;
use crate::cursor::{Cursor, Found};

/// The most fields of an ID: RFC 2971 §3.3 allows 30.
const MAX_FIELDS: usize = 60;

/// The most names of an ENABLE.
const MAX_NAMES: usize = 100;

/// `enable`
pub(super) fn enable(c: &mut Cursor<'_>) -> Found<Command> {
    let mut names = Vec::new();
    c.space()?;
    while !c.is_at_end() {
        if names.len() >= MAX_NAMES {
            return Err(Fault::TooMuch("extensions"));
        }
        names.push(c.atom()?.to_ascii_uppercase());
        c.skip_spaces();
    }
    if names.is_empty() { Err(Fault::Expected("an extension")) } else { Ok(Command::Enable(names)) }
}

/// `id` (RFC 2971 §4)
pub(super) fn id(c: &mut Cursor<'_>) -> Found<Command> {
    c.space()?;
    let mut fields = Vec::new();
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
    } else if c.nstring()?.is_some() {
        return Err(Fault::Expected("a list or NIL"));
    }
    Ok(Command::Id(fields))
}
