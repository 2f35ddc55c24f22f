//! REPLACE and UID REPLACE (RFC 8508).

use super::append::mailbox_and_message;
use super::set::sequence_set;
use super::{Append, Command, Numbers};
use crate::cursor::{Cursor, Found};
use crate::{Fault, SetArg, Target};

/// REPLACE, up to the octets of its message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replace {
    /// Which message is replaced: one number or `*`.
    pub target: Target,
    /// By what, and where that goes.
    pub append: Append,
}

/// `replace`
pub(super) fn replace(c: &mut Cursor<'_>, numbers: Numbers) -> Found<Command> {
    c.space()?;
    let at = c.at();
    let set = sequence_set(c)?;
    if !matches!(set.ranges(), [(first, last)] if first == last) {
        c.back_to(at);
        return Err(Fault::Expected("the number of one message"));
    }
    c.space()?;
    let append = mailbox_and_message(c)?;
    Ok(Command::Replace(Replace { target: numbers.target(SetArg::Set(set)), append }))
}
