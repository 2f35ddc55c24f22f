//! Who works next: the threads that may wait are shared out fairly, so that nobody who has much to do keeps others from theirs.
//!
//! Three groups have threads of their own: the commands of those who are logged in, logins, and deliveries. Within a
//! group each party (an account; the address that somebody logs in from) works on a few threads at most, and what is
//! more waits in its party's lane without a thread. A thread that is free goes to who has waited longest, and a long command
//! comes back to the end of the line after each slice: so an account with five hundred searches is, to everybody else,
//! an account with three.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use store::AccountId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::auth::Network;

/// Threads for the commands of all accounts.
const COMMANDS: usize = 192;

/// Threads for the commands of one account.
const COMMANDS_OF_AN_ACCOUNT: usize = 3;

/// Threads for what comes before a login.
const LOGINS: usize = 192;

/// The least number of threads for what comes before a login from one address. Where there are more cores it is two for each,
/// so that one address alone has the use of all of them, and a second one waits no longer than two hashes take.
const LOGINS_OF_AN_ADDRESS: usize = 4;

/// Threads for deliveries.
const DELIVERIES: usize = 96;

/// Threads that may wait, all together; the last ones are for the server's own duties.
pub(crate) const THREADS: usize = COMMANDS + LOGINS + DELIVERIES + 32;

/// All lanes of a server.
#[derive(Debug)]
pub(crate) struct Lanes {
    accounts: Group<AccountId>,
    addresses: Group<Network>,
    deliveries: Arc<Semaphore>,
}

impl Default for Lanes {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            accounts: Group::new(COMMANDS, COMMANDS_OF_AN_ACCOUNT),
            addresses: Group::new(LOGINS, LOGINS_OF_AN_ADDRESS.max(2 * cores)),
            deliveries: Arc::new(Semaphore::new(DELIVERIES)),
        }
    }
}

impl Lanes {
    /// For the commands of an account.
    pub(crate) fn account(&self, account: AccountId) -> Lane {
        self.accounts.lane(account)
    }

    /// For who has not logged in.
    pub(crate) fn address(&self, address: Network) -> Lane {
        self.addresses.lane(address)
    }

    /// For mail that comes in.
    pub(crate) fn deliveries(&self) -> Lane {
        Lane { own: None, all: self.deliveries.clone() }
    }
}

/// Parties that share threads.
#[derive(Debug)]
struct Group<K> {
    all: Arc<Semaphore>,
    of_each: usize,
    /// Those that have a lane, and as many again that had one at most.
    lanes: Mutex<Parties<K>>,
}

#[derive(Debug)]
struct Parties<K> {
    lanes: HashMap<K, Weak<Semaphore>>,
    /// When so many are known, those that are gone are forgotten.
    forget_at: usize,
}

impl<K: Eq + Hash> Group<K> {
    fn new(all: usize, of_each: usize) -> Self {
        let lanes = Mutex::new(Parties { lanes: HashMap::new(), forget_at: 64 });
        Self { all: Arc::new(Semaphore::new(all)), of_each, lanes }
    }

    fn lane(&self, party: K) -> Lane {
        let mut parties = self.lanes.lock();
        if parties.lanes.len() >= parties.forget_at {
            parties.lanes.retain(|_, lane| lane.strong_count() > 0);
            parties.forget_at = 2 * parties.lanes.len().max(32);
        }
        let known = parties.lanes.entry(party).or_default();
        let own = known.upgrade().unwrap_or_else(|| {
            let new = Arc::new(Semaphore::new(self.of_each));
            *known = Arc::downgrade(&new);
            new
        });
        Lane { own: Some(own), all: self.all.clone() }
    }
}

/// One party's way to a thread.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    own: Option<Arc<Semaphore>>,
    all: Arc<Semaphore>,
}

/// The right to a thread, until it is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    _own: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Lane {
    /// A ticket, if nobody has to be waited for.
    pub(crate) fn try_enter(&self) -> Option<Ticket> {
        let own = match &self.own {
            Some(own) => Some(own.clone().try_acquire_owned().ok()?),
            None => None,
        };
        let all = self.all.clone().try_acquire_owned().ok()?;
        Some(Ticket { _own: own, _all: Some(all) })
    }

    /// Waits for a ticket: first for one's own turn among one's party, then for a thread.
    pub(crate) async fn enter(&self) -> Ticket {
        // Nobody closes them, so each gives a permit.
        let own = match &self.own {
            Some(own) => own.clone().acquire_owned().await.ok(),
            None => None,
        };
        let all = self.all.clone().acquire_owned().await.ok();
        Ticket { _own: own, _all: all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(n: u64) -> AccountId {
        AccountId::new(n).expect("not 0")
    }

    #[test]
    fn an_account_has_a_few_threads_whatever_it_does() {
        let lanes = Lanes::default();
        let busy: Vec<Lane> = (0..530).map(|_| lanes.account(account(1))).collect();
        let tickets: Vec<Ticket> = busy.iter().filter_map(Lane::try_enter).collect();
        assert_eq!(tickets.len(), COMMANDS_OF_AN_ACCOUNT);
        assert!(lanes.account(account(2)).try_enter().is_some());
        assert!(lanes.address(Network::from(None)).try_enter().is_some());
        assert!(lanes.deliveries().try_enter().is_some());
        drop(tickets);
        assert!(lanes.account(account(1)).try_enter().is_some());
    }

    #[test]
    fn all_accounts_together_leave_threads_for_logins_and_deliveries() {
        let lanes = Lanes::default();
        let tickets: Vec<Ticket> = (1..1000).filter_map(|n| lanes.account(account(n)).try_enter()).collect();
        assert_eq!(tickets.len(), COMMANDS);
        assert!(lanes.address(Network::from(None)).try_enter().is_some());
        assert!(lanes.deliveries().try_enter().is_some());
    }

    #[test]
    fn who_has_waited_longest_is_next_and_a_party_waits_behind_itself() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let group: Group<u64> = Group::new(1, 1);
            let order = Mutex::new(Vec::new());
            let first = group.lane(0).try_enter().expect("nobody is there");
            let visit = async |party: u64| {
                let _ticket = group.lane(party).enter().await;
                order.lock().push(party);
            };
            // One who wants much, and two who come after it.
            let crowd = async { tokio::join!(visit(1), visit(1), visit(1), visit(2), visit(3)) };
            let open = async {
                tokio::task::yield_now().await;
                drop(first);
            };
            tokio::join!(crowd, open);
            assert_eq!(*order.lock(), [1, 2, 3, 1, 1], "its second command waits for the others' first");
        });
    }

    #[test]
    fn lanes_that_nobody_uses_are_forgotten() {
        let lanes = Lanes::default();
        for n in 1..10_000 {
            drop(lanes.account(account(n)));
        }
        assert!(lanes.accounts.lanes.lock().lanes.len() <= 64);
    }
}
