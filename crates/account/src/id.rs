//! Names for the things of one account: numbers that are given once and never again. What clients see of them is
//! `object_id`'s.

use std::fmt;
use std::num::NonZeroU64;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The first one that an account gives.
            pub const FIRST: Self = Self(NonZeroU64::MIN);

            /// Not before any that it gives.
            pub const MAX: Self = Self(NonZeroU64::MAX);

            /// `None` for 0, which names nothing.
            pub fn new(n: u64) -> Option<Self> {
                NonZeroU64::new(n).map(Self)
            }

            /// The number itself, from 1 up.
            pub fn get(self) -> u64 {
                self.0.get()
            }

            /// The one after this one. An account would have to give one a nanosecond for 584 years to run out.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }

            /// Reads what `Display` wrote.
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix($letter)?;
                if digits.starts_with(['0', '+']) {
                    return None;
                }
                digits.parse().ok().and_then(Self::new)
            }
        }

        /// A letter for the kind, then the number. What clients see is an [`ObjectId`](crate::ObjectId).
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    };
}

id! {
    /// A mailbox for as long as it lives, under whatever name.
    MailboxId, "M"
}
id! {
    /// A message's octets for as long as anything names them. Copies in the same account share it. Ids grow with
    /// time, so that reading a mailbox's structures in the order of its UIDs is one sequential scan.
    EmailId, "E"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_what_it_wrote() {
        let id = EmailId::new(4711).unwrap();
        assert_eq!(id.to_string(), "E4711");
        assert_eq!(EmailId::parse("E4711"), Some(id));
        for wrong in ["", "E", "E0", "E+1", "E01", "M4711", "4711", "E99999999999999999999"] {
            assert_eq!(EmailId::parse(wrong), None, "{wrong}");
        }
    }
}
