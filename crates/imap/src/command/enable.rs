//! ENABLE (RFC 9051 §6.3.1).

use super::Command;
use crate::Fault;
use crate::cursor::{Cursor, Found};

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
