//! The name of an account: a number that is given once.

use std::fmt;
use std::num::NonZeroU64;

/// An account for as long as it lives. Never given again after the account has been removed, so that nobody ever finds
/// another one's mail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(NonZeroU64);

impl AccountId {
    /// `None` for 0 and for what needs the 64th bit.
    pub fn new(n: u64) -> Option<Self> {
        NonZeroU64::new(n).filter(|n| i64::try_from(n.get()).is_ok()).map(Self)
    }

    /// The number itself, from 1 up.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
