//! Who lets clients in, by a directory in which accounts come and go, and sends them away when theirs has gone: as the
//! server's own does, with no hash that takes its time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use session::{Exchange, Gate, Peer, Transport, User, Verdict};
use store::{AccountId, Error, Store};

use crate::gate::{PASSWORD, USER};

/// The gate of a process.
pub(super) struct Porter {
    store: Store,
    guests: Mutex<BTreeMap<u64, Guest>>,
    /// The directory's version that guests have been held against.
    version: AtomicU64,
}

/// Somebody who is logged in.
#[derive(Clone, Copy, Debug)]
struct Guest {
    account: AccountId,
    stay: Stay,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stay {
    Welcome,
    Over,
}

impl Porter {
    pub(super) fn new(store: Store) -> Self {
        let version = AtomicU64::new(store.directory().version());
        Self { store, guests: Mutex::default(), version }
    }

    /// Whose mail a session has.
    pub(super) fn account(&self, session: u64) -> Option<AccountId> {
        self.guests.lock().get(&session).map(|guest| guest.account)
    }

    /// Whether a session is to end.
    pub(super) fn is_over(&self, session: u64) -> bool {
        self.guests.lock().get(&session).is_some_and(|guest| guest.stay == Stay::Over)
    }

    /// Looks whether anybody has changed the directory, and ends the stay of those whose account has gone.
    pub(super) fn look(&self) -> Result<(), Error> {
        let version = self.store.directory().refresh()?;
        if self.version.load(Ordering::Relaxed) == version {
            return Ok(());
        }
        let guests: Vec<_> = self.guests.lock().iter().map(|(session, guest)| (*session, guest.account)).collect();
        for (session, account) in guests {
            if self.store.directory().find(account)?.is_none()
                && let Some(guest) = self.guests.lock().get_mut(&session)
            {
                guest.stay = Stay::Over;
            }
        }
        self.version.store(version, Ordering::Relaxed);
        Ok(())
    }

    fn admit(&self, session: u64) -> Result<Option<User>, Error> {
        let Some(entry) = self.store.directory().find_by_name(USER)? else { return Ok(None) };
        let account = self.store.account(entry.id)?;
        // Whoever comes in sees what other processes have done until now. What cannot be read, the session will tell.
        let _newest = account.poll();
        self.guests.lock().insert(session, Guest { account: entry.id, stay: Stay::Welcome });
        // A removal before this would have found nobody to send away.
        let again = self.store.directory().find_by_name(USER);
        if !matches!(&again, Ok(Some(again)) if again.id == entry.id) {
            self.guests.lock().remove(&session);
            return again.map(|_| None);
        }
        Ok(Some(User { name: entry.name, account, admission: Box::new(()) }))
    }
}

impl Gate for Porter {
    fn mechanisms(&self, _: &Transport) -> Vec<&'static str> {
        Vec::new()
    }

    fn login(&self, peer: &Peer, _: &Transport, name: &[u8], password: &[u8]) -> Verdict {
        if name != USER.as_bytes() || password != PASSWORD.as_bytes() {
            return Verdict::Wrong(Duration::ZERO);
        }
        match self.admit(peer.session) {
            Ok(Some(user)) => Verdict::Welcome(user),
            Ok(None) => Verdict::Wrong(Duration::ZERO),
            Err(_) => Verdict::Unavailable,
        }
    }

    fn authenticate(&self, _: &Peer, _: &Transport, _: &str) -> Option<Box<dyn Exchange>> {
        None
    }
}
