//! EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (RFC 9051 §6.4.9).

use super::set::set_arg;
use super::{Command, Numbers};
use crate::cursor::{Cursor, Found};

/// `EXPUNGE` (RFC 9051 §6.4.3), and `uid-expunge` (RFC 9051 §6.4.9)
pub(super) fn expunge(c: &mut Cursor<'_>, numbers: Numbers) -> Found<Command> {
    if numbers == Numbers::Seq {
        return Ok(Command::Expunge(None));
    }
    c.space()?;
    set_arg(c).map(|set| Command::Expunge(Some(set)))
}
