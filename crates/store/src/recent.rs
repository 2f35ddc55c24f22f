//! Which messages no session has claimed yet: `\Recent` is told to one session each (RFC 3501 §2.3.2).

use std::collections::HashMap;

use account::{Change, MailboxId};
use imap::Uid;

use crate::Account;
use crate::lock::{Lock, Rank};

/// The first UID of each mailbox that no session has claimed. What came in while no process served the account counts as
/// seen, so this is in no file.
#[derive(Debug)]
pub(crate) struct Recent(Lock<HashMap<MailboxId, Uid>>);

impl Default for Recent {
    fn default() -> Self {
        Self(Lock::new(Rank::Recent, HashMap::new()))
    }
}

impl Recent {
    /// Notes where the messages begin that nobody has claimed.
    pub(crate) fn note(&self, changes: &[Change]) {
        for change in changes {
            if let Change::MessagesAdded { mailbox, messages } = change
                && let Some(first) = messages.first()
            {
                self.0.lock().entry(*mailbox).or_insert(first.uid);
            }
        }
    }

    /// Whether it remembers nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

impl Account {
    /// Claims the messages below `uid_next` (the mailbox's UIDNEXT as the session sees it) that no session has claimed
    /// yet, and gives the first of their UIDs: those from it up are `\Recent` in this session and in no other.
    pub fn claim_recent(&self, mailbox: MailboxId, uid_next: Uid) -> Uid {
        let mut recent = self.recent.0.lock();
        let Some(first) = recent.get(&mailbox).copied().filter(|first| *first < uid_next) else { return uid_next };
        let state = self.current.state();
        let newest = state.as_ref().and_then(|state| state.mailbox(mailbox)).map(|mailbox| mailbox.uid_next_shown());
        if newest.is_some_and(|newest| newest > uid_next) {
            // More has come in than this session sees: that is left for the next one.
            recent.insert(mailbox, uid_next);
        } else {
            recent.remove(&mailbox);
        }
        first
    }

    /// What [`Account::claim_recent`] would give now, without claiming it: for STATUS and EXAMINE (RFC 3501 §6.3.2).
    pub fn recent_floor(&self, mailbox: MailboxId, uid_next: Uid) -> Uid {
        self.recent.0.lock().get(&mailbox).copied().unwrap_or(uid_next).min(uid_next)
    }
}
