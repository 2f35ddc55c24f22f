//! The protocol's numbers, each a type of its own, so that none can be taken for another.

use std::fmt;
use std::num::{NonZeroU32, NonZeroU64};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The smallest: 1.
            pub const MIN: Self = Self(NonZeroU32::MIN);

            /// The largest: 2^32 - 1.
            pub const MAX: Self = Self(NonZeroU32::MAX);

            /// `None` for 0, which is no number of this kind.
            pub const fn new(n: u32) -> Option<Self> {
                match NonZeroU32::new(n) {
                    Some(n) => Some(Self(n)),
                    None => None,
                }
            }

            /// The number itself, from 1 up.
            pub const fn get(self) -> u32 {
                self.0.get()
            }

            /// The one after this one; `None` after the largest.
            #[must_use]
            pub fn next(self) -> Option<Self> {
                self.0.checked_add(1).map(Self)
            }
        }

        impl From<NonZeroU32> for $name {
            fn from(n: NonZeroU32) -> Self {
                Self(n)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// A message's lasting number in its mailbox (RFC 9051 §2.3.1.1). Never 0, never reused.
    Uid
}
number! {
    /// A message's place in one session's view (RFC 9051 §2.3.1.2). Never leaves `session`.
    SeqNum
}
number! {
    /// Tells whether the UIDs that a client remembers still hold (RFC 9051 §2.3.1.1).
    UidValidity
}

/// The number of a change (RFC 7162 §3). From 1 up to 2^63 - 1 (RFC 7162 §7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModSeq(NonZeroU64);

impl ModSeq {
    /// The smallest: 1.
    pub const MIN: Self = Self(NonZeroU64::MIN);

    /// The largest: 2^63 - 1 (RFC 7162 §7).
    pub const MAX: Self = Self(NonZeroU64::new(i64::MAX.unsigned_abs()).unwrap());

    /// `None` for 0 and for what needs the 64th bit (RFC 7162 §7).
    pub const fn new(n: u64) -> Option<Self> {
        if n > i64::MAX.unsigned_abs() {
            return None;
        }
        match NonZeroU64::new(n) {
            Some(n) => Some(Self(n)),
            None => None,
        }
    }

    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The one after this one. An account would have to change a billion times a second for 292 years to run out;
    /// after that it stays at the largest.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1)).min(Self::MAX)
    }
}

impl fmt::Debug for ModSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModSeq({})", self.0)
    }
}

impl fmt::Display for ModSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_to_their_bounds() {
        assert_eq!(Uid::new(0), None);
        assert_eq!(Uid::new(7).map(Uid::get), Some(7));
        assert_eq!(Uid::MAX.next(), None);
        assert_eq!(Uid::MIN.next(), Uid::new(2));
        assert_eq!(Uid::MAX.to_string(), "4294967295");
        assert_eq!(format!("{:?}", SeqNum::MIN), "SeqNum(1)");
    }

    #[test]
    fn modseq_refuses_the_64th_bit() {
        assert_eq!(ModSeq::new(0), None);
        assert_eq!(ModSeq::new(1 << 63), None);
        assert_eq!(ModSeq::new((1 << 63) - 1), Some(ModSeq::MAX));
        assert_eq!(ModSeq::MAX.next(), ModSeq::MAX);
        assert_eq!(ModSeq::MIN.next().get(), 2);
    }
}
