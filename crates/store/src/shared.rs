//! What all accounts of a store share.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use crate::backend::Backend;
use crate::lock::{Lock, Rank};
use crate::share::Shares;
use crate::time::Time;
use crate::work::Works;
use crate::{Account, Options};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) time: Time,
    /// The memory of messages on their way in.
    pub(crate) shares: Arc<Shares>,
    /// The memory of commands about many messages.
    pub(crate) works: Arc<Works>,
    /// The accounts that hold files and memory, roughly from the one that was used longest ago.
    open: Lock<VecDeque<Weak<Account>>>,
}

impl Shared {
    pub(crate) fn new(options: Options, backend: Arc<dyn Backend>, time: Time) -> Self {
        let works = Works::new(options.work);
        let open = Lock::new(Rank::Opened, VecDeque::new());
        Self { options, backend, time, shares: Arc::default(), works, open }
    }

    /// An account has been opened. Where that makes too many, others are closed: each gets a second chance if it was
    /// used since it was last looked at.
    pub(crate) fn opened(&self, account: &Weak<Account>) {
        let mut looks = {
            let mut open = self.open.lock();
            open.push_back(account.clone());
            2 * open.len()
        };
        while let Some(oldest) = self.too_many() {
            let Some(other) = oldest.upgrade() else { continue };
            // Closing takes its time: nobody waits for the list meanwhile. Who is busy just now is not idle, and the one
            // that is being opened holds its own lock.
            if other.was_used() || !other.try_close() {
                self.open.lock().push_back(oldest);
            }
            looks -= 1;
            if looks == 0 {
                break;
            }
        }
    }

    /// Takes out the one that was opened longest ago, if there are too many.
    fn too_many(&self) -> Option<Weak<Account>> {
        let mut open = self.open.lock();
        let too_many = open.len() > self.options.open_accounts.max(1);
        if too_many { open.pop_front() } else { None }
    }

    /// Closes accounts that nobody has used for a while, as there is nothing left to open another file with; if there are
    /// none, all that nobody works with at this moment. How many.
    pub(crate) fn give_back(&self) -> usize {
        let closed = self.close_all(|account| !account.was_used());
        if closed > 0 { closed } else { self.close_all(|_| true) }
    }

    fn close_all(&self, which: impl Fn(&Account) -> bool) -> usize {
        let open = std::mem::take(&mut *self.open.lock());
        let mut closed = 0;
        for each in open {
            let Some(account) = each.upgrade() else { continue };
            // Who is busy just now stays, and so does the one that is being opened: its lock is held.
            if which(&account) && account.try_close() {
                closed += 1;
            } else {
                self.open.lock().push_back(each);
            }
        }
        closed
    }

    /// An account has been closed for another reason.
    pub(crate) fn closed(&self, account: &Weak<Account>) {
        self.open.lock().retain(|other| other.strong_count() > 0 && !Weak::ptr_eq(other, account));
    }
}
