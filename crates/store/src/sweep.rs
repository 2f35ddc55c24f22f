//! What has to be done from time to time towards each account.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::history::Kept;
use crate::swept::{Duty, Swept};
use crate::{Account, Error};

/// The duties towards an open account. `now` is in seconds as [`Time`](crate::time::Time) counts them.
pub(crate) fn open_account(account: &Arc<Account>, now: i64) -> Swept {
    if account.was_used() {
        account.used_at.store(now, Ordering::Relaxed);
    }
    let done = duties(account, now);
    let idle_for = now.saturating_sub(account.used_at.load(Ordering::Relaxed));
    let idle = i64::try_from(account.shared.options.idle.as_secs()).unwrap_or(i64::MAX);
    // Who is in use again by now is not closed under somebody's hands: it would only open again.
    if idle_for > idle && !account.was_used() { done.and(close(account)) } else { done }
}

/// An account that is closed is looked into, and left as it was found: if nothing in it is too old, its state is not read.
pub(crate) fn closed_account(account: &Arc<Account>, now: i64) -> Swept {
    let looked = Swept::of(account, Duty::Retention, || {
        account.mark()?;
        if account.keep_generation()? == Kept::Behind || account.has_old()? {
            account.state()?;
        } else if !account.is_open() {
            account.engine.close()?;
        }
        Ok(Swept::default())
    });
    if !account.is_open() {
        return looked;
    }
    looked.and(duties(account, now)).and(close(account))
}

/// Closes an account.
pub(crate) fn close(account: &Arc<Account>) -> Swept {
    let closed = Swept::of(account, Duty::Closing, || {
        let written = account.close()?;
        Ok(Swept { checkpoints: usize::from(written), ..Swept::default() })
    });
    // After a panic on the way it is open as before, and closed by the next sweep.
    if account.is_open() {
        return closed;
    }
    account.shared.closed(&account.this);
    Swept { closed: 1, ..closed }
}

fn duties(account: &Account, now: i64) -> Swept {
    let saved = Swept::of(account, Duty::Checkpoint, || checkpoint(account));
    let kept = saved.and(Swept::of(account, Duty::Retention, || retain(account, now)));
    kept.and(Swept::of(account, Duty::Shrinking, || shrink(account)))
}

/// Gives back room, some 64 MiB a sweep.
fn shrink(account: &Account) -> Result<Swept, Error> {
    const STEPS: usize = 16;
    for _ in 0..STEPS {
        if !account.shrinks.load(Ordering::Relaxed) {
            break;
        }
        account.shrinks.store(account.engine.shrink()?, Ordering::Relaxed);
    }
    Ok(Swept::default())
}

fn checkpoint(account: &Account) -> Result<Swept, Error> {
    let written = account.tail().is_long(&account.shared.options) && account.checkpoint()?;
    Ok(Swept { checkpoints: usize::from(written), ..Swept::default() })
}

fn retain(account: &Account, now: i64) -> Result<Swept, Error> {
    if !account.retention_due(now) {
        return Ok(Swept::default());
    }
    account.mark()?;
    let written = account.keep_generation()? == Kept::Behind && account.checkpoint()?;
    let expired = account.expire(now)?;
    account.shrinks.store(true, Ordering::Relaxed);
    let checkpoints = usize::from(written);
    Ok(Swept { checkpoints, commits: expired.commits, emails: expired.emails, ..Swept::default() })
}
