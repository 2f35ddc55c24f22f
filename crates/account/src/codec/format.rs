//! Which bytes are written: those that an older program can read, or the newest ones.

use crate::Change;

/// The number of a format, the first byte of all that this module writes. Everything in an account is written in the
/// account's format, so that a program which knows that one can go on with the account; it is raised by
/// `posthorn upgrade --commit` alone. `docs/design/formats.md` says how formats step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Format {
    /// What 0.1 wrote. Has no place for the emails of a mailbox that is deleted (the store keeps them beside), for an
    /// origin, for ids of other accounts, nor for when a message came.
    One = 1,
    /// What accounts that are made new have.
    Two = 2,
}

impl Format {
    /// What accounts that are made new have.
    pub const NEWEST: Self = Self::Two;

    /// The number, as it is written.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Takes out of changes what this format has no place for and a state would know: what is applied must be what is
    /// written, else an account would forget it when it is opened again.
    pub fn fit(self, changes: &mut Vec<Change>) {
        if self >= Self::Two {
            return;
        }
        changes.retain(|change| !matches!(change, Change::OriginGiven { .. }));
        for change in changes {
            if let Change::MessagesAdded { messages, .. } = change {
                for message in messages {
                    message.foreign = None;
                }
            }
        }
    }

    /// `None` for a number that this program does not know.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            _ => None,
        }
    }
}
