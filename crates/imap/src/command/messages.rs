//! The commands about messages that have little but a set: EXPUNGE, COPY, MOVE. And the rules that they all use.

use super::{Command, Numbers};
use crate::cursor::{Cursor, Found};
use crate::{Fault, Flag, Keyword, SetArg, SetNumber, Target, WireSet};

/// The most flags of one list.
const MAX_FLAGS: usize = 1000;

/// `EXPUNGE` (RFC 9051 §6.4.3), and `uid-expunge` (RFC 9051 §6.4.9)
pub(super) fn expunge(c: &mut Cursor<'_>, numbers: Numbers) -> Found<Command> {
    if numbers == Numbers::Seq {
        return Ok(Command::Expunge(None));
    }
    c.space()?;
    set_arg(c).map(|set| Command::Expunge(Some(set)))
}

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

impl Numbers {
    /// The set as this kind of numbers.
    pub(super) fn target(self, set: SetArg) -> Target {
        match self {
            Self::Seq => Target::Seq(set),
            Self::Uid => Target::Uid(set),
        }
    }
}

/// `sequence-set / seq-last-command` (RFC 9051 §9)
pub(super) fn set_arg(c: &mut Cursor<'_>) -> Found<SetArg> {
    if c.eats(b'$') { Ok(SetArg::Saved) } else { sequence_set(c).map(SetArg::Set) }
}

/// `sequence-set`
pub(super) fn sequence_set(c: &mut Cursor<'_>) -> Found<WireSet> {
    let mut ranges = Vec::new();
    loop {
        let first = seq_number(c)?;
        let last = if c.eats(b':') { seq_number(c)? } else { first };
        ranges.push((first, last));
        if !c.eats(b',') {
            return Ok(WireSet::new(ranges));
        }
    }
}

/// `seq-number`
fn seq_number(c: &mut Cursor<'_>) -> Found<SetNumber> {
    if c.eats(b'*') {
        return Ok(SetNumber::Largest);
    }
    if !c.peek().is_some_and(|b| b.is_ascii_digit()) {
        return Err(Fault::Expected("a message number"));
    }
    c.nz_number().map(SetNumber::Number)
}

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
