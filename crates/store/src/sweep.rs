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
    /// The duties towards an open account. `now` is in unix seconds.
    pub(crate) fn open_account(&mut self, account: &Arc<Account>, now: i64) {
        if account.was_used() {
            account.used_at.store(now, Ordering::Relaxed);
        }
        let done = self.duties(account, now);
        self.note(account.id(), done);
        let idle_for = now.saturating_sub(account.used_at.load(Ordering::Relaxed));
        let idle = i64::try_from(account.shared.options.idle.as_secs()).unwrap_or(i64::MAX);
        // Who is in use again by now is not closed under somebody's hands: it would only open again.
        if idle_for > idle && !account.was_used() {
            self.close(account);
        }
    }

    fn duties(&mut self, account: &Arc<Account>, now: i64) -> Result<(), Error> {
        if account.tail() >= account.shared.options.tail && account.checkpoint()? {
            self.checkpoints += 1;
        }
        if account.retention_due(now) {
            let expired = account.expire(now)?;
            self.commits += expired.commits;
            self.emails += expired.emails;
        }
        Ok(())
    }

    /// An account that is closed is looked into, and left as it was found.
    pub(crate) fn closed_account(&mut self, account: &Arc<Account>, now: i64) {
        let done = account.state().and_then(|_| self.duties(account, now));
        self.note(account.id(), done);
        self.close(account);
    }

    pub(crate) fn close(&mut self, account: &Arc<Account>) {
        let closed = account.close();
        self.closed += 1;
        self.checkpoints += usize::from(matches!(closed, Ok(true)));
        self.note(account.id(), closed.map(drop));
        account.shared.closed(&account.this);
    }

    pub(crate) fn note(&mut self, id: AccountId, done: Result<(), Error>) {
        if let Err(error) = done {
            self.failed.push((id, error));
        }
    }
}
