//! What is known of a pair of address and name that guessed of late: each wrong password delays its answer, longer each
//! time, and while an answer is delayed the pair's other passwords are turned away unchecked.

use std::time::{Duration, Instant};

use super::bounded::Fading;
use super::budget::{OF_THE_KNOWN, Rank, Used};
use crate::auth::verified::Digest;

/// The delay after the first wrong password; it doubles with each further one.
pub(super) const FIRST: Duration = Duration::from_millis(250);

/// The longest delay: about a hundred guesses in a quarter of an hour.
pub(super) const LONGEST: Duration = Duration::from_secs(10);

/// After so long without a wrong password the delays begin anew.
pub(super) const FORGOTTEN: Duration = Duration::from_mins(15);

/// After so long without a turn it counts as one that had none.
pub(super) const TURNS: Duration = Duration::from_hours(1);

/// How often a password that is said a second time is checked inside the delay.
const AGAIN: Duration = Duration::from_secs(1);

/// How many wrong passwords of a pair are kept apart.
const WRONG_KEPT: usize = 4;

/// A pair that guessed.
pub(super) struct Window {
    failures: u32,
    last: Instant,
    until: Instant,
    /// What `until` was before the newest reservation.
    before: Instant,
    wrong: [Option<Digest>; WRONG_KEPT],
    /// Attempts that count already and whose check has not ended.
    reserved: u32,
    /// The password of the newest of them: a client that opens several connections at once guesses once.
    checking: Option<Digest>,
    /// How many of its guesses were checked.
    pub(super) turns: u32,
    /// When a password that is said again was last checked.
    again: Option<Instant>,
    /// What it used of the budget of those who have logged in before.
    known: Used,
}

impl Fading for Window {
    fn new(now: Instant) -> Self {
        Self {
            failures: 0,
            last: now,
            until: now,
            before: now,
            wrong: [None; WRONG_KEPT],
            reserved: 0,
            checking: None,
            turns: 0,
            again: None,
            known: Used::new(now),
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) >= TURNS && self.known.is_over(now)
    }
}

impl Window {
    /// Lets go what is too old.
    pub(super) fn fade(&mut self, now: Instant) {
        let silent = now.saturating_duration_since(self.last);
        if silent >= FORGOTTEN {
            self.failures = 0;
            self.reserved = 0;
            self.checking = None;
            self.wrong = [None; WRONG_KEPT];
        }
        if silent >= TURNS {
            self.turns = 0;
        }
    }

    /// Whether this password was wrong a moment ago, and how long its answer takes.
    pub(super) fn was_wrong(&self, password: Option<&Digest>) -> Option<Duration> {
        password.filter(|password| self.wrong.contains(&Some(**password))).map(|_| self.delay())
    }

    /// Whether this password is being checked.
    pub(super) fn is_checking(&self, password: Option<&Digest>) -> bool {
        password.is_some() && self.checking.as_ref() == password
    }

    /// Whether an answer is being delayed.
    pub(super) fn is_closed(&self, now: Instant) -> bool {
        now < self.until
    }

    /// Whether a password that is said again may be checked inside the delay.
    pub(super) fn hears_again(&self, now: Instant) -> bool {
        self.again.is_none_or(|last| now.saturating_duration_since(last) >= AGAIN)
    }

    /// Whether one who has logged in before may guess on.
    pub(super) fn spares(&self, rank: Rank, now: Instant) -> bool {
        self.known.offers(&OF_THE_KNOWN, rank, now)
    }

    /// An attempt is admitted: it counts until it turns out to be right.
    pub(super) fn reserve(&mut self, password: Option<&Digest>, rank: Rank, now: Instant) {
        self.before = self.until;
        self.count(now);
        self.reserved += 1;
        self.turns = self.turns.saturating_add(1);
        self.checking = password.copied();
        if rank == Rank::Again {
            self.again = Some(now);
        }
    }

    /// A reserved attempt was wrong.
    pub(super) fn settle(&mut self, now: Instant) {
        match self.reserved.checked_sub(1) {
            Some(rest) => self.reserved = rest,
            // It was forgotten meanwhile.
            None => self.count(now),
        }
    }

    /// A reserved attempt was none: nobody looked at it, or it was right.
    pub(super) fn undo(&mut self) {
        if let Some(rest) = self.reserved.checked_sub(1) {
            self.reserved = rest;
            self.failures = self.failures.saturating_sub(1);
            self.turns = self.turns.saturating_sub(1);
            self.until = self.until.min(self.before);
            self.checking = None;
        }
    }

    /// One who has logged in before was wrong.
    pub(super) fn known_failed(&mut self, now: Instant) {
        self.count(now);
        self.known.take(&OF_THE_KNOWN, now);
    }

    /// This password is wrong; the answer is due after so long.
    pub(super) fn remember(&mut self, password: Option<Digest>) -> Duration {
        if password.is_some() {
            if !self.wrong.contains(&password) {
                self.wrong.rotate_right(1);
                self.wrong[0] = password;
            }
            if self.checking == password {
                self.checking = None;
            }
        }
        self.delay()
    }

    /// The right password came: the delays begin anew.
    pub(super) fn forgive(&mut self, now: Instant) {
        self.failures = 0;
        self.until = now;
    }

    fn count(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.last = now;
        self.until = now + self.delay();
    }

    fn delay(&self) -> Duration {
        FIRST.saturating_mul(1 << self.failures.saturating_sub(1).min(16)).min(LONGEST)
    }
}
