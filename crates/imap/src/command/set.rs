//! Sets of messages, as all commands about messages name them (RFC 9051 §9, `sequence-set`).

use super::Numbers;
use crate::cursor::{Cursor, Found};
use crate::{Fault, SetArg, SetNumber, Target, WireSet};

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
