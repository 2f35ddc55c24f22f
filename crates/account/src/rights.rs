//! What somebody may do with a mailbox (RFC 4314). Rights are an argument of plans: whoever asks for a plan says what the
//! one for whom it is made may do, and the plan refuses, or leaves out, what that is too little for.

use std::fmt;
use std::ops::BitOr;

use imap::Flag;

use crate::{Flags, Limits, MailboxId, Refusal};

/// A set of rights (RFC 4314 §2.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u16);

impl Rights {
    /// `l`: the mailbox is shown by LIST.
    pub const LOOKUP: Self = Self(1);
    /// `r`: it can be selected, and its messages copied.
    pub const READ: Self = Self(1 << 1);
    /// `s`: `\Seen` can be set and taken away.
    pub const SEEN: Self = Self(1 << 2);
    /// `w`: so can all other flags but `\Deleted`.
    pub const WRITE: Self = Self(1 << 3);
    /// `i`: messages can be put into it.
    pub const INSERT: Self = Self(1 << 4);
    /// `p`: mail can be sent to its address.
    pub const POST: Self = Self(1 << 5);
    /// `k`: mailboxes can be made below it.
    pub const CREATE: Self = Self(1 << 6);
    /// `x`: it can be deleted or get another name.
    pub const DELETE_MAILBOX: Self = Self(1 << 7);
    /// `t`: `\Deleted` can be set and taken away.
    pub const DELETE_MESSAGES: Self = Self(1 << 8);
    /// `e`: messages can be expunged.
    pub const EXPUNGE: Self = Self(1 << 9);
    /// `a`: others' rights can be changed.
    pub const ADMINISTER: Self = Self(1 << 10);

    /// No right at all.
    pub const NONE: Self = Self(0);
    /// All of them: what an owner has.
    pub const ALL: Self = Self((1 << 11) - 1);
    /// Those without which nothing in the mailbox can be changed: who has none of them reads only (RFC 4314 §5.2).
    pub const CHANGING: Self =
        Self(Self::SEEN.0 | Self::WRITE.0 | Self::INSERT.0 | Self::DELETE_MESSAGES.0 | Self::EXPUNGE.0);
    /// Each of these alone lets some flags be stored.
    pub(crate) const FLAGGING: Self = Self(Self::SEEN.0 | Self::WRITE.0 | Self::DELETE_MESSAGES.0);
    /// What taking a message away needs: setting `\Deleted` and expunging (RFC 6851 §4.2, RFC 8508 §4.1).
    pub(crate) const TAKING_AWAY: Self = Self(Self::DELETE_MESSAGES.0 | Self::EXPUNGE.0);

    /// What storing a flag needs.
    pub fn of_flag(flag: &Flag) -> Self {
        match flag {
            Flag::Seen => Self::SEEN,
            Flag::Deleted => Self::DELETE_MESSAGES,
            Flag::Answered | Flag::Flagged | Flag::Draft | Flag::Keyword(_) => Self::WRITE,
        }
    }

    /// Whether all of these are here.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether one of these is here.
    pub fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// These, but for others.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all that are needed are here.
    pub fn allow(self, needed: Self) -> Result<(), Refusal> {
        if self.contains(needed) { Ok(()) } else { Err(Refusal::NotAllowed) }
    }

    /// Those of the flags that may be set and taken away (RFC 4314 §4).
    pub(crate) fn keep(self, flags: &Flags) -> Flags {
        if self.contains(Self::FLAGGING) {
            return flags.clone();
        }
        let kept: Vec<Flag> = flags.to_wire().into_iter().filter(|flag| self.contains(Self::of_flag(flag))).collect();
        Flags::from_wire(&kept)
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// By their letters, as ACL has them.
impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = "lrswipkxtea".chars().enumerate().filter(|(bit, _)| self.0 >> bit & 1 == 1);
        f.write_str(&letters.map(|(_, letter)| letter).collect::<String>())
    }
}

/// A mailbox, and what the one for whom a plan is made may do with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permit {
    /// Which mailbox.
    pub mailbox: MailboxId,
    /// The rights to it.
    pub rights: Rights,
    /// How much may come into it.
    pub limits: Limits,
}

impl Permit {
    /// All rights, as its owner has, and whoever acts for them: delivery, import.
    pub fn owner(mailbox: MailboxId) -> Self {
        Self { mailbox, rights: Rights::ALL, limits: Limits::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_told_by_their_letters() {
        assert_eq!(format!("{:?}", Rights::ALL), "lrswipkxtea");
        assert_eq!(format!("{:?}", Rights::ALL.without(Rights::CHANGING)), "lrpkxa");
        assert_eq!(format!("{:?}", Rights::NONE), "");
        assert_eq!(Rights::READ.allow(Rights::READ | Rights::EXPUNGE), Err(Refusal::NotAllowed));
    }
}
