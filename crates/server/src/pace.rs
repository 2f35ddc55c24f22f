//! How fast strangers are worked for: what they say before login costs units of a budget that each address has, and one that
//! all share. Who is over it is not read until it is his turn again. An address that has said little of late goes ahead of those that
//! wait for the common one, so that a login needs no luck while others flood.
//!
//! Behind the machine's own address there are many: there it is each new connection that goes ahead.
//!
//! A unit is a line or a read, which take up to some tens of microseconds; a TLS handshake takes as long as [`HANDSHAKE`] of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::auth::Network;

/// What a TLS handshake costs.
pub(crate) const HANDSHAKE: u32 = 20;

/// How much a stranger is read at once.
pub(crate) const READ: usize = 8 << 10;

/// Of one address: 2,000 units a second. The machine itself has no such budget: web mail and proxies call from there.
const OF_AN_ADDRESS: Rate = Rate { unit: Duration::from_micros(500), ahead: Duration::from_secs(2) };

/// Of all addresses: 8,000 units a second, less than half a core's time.
const OF_ALL: Rate = Rate { unit: Duration::from_micros(125), ahead: Duration::from_secs(4) };

/// What an address may say whatever others do: 96 units, a login or two, and then two a second.
const FIRST: Rate = Rate { unit: Duration::from_millis(500), ahead: Duration::from_secs(48) };

/// What a connection from the machine itself may say whatever others do: a handshake and a login.
const FIRST_OF_A_CONNECTION: u32 = 40;

/// How long it is remembered at most that an address has said much.
const REMEMBERED: Duration = Duration::from_mins(2);

/// A budget that fills up again.
struct Rate {
    /// How soon a unit is there again.
    unit: Duration,
    /// How much may be used ahead.
    ahead: Duration,
}

/// What has been used of a budget: when it will be whole again.
#[derive(Clone, Copy, Debug)]
struct Used(Instant);

impl Used {
    fn charge(&mut self, rate: &Rate, units: u32, now: Instant) {
        self.0 = self.0.max(now) + rate.unit * units;
    }

    /// Some of it was not used after all.
    fn give_back(&mut self, rate: &Rate, units: u32) {
        self.0 = self.0.checked_sub(rate.unit * units).unwrap_or(self.0);
    }

    /// How long it takes until something may be used again.
    fn delay(self, rate: &Rate, now: Instant) -> Duration {
        self.0.saturating_duration_since(now).saturating_sub(rate.ahead)
    }
}

/// The budgets of a process.
#[derive(Debug)]
pub(crate) struct Paces(Mutex<Table>);

#[derive(Debug)]
struct Table {
    all: Used,
    addresses: HashMap<Network, Address>,
    /// When so many are known, those whose budgets are whole are forgotten.
    forget_at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Address {
    own: Used,
    first: Used,
}

impl Default for Paces {
    fn default() -> Self {
        Self(Mutex::new(Table { all: Used(Instant::now()), addresses: HashMap::new(), forget_at: 64 }))
    }
}

impl Paces {
    /// A connection's part in it.
    pub(crate) fn pace(self: &Arc<Self>, address: Network) -> Pace {
        Pace { paces: self.clone(), address, used: AtomicU32::new(0) }
    }
}

/// The pace of one connection.
#[derive(Debug)]
pub(crate) struct Pace {
    paces: Arc<Paces>,
    address: Network,
    /// The units that it has used.
    used: AtomicU32,
}

impl Pace {
    /// What the client said is worked on: its lines, and the reading.
    pub(crate) fn heard(&self, bytes: &[u8], now: Instant) {
        let lines_and_the_read = bytes.split(|octet| *octet == b'\n').count();
        self.charge(u32::try_from(lines_and_the_read).unwrap_or(u32::MAX), now);
    }

    /// Whoever it is has logged in: that was no stranger's work. Web mail logs thousands of people in a second.
    pub(crate) fn was_no_stranger(&self) {
        let used = self.used.swap(0, Ordering::Relaxed);
        let table = &mut *self.paces.0.lock();
        table.all.give_back(&OF_ALL, used);
        if let Some(address) = table.addresses.get_mut(&self.address) {
            address.own.give_back(&OF_AN_ADDRESS, used);
            address.first.give_back(&FIRST, used);
        }
    }

    /// So many units are used.
    pub(crate) fn charge(&self, units: u32, now: Instant) {
        self.used.fetch_add(units, Ordering::Relaxed);
        let table = &mut *self.paces.0.lock();
        table.all.charge(&OF_ALL, units, now);
        table.forget(now);
        let address = match table.addresses.entry(self.address) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Address { own: Used(now), first: Used(now) }),
        };
        address.own.charge(&OF_AN_ADDRESS, units, now);
        address.first.charge(&FIRST, units, now);
        address.first.0 = address.first.0.min(now + REMEMBERED);
    }

    /// How long the client is not to be read; `None` if it may be.
    pub(crate) fn delay(&self, now: Instant) -> Option<Duration> {
        let table = self.paces.0.lock();
        let address = table.addresses.get(&self.address)?;
        let (own, is_first) = if self.address.is_loopback() {
            (Duration::ZERO, self.used.load(Ordering::Relaxed) < FIRST_OF_A_CONNECTION)
        } else {
            (address.own.delay(&OF_AN_ADDRESS, now), address.first.delay(&FIRST, now).is_zero())
        };
        let all = if is_first { Duration::ZERO } else { table.all.delay(&OF_ALL, now) };
        Some(own.max(all)).filter(|delay| !delay.is_zero())
    }
}

impl Table {
    fn forget(&mut self, now: Instant) {
        if self.addresses.len() >= self.forget_at {
            self.addresses.retain(|_, address| address.own.0 > now || address.first.0 > now);
            self.forget_at = 2 * self.addresses.len().max(32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(n: u8) -> Network {
        Network::V4([192, 0, 2, n])
    }

    #[test]
    fn an_address_has_its_pace_and_leaves_others_theirs() {
        let (paces, now) = (Arc::new(Paces::default()), Instant::now());
        let (flood, other) = (paces.pace(network(1)), paces.pace(network(2)));
        flood.charge(4_000, now);
        assert_eq!(flood.delay(now), None);
        flood.heard(b"a CAPABILITY\r\nb CAPABILITY\r\n", now);
        assert_eq!(flood.delay(now), Some(3 * OF_AN_ADDRESS.unit));
        assert_eq!(paces.pace(network(1)).delay(now), flood.delay(now), "another connection is no way round");
        assert_eq!(other.delay(now), None);
        let later = now + Duration::from_secs(1);
        flood.charge(1_900, later);
        assert_eq!(flood.delay(later), None, "2,000 a second");
        flood.charge(200, later);
        assert!(flood.delay(later).is_some());
    }

    #[test]
    fn while_many_flood_a_login_goes_ahead() {
        let (paces, now) = (Arc::new(Paces::default()), Instant::now());
        let floods: Vec<Pace> = (0..=200).map(|n| paces.pace(network(n))).collect();
        for flood in &floods {
            flood.charge(1_000, now);
        }
        let delay = floods[0].delay(now).expect("all have used too much");
        assert!(delay > Duration::from_secs(20), "{delay:?}");
        let owner = paces.pace(network(250));
        for _ in 0..2 {
            owner.charge(HANDSHAKE, now);
            owner.heard(b"a LOGIN anna secret\r\n", now);
            assert_eq!(owner.delay(now), None);
        }
        owner.charge(100, now);
        assert!(owner.delay(now).is_some(), "it is a flood as well");
        assert_eq!(owner.delay(now + REMEMBERED), None);
    }

    #[test]
    fn the_machine_itself_has_the_common_budget_alone() {
        let (paces, now) = (Arc::new(Paces::default()), Instant::now());
        let proxy = paces.pace(Network::Local);
        proxy.charge(32_000, now);
        assert_eq!(proxy.delay(now), None);
        proxy.charge(8_000, now);
        assert_eq!(proxy.delay(now), Some(Duration::from_secs(1)));
        let login = paces.pace(Network::Local);
        login.charge(HANDSHAKE, now);
        login.heard(b"a LOGIN anna secret\r\n", now);
        assert_eq!(login.delay(now), None, "others behind the same proxy log in meanwhile");
        login.charge(FIRST_OF_A_CONNECTION, now);
        assert!(login.delay(now).is_some());
    }

    #[test]
    fn who_logs_in_has_used_nothing() {
        let (paces, now) = (Arc::new(Paces::default()), Instant::now());
        for _ in 0..100_000 {
            let pace = paces.pace(Network::Local);
            pace.charge(HANDSHAKE, now);
            pace.heard(b"a LOGIN anna secret\r\n", now);
            pace.was_no_stranger();
        }
        assert_eq!(paces.pace(Network::Local).delay(now), None);
    }

    #[test]
    fn addresses_that_are_silent_are_forgotten() {
        let (paces, now) = (Arc::new(Paces::default()), Instant::now());
        for n in 0..10_000_u32 {
            let address = Network::V4(n.to_be_bytes());
            paces.pace(address).charge(1, now + Duration::from_secs(n.into()));
        }
        assert!(paces.0.lock().addresses.len() <= 128);
    }
}
