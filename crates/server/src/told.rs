//! What has been told of strangers: the same of the same address is told once an hour, lest a stranger writes our log.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::auth::Network;

/// When it is told again.
const AGAIN: Duration = Duration::from_hours(1);

/// How many are remembered. Where there are more, what is new is not told.
const ROOM: usize = 1_000;

/// What was told, and when.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<HashMap<(Network, String), Instant>>);

impl Told {
    /// Whether this is to be told now.
    pub(crate) fn is_due(&self, address: Network, what: &str, now: Instant) -> bool {
        let mut told = self.0.lock();
        let what = (address, what.to_owned());
        if told.get(&what).is_some_and(|told| now.saturating_duration_since(*told) < AGAIN) {
            return false;
        }
        if told.len() >= ROOM {
            told.retain(|_, told| now.saturating_duration_since(*told) < AGAIN);
        }
        let due = told.len() < ROOM;
        if due {
            told.insert(what, now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_once_an_hour_and_no_more_than_there_is_room_for() {
        let (told, now) = (Told::default(), Instant::now());
        let address = |n: u32| Network::V4(n.to_be_bytes());
        assert!(told.is_due(address(0), "no cipher in common", now));
        assert!(!told.is_due(address(0), "no cipher in common", now));
        assert!(told.is_due(address(0), "it hung up", now) && told.is_due(address(1), "it hung up", now));
        let news = (2..3_000).filter(|n| told.is_due(address(*n), "it hung up", now)).count();
        assert_eq!(news, ROOM - 3);
        assert!(told.is_due(address(0), "it hung up", now + AGAIN));
    }
}
