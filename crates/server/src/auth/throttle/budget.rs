//! How many guesses of strangers are checked in an hour, whatever else is true: at one account, and from one address.
//!
//! A budget fills up again, a guess at a time. The more of it is used, the fewer may use what is left: first those wait
//! who have had turns already, so each of many addresses gets as many as each other, and one that comes new finds
//! something left. The last part is for who says a password a second time that was turned away the first time: people and
//! their programs do that, who guesses does not.

use std::time::{Duration, Instant};

use super::bounded::Fading;

/// At one account: 360 guesses at once and 240 an hour, no more than 600 in any hour.
pub(super) const OF_AN_ACCOUNT: Rate =
    Rate { guess: Duration::from_secs(15), by_turns: [300, 210, 160, 120], again: 360 };

/// From one address: 120 guesses at once and 120 an hour, no more than 240 in any hour.
pub(super) const OF_AN_ADDRESS: Rate = Rate { guess: Duration::from_secs(30), by_turns: [60, 45, 35, 30], again: 120 };

/// From an address that has logged in to the account, at it: 3,600 at once and one a second.
pub(super) const OF_THE_KNOWN: Rate = Rate { guess: Duration::from_secs(1), by_turns: [3_540; 4], again: 3_600 };

/// A budget's size.
pub(super) struct Rate {
    /// How soon one more guess is there.
    guess: Duration,
    /// How many may be used up by who has had none, one, two or more turns.
    by_turns: [u32; 4],
    /// How many may be used up by who says the same again: all of them.
    again: u32,
}

/// What somebody has to show for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// So many turns before.
    Turns(u32),
    /// The same password was turned away a moment ago.
    Again,
}

/// What has been used of a budget: when it will be whole again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used(Instant);

impl Fading for Used {
    fn new(now: Instant) -> Self {
        Self(now)
    }

    fn is_over(&self, now: Instant) -> bool {
        self.0 <= now
    }
}

impl Used {
    /// Whether there is a guess left for who shows this.
    pub(super) fn offers(self, rate: &Rate, rank: Rank, now: Instant) -> bool {
        let most = match rank {
            Rank::Again => rate.again,
            Rank::Turns(turns) => {
                let last = rate.by_turns.len() - 1;
                rate.by_turns[usize::try_from(turns).unwrap_or(last).min(last)]
            }
        };
        self.0.saturating_duration_since(now) + rate.guess <= rate.guess * most
    }

    /// One guess is used.
    pub(super) fn take(&mut self, rate: &Rate, now: Instant) {
        self.0 = self.0.max(now) + rate.guess;
    }

    /// It was no guess after all.
    pub(super) fn give_back(&mut self, rate: &Rate) {
        self.0 = self.0.checked_sub(rate.guess).unwrap_or(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hour_has_more_than_the_docs_say() {
        for (rate, most) in [(&OF_AN_ACCOUNT, 600), (&OF_AN_ADDRESS, 240), (&OF_THE_KNOWN, 7_200)] {
            let start = Instant::now();
            let mut used = Used::new(start);
            let mut taken = Vec::new();
            for tick in 0..3 * 36_000 {
                let now = start + Duration::from_millis(100) * tick;
                while used.offers(rate, Rank::Again, now) {
                    used.take(rate, now);
                    taken.push(now);
                }
            }
            let hour = Duration::from_hours(1);
            let within = |from: usize| taken[from..].iter().take_while(|at| **at - taken[from] < hour).count();
            let max = (0..taken.len()).step_by(60).map(within).max();
            assert!(max.is_some_and(|max| (most - 2..=most).contains(&max)), "{max:?} of {most}");
        }
    }

    #[test]
    fn who_had_fewer_turns_finds_something_left() {
        let (mut used, now) = (Used::new(Instant::now()), Instant::now());
        for (rank, most) in [
            (Rank::Turns(9), 120),
            (Rank::Turns(2), 160),
            (Rank::Turns(1), 210),
            (Rank::Turns(0), 300),
            (Rank::Again, 360),
        ] {
            while used.offers(&OF_AN_ACCOUNT, rank, now) {
                used.take(&OF_AN_ACCOUNT, now);
            }
            assert_eq!(used.0.saturating_duration_since(now).as_secs().div_ceil(15), most);
        }
        used.give_back(&OF_AN_ACCOUNT);
        assert!(used.offers(&OF_AN_ACCOUNT, Rank::Again, now));
    }
}
