//! What has to be done from time to time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::{Account, AccountId, Error};

/// What [`Store::sweep`](crate::Store::sweep) did.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// Accounts whose checkpoint was written.
    pub checkpoints: usize,
    /// Rows of logs that were older than the retention.
    pub commits: u64,
    /// Emails that nothing names any more.
    pub emails: u64,
    /// Accounts that were closed.
    pub closed: usize,
    /// Accounts that another process has removed.
    pub removed: usize,
    /// What failed, to be logged. The next sweep tries again.
    pub failed: Vec<(AccountId, Error)>,
}

impl Swept {
    /// What both did.
    #[must_use]
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.checkpoints += other.checkpoints;
        self.commits += other.commits;
        self.emails += other.emails;
        self.closed += other.closed;
        self.removed += other.removed;
        self.failed.extend(other.failed);
        self
    }

    /// What was done for an account, or that it failed.
    pub(crate) fn of(id: AccountId, done: Result<Self, Error>) -> Self {
        done.unwrap_or_else(|error| Self { failed: vec![(id, error)], ..Self::default() })
    }
}

/// The duties towards an open account. `now` is in unix seconds.
pub(crate) fn open_account(account: &Arc<Account>, now: i64) -> Swept {
    if account.was_used() {
        account.used_at.store(now, Ordering::Relaxed);
    }
    let done = Swept::of(account.id(), duties(account, now));
    let idle_for = now.saturating_sub(account.used_at.load(Ordering::Relaxed));
    let idle = i64::try_from(account.shared.options.idle.as_secs()).unwrap_or(i64::MAX);
    // Who is in use again by now is not closed under somebody's hands: it would only open again.
    if idle_for > idle && !account.was_used() { done.and(close(account)) } else { done }
}

/// An account that is closed is looked into, and left as it was found.
pub(crate) fn closed_account(account: &Arc<Account>, now: i64) -> Swept {
    let done = account.state().and_then(|_| duties(account, now));
    Swept::of(account.id(), done).and(close(account))
}

/// Closes an account.
pub(crate) fn close(account: &Arc<Account>) -> Swept {
    let closed = account.close();
    account.shared.closed(&account.this);
    let written = closed.map(|written| Swept { checkpoints: usize::from(written), ..Swept::default() });
    Swept { closed: 1, ..Swept::of(account.id(), written) }
}

fn duties(account: &Account, now: i64) -> Result<Swept, Error> {
    let mut done = Swept::default();
    if account.tail() >= account.shared.options.tail && account.checkpoint()? {
        done.checkpoints = 1;
    }
    if account.retention_due(now) {
        let expired = account.expire(now)?;
        (done.commits, done.emails) = (expired.commits, expired.emails);
    }
    Ok(done)
}
