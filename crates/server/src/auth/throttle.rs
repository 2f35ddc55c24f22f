//! Guessing is slow, and the owner never pays for somebody else's guesses.
//!
//! Pure rules over a clock that is handed in. In reading order: `known` (from where somebody has logged in of late, which
//! `kept` makes last over restarts), `window` (each wrong password of a pair of address and name delays the pair), `budget` (how
//! many guesses of strangers are checked in an hour at an account and from an address), `again` (who says a password a
//! second time that was turned away is let through where others wait), `bounded` (what all of it is kept in).
//!
//! An attempt is reserved before it is checked: it counts as a wrong one from its admission on, until it turns out to be
//! right. So of many attempts at once no more are checked than of as many one after the other. Whatever compares a password
//! with the right one is a check, be it by a hash, a proof or what was right a moment ago.

mod again;
mod bounded;
mod budget;
mod kept;
mod known;
mod window;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use gate::Now;
use parking_lot::Mutex;
use store::backend::{Rows, folded};
use store::{AccountId, Error};

use super::Network;
use super::slots::{Caller, Load};
use super::verified::Digest;
use again::Again;
use bounded::Bounded;
use budget::{OF_AN_ACCOUNT, OF_AN_ADDRESS, Rank, Used};
use known::Known;
use window::Window;

/// How many pairs have a record of their own, some 300 octets each.
const PAIRS: usize = 65_536;

/// How many accounts, and how many addresses, have a budget of their own.
const BUDGETS: usize = 65_536;

/// How much of a name counts: no account has a longer one.
const LONGEST_NAME: usize = 320;

/// Who tries to be whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pair {
    source: Network,
    name: Box<str>,
}

/// Whose budget it is: a name that nobody has has one like any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Account(AccountId),
    Nobody(Box<str>),
}

/// An attempt: from where, to be whom, with which password where the mechanism shows one.
#[derive(Clone)]
pub(super) struct Guess {
    pair: Pair,
    account: Option<AccountId>,
    password: Option<Digest>,
}

impl Guess {
    pub(super) fn new(source: Network, name: &str, account: Option<AccountId>, password: Option<Digest>) -> Self {
        let mut end = name.len().min(LONGEST_NAME);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        Self { pair: Pair { source, name: folded(&name[..end]).into() }, account, password }
    }

    fn whose(&self) -> Whose {
        self.account.map_or_else(|| Whose::Nobody(self.pair.name.clone()), Whose::Account)
    }
}

/// What is done about an attempt, before any password is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Check it; [`Throttle::right`], [`Throttle::wrong`] or [`Throttle::unchecked`] has to follow.
    Check(Standing),
    /// It is a wrong password that was wrong before: no need to check; answer after so long.
    WrongAgain(Duration),
    /// Too soon after the last wrong one of the pair: turn it away unchecked.
    TooSoon,
    /// The account or the address has no guesses left: turn it away unchecked.
    Spent,
}

/// How an admitted attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Somebody has logged in to this account from there.
    Known,
    /// It is reserved.
    Stranger,
    /// Another connection of the same stranger tries the same password, which counts once.
    Beside,
}

/// Who guessed of late, and who did well.
pub(super) struct Throttle {
    strangers: Mutex<Strangers>,
    known: Known,
}

struct Strangers {
    pairs: Bounded<Pair, Window>,
    accounts: Bounded<Whose, Used>,
    addresses: Bounded<Network, Used>,
    again: Again,
}

impl Throttle {
    pub(super) fn new(now: Instant) -> Self {
        let strangers = Strangers {
            pairs: Bounded::new(PAIRS),
            accounts: Bounded::new(BUDGETS),
            addresses: Bounded::new(BUDGETS),
            again: Again::new(now),
        };
        Self { strangers: Mutex::new(strangers), known: Known::default() }
    }

    /// What to do about an attempt, with so much to hash already.
    pub(super) fn admit(&self, guess: &Guess, load: Load, now: Now) -> Admission {
        let caller = if self.is_known(guess, now) { Caller::Known } else { Caller::Stranger };
        self.strangers.lock().admit(guess, (caller, load), now.monotonic)
    }

    /// Whether this attempt may be compared with the right password without further ado: nothing needs to be reserved
    /// for who has logged in from there before and has not been guessing for long.
    pub(super) fn is_free(&self, guess: &Guess, now: Now) -> bool {
        let spared = |window: &Window| window.spares(Rank::Turns(0), now.monotonic);
        self.is_known(guess, now) && self.strangers.lock().pairs.get(&guess.pair).is_none_or(spared)
    }

    /// The password was wrong; the answer is due after so long.
    pub(super) fn wrong(&self, guess: &Guess, standing: Standing, now: Now) -> Duration {
        let strangers = &mut *self.strangers.lock();
        let window = strangers.window(guess, now.monotonic);
        match standing {
            Standing::Known if window.was_wrong(guess.password.as_ref()).is_none() => {
                window.known_failed(now.monotonic);
            }
            Standing::Stranger => window.settle(now.monotonic),
            Standing::Known | Standing::Beside => {}
        }
        window.remember(guess.password)
    }

    /// The password was right: the address is known from now on, and what was reserved was no guess.
    pub(super) fn right(&self, guess: &Guess, standing: Standing, now: Now) {
        let strangers = &mut *self.strangers.lock();
        if standing == Standing::Stranger {
            strangers.undo(guess);
        }
        // A record that is shared is others' too.
        if strangers.pairs.is_own(&guess.pair)
            && let Some(window) = strangers.pairs.get_mut(&guess.pair)
        {
            window.forgive(now.monotonic);
        }
        if let Some(account) = guess.account {
            self.known.note((account, guess.pair.source), now.unix);
        }
    }

    /// Nobody looked at the password: it does not count.
    pub(super) fn unchecked(&self, guess: &Guess, standing: Standing) {
        if standing == Standing::Stranger {
            self.strangers.lock().undo(guess);
        }
    }

    /// Forgets what is too old. Called now and then.
    pub(super) fn tidy(&self, now: Now) {
        let strangers = &mut *self.strangers.lock();
        strangers.pairs.tidy(now.monotonic);
        strangers.accounts.tidy(now.monotonic);
        strangers.addresses.tidy(now.monotonic);
        strangers.again.tidy(now.monotonic);
        self.known.tidy(now.unix);
    }

    /// Reads what earlier processes knew. After an error what was read until then is known.
    pub(super) fn recall(&self, rows: &dyn Rows, now: Now) -> Result<(), Error> {
        kept::load(&self.known, rows, now.unix)
    }

    /// Writes what is known now and was not the last time. After an error it is tried again the next time.
    pub(super) fn keep(&self, rows: &dyn Rows) -> Result<(), Error> {
        kept::save(&self.known, rows)
    }

    fn is_known(&self, guess: &Guess, now: Now) -> bool {
        guess.account.is_some_and(|account| self.known.has((account, guess.pair.source), now.unix))
    }
}

impl Strangers {
    fn admit(&mut self, guess: &Guess, (caller, load): (Caller, Load), now: Instant) -> Admission {
        let password = guess.password.as_ref();
        let mut window = self.pairs.get_mut(&guess.pair);
        if let Some(window) = &mut window {
            window.fade(now);
            if let Some(delay) = window.was_wrong(password) {
                return Admission::WrongAgain(delay);
            }
            if caller == Caller::Stranger && window.is_checking(password) {
                return Admission::Check(Standing::Beside);
            }
        }
        let said_before = self.again.was_said(guess);
        let turns = window.as_ref().map_or(0, |window| window.turns);
        let rank = if said_before { Rank::Again } else { Rank::Turns(turns) };
        let is_open = window.is_none_or(|window| match (caller, rank) {
            // Where more is guessed than can be hashed, the owner would wait in line behind all of it.
            (Caller::Known, Rank::Turns(_)) if load == Load::Heavy && window.is_closed(now) => false,
            (Caller::Known, rank) => window.spares(rank, now),
            (Caller::Stranger, Rank::Again) if window.hears_again(now) => true,
            (Caller::Stranger, _) => !window.is_closed(now),
        });
        let admission = if !is_open {
            Admission::TooSoon
        } else if caller == Caller::Known {
            Admission::Check(Standing::Known)
        } else if self.reserve(guess, rank, now) {
            Admission::Check(Standing::Stranger)
        } else {
            Admission::Spent
        };
        match admission {
            Admission::Check(_) => self.again.take(guess),
            _ => self.again.note(guess, now),
        }
        admission
    }

    /// Takes a guess from both budgets, if both offer one.
    fn reserve(&mut self, guess: &Guess, rank: Rank, now: Instant) -> bool {
        let offers = |used: Option<&Used>, rate| used.is_none_or(|used| used.offers(rate, rank, now));
        let whose = guess.whose();
        if !offers(self.accounts.get(&whose), &OF_AN_ACCOUNT)
            || !offers(self.addresses.get(&guess.pair.source), &OF_AN_ADDRESS)
        {
            return false;
        }
        self.accounts.entry(whose, now).take(&OF_AN_ACCOUNT, now);
        self.addresses.entry(guess.pair.source, now).take(&OF_AN_ADDRESS, now);
        self.window(guess, now).reserve(guess.password.as_ref(), rank, now);
        true
    }

    /// A reserved attempt was no guess.
    fn undo(&mut self, guess: &Guess) {
        if let Some(used) = self.accounts.get_mut(&guess.whose()) {
            used.give_back(&OF_AN_ACCOUNT);
        }
        if let Some(used) = self.addresses.get_mut(&guess.pair.source) {
            used.give_back(&OF_AN_ADDRESS);
        }
        if let Some(window) = self.pairs.get_mut(&guess.pair) {
            window.undo();
        }
    }

    fn window(&mut self, guess: &Guess, now: Instant) -> &mut Window {
        let window = self.pairs.entry(guess.pair.clone(), now);
        window.fade(now);
        window
    }
}
