//! Passwords that were turned away unchecked a moment ago: who says the same once more is hardly guessing.
//!
//! Two sets of fingerprints, the newer of which is filled while the older one is still asked.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::Guess;

/// How many fingerprints a set has at most. Strangers say some thousands of lines a second, so this is some seconds of all that
/// they can say, and minutes of an attack that is not noticed by its load.
const ROOM: usize = 65_536;

/// How long one is filled at most.
const FILLED: Duration = Duration::from_mins(1);

/// What was turned away.
pub(super) struct Again {
    newer: HashSet<u64>,
    older: HashSet<u64>,
    begun: Instant,
    /// Whose fingerprints are alike nobody outside knows.
    hasher: RandomState,
}

impl Again {
    pub(super) fn new(now: Instant) -> Self {
        Self { newer: HashSet::new(), older: HashSet::new(), begun: now, hasher: RandomState::new() }
    }

    /// Whether this was turned away before, and was not admitted since.
    pub(super) fn was_said(&self, guess: &Guess) -> bool {
        self.fingerprint(guess).is_some_and(|print| self.newer.contains(&print) || self.older.contains(&print))
    }

    /// This is turned away.
    pub(super) fn note(&mut self, guess: &Guess, now: Instant) {
        let Some(print) = self.fingerprint(guess) else { return };
        if self.newer.len() >= ROOM {
            self.begin(now);
        }
        self.newer.insert(print);
    }

    /// This is admitted: another second time begins with another first one.
    pub(super) fn take(&mut self, guess: &Guess) {
        if let Some(print) = self.fingerprint(guess) {
            self.newer.remove(&print);
            self.older.remove(&print);
        }
    }

    /// Forgets what is too old. Called now and then.
    pub(super) fn tidy(&mut self, now: Instant) {
        if now.saturating_duration_since(self.begun) >= FILLED {
            self.begin(now);
        }
    }

    fn begin(&mut self, now: Instant) {
        self.older = std::mem::take(&mut self.newer);
        self.begun = now;
    }

    /// `None` where the mechanism shows no password.
    fn fingerprint(&self, guess: &Guess) -> Option<u64> {
        guess.password.as_ref().map(|password| self.hasher.hash_one((&guess.pair, password)))
    }
}
