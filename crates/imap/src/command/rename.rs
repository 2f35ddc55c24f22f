//! RENAME (RFC 9051 §6.3.6).

use super::Command;
use super::mailboxes::one_name;
use crate::cursor::{Cursor, Found};

/// `rename` (RFC 9051 §6.3.6)
pub(super) fn rename(c: &mut Cursor<'_>) -> Found<Command> {
    Ok(Command::Rename { from: one_name(c)?, to: one_name(c)? })
}
