//! STORE (RFC 9051 §6.4.6; RFC 7162 §3.1.3).

use super::flags::{Recent, flag_list, take_flag};
use super::set::set_arg;
use super::{Command, Numbers};
use crate::cursor::{Cursor, Found};
use crate::{Fault, Flag, StoreMode, Target};

/// STORE and UID STORE.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    /// Which messages.
    pub target: Target,
    /// What is done with the flags.
    pub mode: StoreMode,
    /// The flags.
    pub flags: Vec<Flag>,
    /// Whether the new flags are told.
    pub echo: Echo,
    /// `UNCHANGEDSINCE`: only messages that have not changed after this modseq (RFC 7162 §3.1.3). 0 is allowed: then
    /// none of them.
    pub unchanged_since: Option<u64>,
}

/// Whether STORE tells what it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Echo {
    /// By untagged FETCH.
    Flags,
    /// `.SILENT`: not to this session.
    Silent,
}

/// `store`
pub(super) fn store(c: &mut Cursor<'_>, numbers: Numbers) -> Found<Command> {
    c.space()?;
    let target = numbers.target(set_arg(c)?);
    c.space()?;
    let mut unchanged_since = None;
    if c.peek() == Some(b'(') {
        c.list(|c| {
            c.literally(b"UNCHANGEDSINCE").ok_or(Fault::Unknown("STORE modifier"))?;
            c.space()?;
            unchanged_since = Some(c.number64()?);
            Ok(())
        })?;
        c.space()?;
    }
    let (mode, echo) = store_att(c)?;
    c.space()?;
    let flags = if c.peek() == Some(b'(') { flag_list(c, Recent::Dropped)? } else { bare_flags(c)? };
    Ok(Command::Store(Store { target, mode, flags, echo, unchanged_since }))
}

/// `["+" / "-"] "FLAGS" [".SILENT"]`
fn store_att(c: &mut Cursor<'_>) -> Found<(StoreMode, Echo)> {
    let mode = match c.peek() {
        Some(b'+') => StoreMode::Add,
        Some(b'-') => StoreMode::Remove,
        _ => StoreMode::Replace,
    };
    if mode != StoreMode::Replace {
        c.advance();
    }
    c.literally(b"FLAGS").ok_or(Fault::Expected("FLAGS"))?;
    let silent = c.literally(b".SILENT").is_some();
    Ok((mode, if silent { Echo::Silent } else { Echo::Flags }))
}

/// `flag *(SP flag)`
fn bare_flags(c: &mut Cursor<'_>) -> Found<Vec<Flag>> {
    let mut flags = Vec::new();
    loop {
        take_flag(c, &mut flags, Recent::Dropped)?;
        c.skip_spaces();
        if c.is_at_end() {
            return Ok(flags);
        }
    }
}
