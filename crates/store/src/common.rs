//! What all accounts of a store share.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::{Account, Directory, Options};

#[derive(Debug)]
pub(crate) struct Common {
    pub(crate) options: Options,
    pub(crate) directory: Arc<Directory>,
    /// The accounts that hold files and memory, roughly from the one that was used longest ago.
    open: Mutex<VecDeque<Weak<Account>>>,
}

impl Common {
    pub(crate) fn new(options: Options, directory: Arc<Directory>) -> Self {
        Self { options, directory, open: Mutex::default() }
    }

    /// An account has been opened. Where that makes too many, others are closed: each gets a second chance if it was
    /// used since it was last looked at.
    pub(crate) fn opened(&self, account: &Weak<Account>) {
        let mut open = self.open.lock();
        open.push_back(account.clone());
        let mut looks = 2 * open.len();
        while open.len() > self.options.open_accounts.max(1) && looks > 0 {
            looks -= 1;
            let Some(oldest) = open.pop_front() else { break };
            let Some(other) = oldest.upgrade() else { continue };
            // Who is busy just now is not idle. The one that is being opened holds its own lock.
            if other.was_used() || !other.try_close() {
                open.push_back(oldest);
            }
        }
    }

    /// An account has been closed for another reason.
    pub(crate) fn closed(&self, account: &Weak<Account>) {
        self.open.lock().retain(|other| other.strong_count() > 0 && !Weak::ptr_eq(other, account));
    }
}
