//! Who is connected: counts for the limits, links for `posthorn who`, for revoking and for shutting down.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use store::AccountId;

use crate::auth::Network;
use crate::config::Limits;
use crate::door::{Door, Entry};
use crate::intake::Intake;
use crate::lanes::Lanes;
use crate::link::{Link, Login, Order, Transcript};
use crate::pace::Paces;
use crate::told::Told;

/// All connections of the server.
pub(crate) struct Registry {
    limits: Limits,
    next: AtomicU64,
    intake: Arc<Intake>,
    lanes: Lanes,
    paces: Arc<Paces>,
    /// Which failures of strangers are in the log.
    pub(crate) told: Told,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    links: HashMap<u64, Arc<Link>>,
    sources: HashMap<Network, NetworkCount>,
    /// Connections that have not logged in, oldest first: session numbers grow.
    waiting: BTreeSet<u64>,
    /// What is logged in to each account: session number, and the stamp of the credentials it logged in with.
    accounts: HashMap<AccountId, BTreeMap<u64, u64>>,
    /// Accounts whose sessions are written down.
    transcripts: BTreeSet<AccountId>,
}

#[derive(Default)]
struct NetworkCount {
    connections: usize,
    waiting: BTreeSet<u64>,
}

/// Why a connection is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The server has all the connections it may have.
    Server,
    /// The address has.
    Address,
}

impl Registry {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            next: AtomicU64::new(1),
            intake: Arc::default(),
            lanes: Lanes::default(),
            paces: Arc::default(),
            told: Told::default(),
            table: Mutex::default(),
        }
    }

    /// A connection has come. Where too many wait to log in, the oldest of them makes room.
    pub(crate) fn enter(self: &Arc<Self>, door: Door, address: Option<IpAddr>) -> Result<Seat, Full> {
        let source = Network::from(address);
        let mut oldest = Vec::new();
        let mut table = self.table.lock();
        if table.links.len() >= self.limits.connections {
            return Err(Full::Server);
        }
        let count = table.sources.entry(source).or_default();
        if count.connections >= self.limits.connections_per_address && !source.is_loopback() {
            return Err(Full::Address);
        }
        count.connections += 1;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        if door.entry() == Entry::Login {
            count.waiting.insert(id);
            if count.waiting.len() > self.limits.waiting_per_address {
                oldest.extend(count.waiting.pop_first());
            }
            table.waiting.insert(id);
            if table.waiting.len() > self.limits.waiting {
                oldest.extend(table.waiting.pop_first());
            }
        }
        let lane = match door.entry() {
            Entry::Login => self.lanes.address(source),
            Entry::Free => self.lanes.deliveries(),
        };
        let link = Arc::new(Link::new(id, door, address, (self.intake.stake(), lane, self.paces.pace(source))));
        table.links.insert(id, link.clone());
        let oldest: Vec<Arc<Link>> = oldest.iter().filter_map(|id| table.links.get(id).cloned()).collect();
        drop(table);
        for link in oldest {
            link.order(Order::MakeRoom);
        }
        Ok(Seat { registry: self.clone(), link })
    }

    /// There is no room for what strangers say: the oldest of them that keeps something makes room.
    pub(crate) fn make_room(&self) {
        let oldest = {
            let table = self.table.lock();
            let waiting = table.waiting.iter().filter_map(|id| table.links.get(id));
            waiting.into_iter().find(|link| link.stake.kept() > 0 && !link.must_end()).cloned()
        };
        if let Some(link) = oldest {
            link.order(Order::MakeRoom);
        }
    }

    /// A session logs in. `stamp` stands for the credentials: when they change, the session ends.
    pub(crate) fn admit(self: &Arc<Self>, session: u64, login: Login, stamp: u64) -> Option<Admission> {
        let account = login.account;
        let mut table = self.table.lock();
        let sessions = table.accounts.entry(account).or_default();
        if sessions.len() >= self.limits.sessions_per_account {
            return None;
        }
        sessions.insert(session, stamp);
        let link = table.links.get(&session).cloned();
        if let Some(link) = link {
            table.no_longer_waits(session, link.source());
            link.set_transcript(if table.transcripts.contains(&account) { Transcript::On } else { Transcript::Off });
            link.set_login(login, self.lanes.account(account));
        }
        Some(Admission { registry: self.clone(), account, session })
    }

    /// Whether a session's client has closed its side, as far as can be seen.
    pub(crate) fn has_gone(&self, session: u64) -> bool {
        let link = self.table.lock().links.get(&session).cloned();
        link.is_some_and(|link| link.has_gone())
    }

    /// All connections.
    pub(crate) fn links(&self) -> Vec<Arc<Link>> {
        self.table.lock().links.values().cloned().collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.table.lock().links.len()
    }

    /// The accounts that somebody is logged in to, each with the credentials' stamps.
    pub(crate) fn accounts(&self) -> Vec<AccountId> {
        self.table.lock().accounts.keys().copied().collect()
    }

    /// Ends the sessions of an account that logged in with other credentials than `stamp`; all, if there are none any
    /// more. Says how many.
    pub(crate) fn revoke(&self, account: AccountId, stamp: Option<u64>) -> usize {
        let table = self.table.lock();
        let Some(sessions) = table.accounts.get(&account) else { return 0 };
        let ended = sessions.iter().filter(|(_, logged_in)| Some(**logged_in) != stamp);
        let links: Vec<Arc<Link>> = ended.filter_map(|(id, _)| table.links.get(id).cloned()).collect();
        drop(table);
        for link in &links {
            link.order(Order::Revoked);
        }
        links.len()
    }

    /// Begins or ends the transcript of an account.
    pub(crate) fn transcribe(&self, account: AccountId, transcript: Transcript) {
        let mut table = self.table.lock();
        match transcript {
            Transcript::On => table.transcripts.insert(account),
            Transcript::Off => table.transcripts.remove(&account),
        };
        for id in table.accounts.get(&account).into_iter().flat_map(BTreeMap::keys) {
            if let Some(link) = table.links.get(id) {
                link.set_transcript(transcript);
            }
        }
    }
}

impl Table {
    fn no_longer_waits(&mut self, id: u64, source: Network) {
        self.waiting.remove(&id);
        if let Some(count) = self.sources.get_mut(&source) {
            count.waiting.remove(&id);
        }
    }

    fn leave(&mut self, id: u64, source: Network) {
        self.links.remove(&id);
        self.no_longer_waits(id, source);
        if let Some(count) = self.sources.get_mut(&source) {
            count.connections -= 1;
            if count.connections == 0 {
                self.sources.remove(&source);
            }
        }
    }
}

/// A connection's place, given back when it is dropped.
pub(crate) struct Seat {
    pub(crate) registry: Arc<Registry>,
    pub(crate) link: Arc<Link>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.registry.table.lock().leave(self.link.id, self.link.source());
    }
}

/// A session's place in its account, given back when it is dropped.
pub(crate) struct Admission {
    registry: Arc<Registry>,
    account: AccountId,
    session: u64,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut table = self.registry.table.lock();
        if let Some(sessions) = table.accounts.get_mut(&self.account) {
            sessions.remove(&self.session);
            if sessions.is_empty() {
                table.accounts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests;
