//! From where somebody has logged in to an account of late: there the owner is never turned away for what strangers do.

use std::collections::{HashMap, HashSet};

use parking_lot::RwLock;
use store::AccountId;

use crate::auth::Network;

/// How long an address is known after the last login from it, in seconds: 30 days.
const KNOWN: i64 = 30 * DAY;

/// How exactly it is known when that was: a row is not written anew at each login.
const DAY: i64 = 24 * 60 * 60;

/// How many addresses of an account are known; the one that was seen longest ago goes.
const OF_AN_ACCOUNT: usize = 64;

/// How many are known of all accounts. Only right passwords make them, and who is forgotten is a stranger again.
pub(super) const OF_ALL: usize = 100_000;

/// An address of an account.
pub(super) type Place = (AccountId, Network);

/// An address that somebody has logged in from.
#[derive(Clone, Copy, Debug)]
struct Seen {
    from: Network,
    /// In unix seconds.
    at: i64,
}

impl Seen {
    fn is_known(&self, unix: i64) -> bool {
        unix.saturating_sub(self.at) < KNOWN
    }
}

/// The addresses of all accounts.
#[derive(Default)]
pub(super) struct Known(RwLock<Table>);

#[derive(Default)]
struct Table {
    accounts: HashMap<AccountId, Vec<Seen>>,
    count: usize,
    /// What is to be written, or removed where it is not known any more.
    changed: HashSet<Place>,
}

impl Known {
    /// Whether somebody has logged in from there of late.
    pub(super) fn has(&self, (account, from): Place, unix: i64) -> bool {
        self.0.read().find((account, from)).is_some_and(|seen| seen.is_known(unix))
    }

    /// Somebody logs in from there.
    pub(super) fn note(&self, place: Place, unix: i64) {
        let written = |seen: &Seen| (0..DAY).contains(&unix.saturating_sub(seen.at));
        if !self.0.read().find(place).is_some_and(written) {
            let mut table = self.0.write();
            table.set(place, unix);
            table.changed.insert(place);
        }
    }

    /// This was kept by an earlier process.
    pub(super) fn recall(&self, place: Place, at: i64, unix: i64) {
        let mut table = self.0.write();
        if !(Seen { from: place.1, at }).is_known(unix) {
            table.changed.insert(place);
        } else if table.find(place).is_none_or(|seen| seen.at < at) {
            table.set(place, at);
        }
    }

    /// Forgets what is too old.
    pub(super) fn tidy(&self, unix: i64) {
        let table = &mut *self.0.write();
        for (account, places) in &mut table.accounts {
            places.retain(|seen| {
                let stays = seen.is_known(unix);
                if !stays {
                    table.changed.insert((*account, seen.from));
                }
                stays
            });
        }
        table.recount();
        if table.changed.len() > 2 * OF_ALL {
            // Nothing could be removed for long. What stays is found to be too old when it is read.
            let live: HashSet<Place> =
                table.changed.iter().filter(|place| table.find(**place).is_some()).copied().collect();
            table.changed = live;
        }
    }

    /// Some of what is to be written: when it was seen, or `None` where it is to be removed.
    pub(super) fn take_changes(&self, most: usize) -> Vec<(Place, Option<i64>)> {
        let mut table = self.0.write();
        let taken: Vec<Place> = table.changed.iter().take(most).copied().collect();
        let with_time = |place: Place| (place, table.find(place).map(|seen| seen.at));
        let changes = taken.iter().copied().map(with_time).collect();
        for place in taken {
            table.changed.remove(&place);
        }
        changes
    }

    /// These could not be written.
    pub(super) fn put_back(&self, changes: Vec<(Place, Option<i64>)>) {
        self.0.write().changed.extend(changes.into_iter().map(|(place, _)| place));
    }
}

impl Table {
    fn find(&self, (account, from): Place) -> Option<&Seen> {
        self.accounts.get(&account)?.iter().find(|seen| seen.from == from)
    }

    fn set(&mut self, (account, from): Place, at: i64) {
        let places = self.accounts.entry(account).or_default();
        if let Some(seen) = places.iter_mut().find(|seen| seen.from == from) {
            seen.at = at;
            return;
        }
        if places.len() >= OF_AN_ACCOUNT
            && let Some(oldest) = (0..places.len()).min_by_key(|n| places[*n].at)
        {
            let gone = places.swap_remove(oldest);
            self.changed.insert((account, gone.from));
            self.count -= 1;
        }
        places.push(Seen { from, at });
        self.count += 1;
        if self.count > OF_ALL {
            self.make_room();
        }
    }

    /// Forgets a sixteenth, those that were seen longest ago, so that making room is rare.
    fn make_room(&mut self) {
        let mut times: Vec<i64> = self.accounts.values().flatten().map(|seen| seen.at).collect();
        let sixteenth = times.len() / 16;
        let (_, oldest, _) = times.select_nth_unstable(sixteenth);
        let oldest = *oldest;
        // Many may have been seen at the same time.
        let mut most = sixteenth + 1;
        for (account, places) in &mut self.accounts {
            places.retain(|seen| {
                let goes = seen.at <= oldest && most > 0;
                if goes {
                    most -= 1;
                    self.changed.insert((*account, seen.from));
                }
                !goes
            });
        }
        self.recount();
    }

    fn recount(&mut self) {
        self.accounts.retain(|_, places| !places.is_empty());
        self.count = self.accounts.values().map(Vec::len).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(account: u64, address: u32) -> Place {
        (AccountId::new(account).unwrap(), Network::V4(address.to_be_bytes()))
    }

    #[test]
    fn an_address_is_known_for_thirty_days_after_its_last_login() {
        let known = Known::default();
        known.note(place(1, 1), 1_000);
        assert!(known.has(place(1, 1), 1_000 + KNOWN - 1) && !known.has(place(1, 1), 1_000 + KNOWN));
        assert!(!known.has(place(1, 2), 1_000) && !known.has(place(2, 1), 1_000));
        assert_eq!(known.take_changes(9), [(place(1, 1), Some(1_000))]);
        known.note(place(1, 1), 2_000);
        assert!(known.take_changes(9).is_empty(), "it is not written anew at each login");
        known.note(place(1, 1), 1_000 + DAY);
        assert_eq!(known.take_changes(9), [(place(1, 1), Some(1_000 + DAY))]);
        // A clock that went back: it is not known for longer than from now on.
        known.note(place(1, 1), 500);
        assert!(!known.has(place(1, 1), 500 + KNOWN));
        known.take_changes(9);
        known.tidy(500 + KNOWN);
        assert_eq!(known.take_changes(9), [(place(1, 1), None)]);
    }

    #[test]
    fn an_account_has_so_many_and_the_oldest_goes() {
        let known = Known::default();
        for n in 0..70_u32 {
            known.note(place(1, n), i64::from(n));
        }
        assert!(!known.has(place(1, 5), 70) && known.has(place(1, 6), 70));
        assert_eq!(known.0.read().count, OF_AN_ACCOUNT);
        assert_eq!(known.take_changes(100).iter().filter(|(_, at)| at.is_none()).count(), 6);
    }

    #[test]
    fn all_together_are_bounded_though_they_came_at_once() {
        let known = Known::default();
        for n in 0..OF_ALL as u64 + 10_000 {
            known.note(place(1 + n / 50, u32::try_from(n % 50).unwrap()), 7);
        }
        let count = known.0.read().count;
        assert!(count <= OF_ALL && count > OF_ALL * 9 / 10, "{count}");
        // Writing fails for long, and all become too old: what is to be removed is bounded as well.
        for round in 1..4_u64 {
            for n in 0..OF_ALL as u64 {
                known.note(place(1 + round * 1_000_000 + n / 50, u32::try_from(n % 50).unwrap()), 7);
            }
        }
        known.tidy(7 + KNOWN);
        let table = known.0.read();
        assert!(table.count == 0 && table.changed.len() <= 2 * OF_ALL, "{}", table.changed.len());
    }
}
