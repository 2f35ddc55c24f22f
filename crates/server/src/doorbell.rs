//! Looks at accounts that another process has written to: when it rings, and in a round now and then.
//!
//! Who has written rings once. So a ring is answered, or kept until it can be: an account that cannot be read at the
//! moment, or a mistake of ours, delays what its sessions hear and takes nothing from them.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parking_lot::Mutex;
use store::{AccountId, Error};
use tracing::{debug, error, warn};

/// The accounts that are to be looked at and could not be yet.
#[derive(Default)]
pub(crate) struct Doorbell(Mutex<BTreeSet<AccountId>>);

/// Why an account was not looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Missed {
    #[error(transparent)]
    Failed(#[from] Error),
    #[error("the server made a mistake")]
    Panicked,
}

impl Doorbell {
    /// Another process has written to an account. If `look` fails, the rounds go on trying; the caller need not.
    pub(crate) fn ring(
        &self,
        account: AccountId,
        look: impl FnOnce(AccountId) -> Result<(), Error>,
    ) -> Result<(), Missed> {
        let looked = guarded(account, look);
        if let Err(missed) = &looked
            && self.keep(account, missed)
        {
            warn!(account_id = account.get(), error = %missed, "the account cannot be looked at; it is tried again");
        }
        looked
    }

    /// Looks at these accounts, and at those that could not be looked at before.
    pub(crate) fn round(
        &self,
        accounts: impl IntoIterator<Item = AccountId>,
        look: impl Fn(AccountId) -> Result<(), Error>,
    ) {
        let kept = std::mem::take(&mut *self.0.lock());
        let mut all = kept.clone();
        all.extend(accounts);
        for account in all {
            if let Err(missed) = guarded(account, &look) {
                if kept.contains(&account) {
                    debug!(account_id = account.get(), error = %missed, "the account still cannot be looked at");
                } else {
                    warn!(account_id = account.get(), error = %missed, "the account cannot be looked at");
                }
                // Whoever named it may not name it again.
                self.keep(account, &missed);
            }
        }
    }

    /// Keeps an account for the next round, unless the account is gone; whether it does.
    fn keep(&self, account: AccountId, missed: &Missed) -> bool {
        let gone = matches!(missed, Missed::Failed(Error::NoSuchAccount));
        if !gone {
            self.0.lock().insert(account);
        }
        !gone
    }
}

/// A panic is the business of one account: others are looked at all the same.
fn guarded(account: AccountId, look: impl FnOnce(AccountId) -> Result<(), Error>) -> Result<(), Missed> {
    let Ok(looked) = catch_unwind(AssertUnwindSafe(|| look(account))) else {
        error!(account_id = account.get(), "looking at an account panicked: a mistake of ours; others go on");
        return Err(Missed::Panicked);
    };
    Ok(looked?)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn id(n: u64) -> AccountId {
        AccountId::new(n).unwrap()
    }

    /// The accounts that a round looks at, by a look that does this.
    fn round(bell: &Doorbell, accounts: &[u64], look: impl Fn(AccountId) -> Result<(), Error>) -> Vec<u64> {
        let seen = RefCell::new(Vec::new());
        bell.round(accounts.iter().copied().map(id), |account| {
            seen.borrow_mut().push(account.get());
            look(account)
        });
        seen.into_inner()
    }

    #[test]
    fn a_ring_that_fails_is_kept_until_it_is_answered() {
        let bell = Doorbell::default();
        assert!(bell.ring(id(7), |_| Err(Error::Busy)).is_err());
        assert!(matches!(bell.ring(id(8), |_| panic!("a mistake")), Err(Missed::Panicked)));
        assert!(bell.ring(id(9), |_| Ok(())).is_ok());
        assert!(bell.ring(id(10), |_| Err(Error::NoSuchAccount)).is_err());
        // Nobody is logged in to either of them any more, and they are looked at all the same.
        let busy = |account| if account == id(7) { Err(Error::Busy) } else { Ok(()) };
        assert_eq!(round(&bell, &[1], busy), [1, 7, 8]);
        assert_eq!(round(&bell, &[1], |_| Ok(())), [1, 7]);
        assert_eq!(round(&bell, &[1], |_| Ok(())), [1]);
    }

    #[test]
    fn a_panic_at_one_account_does_not_keep_others_from_being_looked_at() {
        let bell = Doorbell::default();
        let looks = |account| if account == id(2) { panic!("a mistake") } else { Ok(()) };
        assert_eq!(round(&bell, &[1, 2, 3], looks), [1, 2, 3]);
        assert_eq!(round(&bell, &[], looks), [2], "it has something to tell still, and nobody names it again");
        assert_eq!(round(&bell, &[], |_| Ok(())), [2]);
        assert!(round(&bell, &[], looks).is_empty());
    }
}
