//! COPY and MOVE (RFC 9051 §6.4.7, §6.4.8).

use super::set::set_arg;
use super::{Command, Numbers};
use crate::cursor::{Cursor, Found};

/// `copy` (RFC 9051 §6.4.7)
pub(super) fn copy(c: &mut Cursor<'_>, numbers: Numbers) -> Found<Command> {
    c.space()?;
    let target = numbers.target(set_arg(c)?);
    c.space()?;
    Ok(Command::Copy { target, mailbox: c.mailbox()? })
}

/// `move` (RFC 9051 §6.4.8)
pub(super) fn r#move(c: &mut Cursor<'_>, numbers: Numbers) -> Found<Command> {
    c.space()?;
    let target = numbers.target(set_arg(c)?);
    c.space()?;
    Ok(Command::Move { target, mailbox: c.mailbox()? })
}
