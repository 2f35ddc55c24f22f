//! A table that strangers cannot make large, and that forgives nobody when it is full.
//!
//! Whoever has a record keeps it until there is nothing left in it to know. Who comes when there is no room for more
//! shares a record with others who came too late: what one of them did counts for all of these, so a flood of addresses
//! or names does not wash away what was counted before.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::time::{Duration, Instant};

/// How many records those share for whom there is no room.
const SHARED: u64 = 4_096;

/// How often a full table looks for records that are over: each look goes through all of them.
const LOOK: Duration = Duration::from_secs(1);

/// What becomes nothing with time.
pub(super) trait Fading {
    /// A record in which nothing is counted.
    fn new(now: Instant) -> Self;

    /// Whether it tells no more than a new one.
    fn is_over(&self, now: Instant) -> bool;
}

/// The table.
pub(super) struct Bounded<K, V> {
    room: usize,
    own: HashMap<K, V>,
    shared: HashMap<u64, V>,
    /// Nobody outside knows who shares a record with whom.
    hasher: RandomState,
    looked: Option<Instant>,
}

impl<K: Hash + Eq, V: Fading> Bounded<K, V> {
    pub(super) fn new(room: usize) -> Self {
        Self { room, own: HashMap::new(), shared: HashMap::new(), hasher: RandomState::new(), looked: None }
    }

    /// The record, if there is one.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.own.get(key).or_else(|| self.shared.get(&self.place(key)))
    }

    /// The same to change it.
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place(key);
        self.own.get_mut(key).or_else(|| self.shared.get_mut(&place))
    }

    /// The record, a new one if there is none. It may be shared.
    pub(super) fn entry(&mut self, key: K, now: Instant) -> &mut V {
        let place = self.place(&key);
        if self.shared.get(&place).is_some_and(|record| record.is_over(now)) {
            self.shared.remove(&place);
        }
        let has_own = self.own.contains_key(&key);
        // Who has shared one goes on in it: an own one would be new.
        let shares = !has_own && (self.shared.contains_key(&place) || !self.has_room(now));
        if shares {
            self.shared.entry(place).or_insert_with(|| V::new(now))
        } else {
            self.own.entry(key).or_insert_with(|| V::new(now))
        }
    }

    /// Whether somebody has a record that nobody else has.
    pub(super) fn is_own(&self, key: &K) -> bool {
        self.own.contains_key(key)
    }

    /// Forgets what is over.
    pub(super) fn tidy(&mut self, now: Instant) {
        self.own.retain(|_, record| !record.is_over(now));
        self.shared.retain(|_, record| !record.is_over(now));
        if self.own.capacity() > 4 * self.own.len() + 64 {
            self.own.shrink_to_fit();
        }
    }

    fn has_room(&mut self, now: Instant) -> bool {
        if self.own.len() >= self.room && self.looked.is_none_or(|at| now.saturating_duration_since(at) >= LOOK) {
            self.looked = Some(now);
            self.own.retain(|_, record| !record.is_over(now));
        }
        self.own.len() < self.room
    }

    fn place(&self, key: &K) -> u64 {
        self.hasher.hash_one(key) % SHARED
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.own.len() + self.shared.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(u32, Instant);

    impl Fading for Count {
        fn new(now: Instant) -> Self {
            Self(0, now)
        }

        fn is_over(&self, now: Instant) -> bool {
            now.saturating_duration_since(self.1) >= Duration::from_hours(1)
        }
    }

    #[test]
    fn a_full_table_forgives_nobody_and_does_not_grow() {
        let (mut table, now) = (Bounded::<u32, Count>::new(100), Instant::now());
        for n in 0..100_000 {
            table.entry(n, now).0 += 1;
        }
        assert!(table.len() <= 100 + 4_096, "{}", table.len());
        for n in 0..100_000 {
            assert!(table.get(&n).is_some_and(|count| count.0 >= 1), "{n} was forgiven");
        }
        assert!((0..100).all(|n| table.is_own(&n)), "those who were there first have their own");
        let later = now + Duration::from_hours(1);
        assert_eq!(table.entry(200_000, later).0, 0);
        table.tidy(later);
        assert!(table.len() <= 1);
    }

    #[test]
    fn who_has_shared_a_record_goes_on_in_it_when_there_is_room_again() {
        let (mut table, now) = (Bounded::<u32, Count>::new(1), Instant::now());
        table.entry(1, now);
        let soon = now + Duration::from_mins(30);
        table.entry(2, soon).1 = soon;
        table.entry(2, soon).0 = 7;
        let later = now + Duration::from_hours(1);
        table.tidy(later);
        assert_eq!(table.entry(2, later).0, 7);
    }
}
