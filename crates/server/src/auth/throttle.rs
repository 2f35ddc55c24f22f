//! Guessing is slow, and the owner never pays for somebody else's guesses.
//!
//! What counts is the pair of address and name. Wrong passwords of a pair delay its answers, longer each time, and
//! while an answer is delayed further attempts of the pair are turned away unchecked. An address that has logged in to
//! an account before is never turned away from it: its wrong answers are slow, its right ones come at once. The same
//! wrong password again counts once: it is a phone that nobody told of the new one.
//!
//! A stranger's attempt is reserved before it is checked: it counts as a wrong one from its admission on, until it turns
//! out to be right. So of many attempts at once no more are checked than of as many one after the other.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::verified::Digest;

/// The delay after the first wrong password; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(250);

/// The longest delay: about a hundred guesses in a quarter of an hour.
const LONGEST: Duration = Duration::from_secs(10);

/// After so long without a wrong password all is forgotten.
const FORGOTTEN: Duration = Duration::from_mins(15);

/// How long an address that logged in well is known.
const KNOWN: Duration = Duration::from_hours(30 * 24);

/// How many pairs are kept of each kind.
const ROOM: usize = 50_000;

/// How many wrong passwords of a pair are kept apart.
const WRONG_KEPT: usize = 4;

/// Where somebody calls from: an IPv4 address, or the /64 that an IPv6 customer has for their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Network {
    /// A Unix socket.
    Local,
    /// An IPv4 address, also where it is written as an IPv6 one.
    V4([u8; 4]),
    /// The first half of an IPv6 address.
    V6([u8; 8]),
}

impl From<Option<IpAddr>> for Network {
    fn from(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Local,
            Some(IpAddr::V4(v4)) => Self::V4(v4.octets()),
            Some(IpAddr::V6(v6)) => {
                let o = v6.octets();
                Self::V6([o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7]])
            }
        }
    }
}

impl Network {
    /// Whether this is the machine itself: web mail, proxies and tests.
    pub(crate) fn is_loopback(self) -> bool {
        match self {
            Self::Local => true,
            Self::V4(octets) => octets[0] == 127,
            // ::1 is the only address of its /64 that anybody has.
            Self::V6(octets) => octets == [0; 8],
        }
    }
}

/// Who tries to be whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pair {
    pub(super) source: Network,
    /// The name, in small letters, cut to what names may be long.
    name: Box<str>,
}

impl Pair {
    pub(super) fn new(source: Network, name: &str) -> Self {
        let name: String = name.chars().take(256).flat_map(char::to_lowercase).collect();
        Self { source, name: name.into() }
    }
}

/// What is done about an attempt, before any password is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Check it; this pair has logged in before.
    Known,
    /// Check it.
    Stranger,
    /// It is a wrong password that was wrong before: no need to check; answer after so long.
    SameAgain(Duration),
    /// Too soon after the last wrong one: turn it away unchecked.
    TooSoon,
}

struct Record {
    failures: u32,
    last: Instant,
    until: Instant,
    wrong: [Option<Digest>; WRONG_KEPT],
    /// Attempts that count already and whose check has not ended.
    reserved: u32,
    /// The password of the newest of them: a client that opens several connections at once guesses once.
    checking: Option<Digest>,
}

impl Record {
    fn new(now: Instant) -> Self {
        Self { failures: 0, last: now, until: now, wrong: [None; WRONG_KEPT], reserved: 0, checking: None }
    }

    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) < FORGOTTEN
    }

    /// One more attempt counts.
    fn count(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.last = now;
        self.until = now + delay(self.failures);
    }
}

/// The pairs that failed of late, and those that did well.
#[derive(Default)]
pub(super) struct Throttle {
    failing: Mutex<HashMap<Pair, Record>>,
    known: Mutex<HashMap<Pair, Instant>>,
}

impl Throttle {
    /// What to do about an attempt of a pair. `attempt` is the password's digest, where the mechanism shows one. A
    /// stranger's attempt is reserved: [`failed`](Self::failed), [`succeeded`](Self::succeeded) or
    /// [`unchecked`](Self::unchecked) has to follow.
    pub(super) fn admit(&self, pair: &Pair, attempt: Option<&Digest>, now: Instant) -> Admission {
        let known = self.is_known(pair, now);
        let mut failing = self.failing.lock();
        if let Some(record) = failing.get(pair).filter(|record| record.is_fresh(now)) {
            if attempt.is_some_and(|digest| record.wrong.contains(&Some(*digest))) {
                return Admission::SameAgain(delay(record.failures));
            }
            if !known && attempt.is_some() && record.checking.as_ref() == attempt {
                return Admission::Stranger;
            }
            if now < record.until && !known {
                return Admission::TooSoon;
            }
        }
        if known {
            return Admission::Known;
        }
        let record = record(&mut failing, pair, now);
        record.count(now);
        record.reserved += 1;
        record.checking = attempt.copied();
        Admission::Stranger
    }

    /// Whether an attempt of a pair would be checked now. Reserves nothing.
    pub(super) fn is_open(&self, pair: &Pair, now: Instant) -> bool {
        self.is_known(pair, now) || self.failing.lock().get(pair).is_none_or(|r| !r.is_fresh(now) || now >= r.until)
    }

    /// The password was wrong; the answer is due after so long.
    pub(super) fn failed(&self, pair: &Pair, attempt: Option<Digest>, now: Instant) -> Duration {
        let mut failing = self.failing.lock();
        let record = record(&mut failing, pair, now);
        // Another connection tried the same password at the same time.
        if attempt.is_some() && record.wrong.contains(&attempt) {
            return delay(record.failures);
        }
        match record.reserved.checked_sub(1) {
            Some(rest) => record.reserved = rest,
            None => record.count(now),
        }
        if attempt.is_some() {
            record.wrong.rotate_right(1);
            record.wrong[0] = attempt;
        }
        if record.checking == attempt {
            record.checking = None;
        }
        delay(record.failures)
    }

    /// Nobody looked at the password that was reserved: it does not count.
    pub(super) fn unchecked(&self, pair: &Pair, now: Instant) {
        if let Some(record) = self.failing.lock().get_mut(pair)
            && let Some(rest) = record.reserved.checked_sub(1)
        {
            record.reserved = rest;
            record.failures = record.failures.saturating_sub(1);
            record.until = now;
            record.checking = None;
        }
    }

    /// The password was right: the pair is known from now on.
    pub(super) fn succeeded(&self, pair: &Pair, now: Instant) {
        self.failing.lock().remove(pair);
        let mut known = self.known.lock();
        if let Some(seen) = known.get_mut(pair) {
            *seen = now;
            return;
        }
        if known.len() >= ROOM {
            make_room(&mut known, |seen| *seen);
        }
        known.insert(pair.clone(), now);
    }

    fn is_known(&self, pair: &Pair, now: Instant) -> bool {
        self.known.lock().get(pair).is_some_and(|seen| now.saturating_duration_since(*seen) < KNOWN)
    }

    /// Forgets what is too old. Called now and then.
    pub(super) fn tidy(&self, now: Instant) {
        self.failing.lock().retain(|_, record| now.saturating_duration_since(record.last) < FORGOTTEN);
        self.known.lock().retain(|_, seen| now.saturating_duration_since(*seen) < KNOWN);
    }
}

/// The record of a pair, a new one if there is none or all of it is forgotten.
fn record<'a>(failing: &'a mut HashMap<Pair, Record>, pair: &Pair, now: Instant) -> &'a mut Record {
    if failing.len() >= ROOM && !failing.contains_key(pair) {
        make_room(failing, |record| record.last);
    }
    let record = failing.entry(pair.clone()).or_insert_with(|| Record::new(now));
    if !record.is_fresh(now) {
        *record = Record::new(now);
    }
    record
}

fn delay(failures: u32) -> Duration {
    FIRST.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST)
}

/// Drops the older half, so that making room is rare.
fn make_room<K: Eq + Hash, V>(map: &mut HashMap<K, V>, age: impl Fn(&V) -> Instant) {
    let mut ages: Vec<Instant> = map.values().map(&age).collect();
    let middle = ages.len() / 2;
    let (_, median, _) = ages.select_nth_unstable(middle);
    let median = *median;
    map.retain(|_, value| age(value) > median);
}

#[cfg(test)]
mod tests {
    use super::super::verified::Verified;
    use super::*;

    fn pair(address: &str, name: &str) -> Pair {
        Pair::new(Network::from(Some(address.parse().unwrap())), name)
    }

    #[test]
    fn delays_grow_to_ten_seconds() {
        let throttle = Throttle::default();
        let (pair, now) = (pair("192.0.2.1", "anna"), Instant::now());
        let delays: Vec<u128> = (0..9).map(|_| throttle.failed(&pair, None, now).as_millis()).collect();
        assert_eq!(delays, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
        assert_eq!(throttle.admit(&pair, None, now), Admission::TooSoon);
        assert_eq!(throttle.admit(&pair, None, now + LONGEST), Admission::Stranger);
        // The attempt that was just admitted counts until its password turns out to be right.
        assert_eq!(throttle.failed(&pair, None, now + LONGEST + FORGOTTEN), FIRST);
    }

    #[test]
    fn attempts_at_once_are_checked_no_more_often_than_one_after_the_other() {
        let throttle = Throttle::default();
        let (pair, start) = (pair("192.0.2.1", "anna"), Instant::now());
        // 250 within eight seconds, none of which hears an answer before all are there.
        let at = |n: u32| start + Duration::from_millis(32) * n;
        let checked = (0..250).filter(|n| throttle.admit(&pair, None, at(*n)) == Admission::Stranger).count();
        assert_eq!(checked, 6);
        // What nobody looked at does not count, and the answer of a checked one counts no second time.
        throttle.unchecked(&pair, at(250));
        assert!(throttle.is_open(&pair, at(250)));
        assert_eq!(throttle.failed(&pair, None, at(250)), Duration::from_secs(4));
    }

    #[test]
    fn a_client_with_several_connections_tries_its_password_in_all_of_them() {
        let (throttle, digests) = (Throttle::default(), Verified::new([0; 32]));
        let (pair, now) = (pair("192.0.2.1", "anna"), Instant::now());
        let [one, other] = [b"one", b"two"].map(|password| digests.digest(1, password, "hash"));
        for _ in 0..5 {
            assert_eq!(throttle.admit(&pair, Some(&one), now), Admission::Stranger);
        }
        assert_eq!(throttle.admit(&pair, Some(&other), now), Admission::TooSoon);
        for _ in 0..5 {
            assert_eq!(throttle.failed(&pair, Some(one), now), FIRST);
        }
    }

    #[test]
    fn an_attacker_elsewhere_does_not_slow_the_owner() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..1000 {
            throttle.failed(&pair("192.0.2.1", "anna"), None, now);
        }
        assert_eq!(throttle.admit(&pair("192.0.2.1", "anna"), None, now), Admission::TooSoon);
        assert_eq!(throttle.admit(&pair("192.0.2.1", "ANNA"), None, now), Admission::TooSoon);
        assert_eq!(throttle.admit(&pair("198.51.100.1", "anna"), None, now), Admission::Stranger);
        assert_eq!(throttle.admit(&pair("192.0.2.1", "bert"), None, now), Admission::Stranger);
    }

    #[test]
    fn an_address_that_logged_in_before_is_never_turned_away() {
        let throttle = Throttle::default();
        let (pair, now) = (pair("192.0.2.1", "anna"), Instant::now());
        throttle.succeeded(&pair, now);
        for _ in 0..1000 {
            throttle.failed(&pair, None, now);
        }
        assert_eq!(throttle.admit(&pair, None, now), Admission::Known);
        assert_eq!(throttle.failed(&pair, None, now), LONGEST);
        throttle.succeeded(&pair, now);
        assert_eq!(throttle.failed(&pair, None, now), FIRST);
    }

    #[test]
    fn the_same_wrong_password_counts_once() {
        let (throttle, digests) = (Throttle::default(), Verified::new([0; 32]));
        let (pair, now) = (pair("192.0.2.1", "anna"), Instant::now());
        let old = digests.digest(1, b"last year's", "hash");
        assert_eq!(throttle.failed(&pair, Some(old), now), FIRST);
        for _ in 0..50 {
            assert_eq!(throttle.admit(&pair, Some(&old), now), Admission::SameAgain(FIRST));
        }
        // After the owner changed the password to this one, it is another digest.
        let right = digests.digest(1, b"last year's", "new hash");
        assert_eq!(throttle.admit(&pair, Some(&right), now + FIRST), Admission::Stranger);
    }

    #[test]
    fn an_ipv6_customer_is_one_address_and_mapped_ipv4_is_ipv4() {
        let source = |text: &str| Network::from(Some(text.parse::<IpAddr>().unwrap()));
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert!(
            source("::1").is_loopback()
                && source("127.0.0.9").is_loopback()
                && source("::ffff:127.0.0.1").is_loopback()
        );
        assert!(!source("2001:db8::1").is_loopback() && !source("192.0.2.1").is_loopback());
    }

    #[test]
    fn memory_is_bounded_and_old_things_go() {
        let throttle = Throttle::default();
        let start = Instant::now();
        for n in 0..ROOM + 10 {
            throttle.failed(&pair("192.0.2.1", &format!("user{n}")), None, start + Duration::from_micros(n as u64));
        }
        let len = throttle.failing.lock().len();
        assert!(len <= ROOM && len > ROOM / 3, "{len}");
        throttle.tidy(start + FORGOTTEN + Duration::from_secs(1));
        assert!(throttle.failing.lock().is_empty());
    }
}
