//! What `docs/authentication.md` promises, held by a simulated clock: nothing sleeps, and each run is the same.

use super::super::verified::Verified;
use super::window::{FIRST, FORGOTTEN, LONGEST};
use super::*;
use store::Store;

mod attacks;

/// A server whose clock stands still until it is moved: whoever is admitted has their password checked at once.
struct World {
    throttle: Throttle,
    digests: Verified,
    now: Now,
    start: Instant,
}

/// What somebody hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Welcome,
    Wrong(Duration),
    /// Turned away unchecked.
    Unchecked,
}

/// The right password of every account.
const RIGHT: &str = "correct horse";

impl World {
    fn new() -> Self {
        let start = Instant::now();
        let now = Now { monotonic: start, unix: 1_800_000_000 };
        Self { throttle: Throttle::new(start), digests: Verified::new([0; 32]), now, start }
    }

    fn pass(&mut self, time: Duration) {
        self.now.monotonic += time;
        self.now.unix = 1_800_000_000 + i64::try_from((self.now.monotonic - self.start).as_secs()).unwrap();
    }

    /// Account `n` has the name `user n`.
    fn guess(&self, address: u32, account: u64, password: &str) -> Guess {
        let id = AccountId::new(account).unwrap();
        let digest = self.digests.digest(account, password.as_bytes(), "hash");
        Guess::new(Network::V4(address.to_be_bytes()), &format!("user {account}"), Some(id), Some(digest))
    }

    fn login(&self, address: u32, account: u64, password: &str) -> Heard {
        self.login_under(Load::Light, (address, account), password)
    }

    fn login_under(&self, load: Load, (address, account): (u32, u64), password: &str) -> Heard {
        let guess = self.guess(address, account, password);
        match self.throttle.admit(&guess, load, self.now) {
            Admission::Check(standing) if password == RIGHT => {
                self.throttle.right(&guess, standing, self.now);
                Heard::Welcome
            }
            Admission::Check(standing) => Heard::Wrong(self.throttle.wrong(&guess, standing, self.now)),
            Admission::WrongAgain(delay) => Heard::Wrong(delay),
            Admission::TooSoon | Admission::Spent => Heard::Unchecked,
        }
    }

    /// Whether a new wrong password is checked.
    fn checks(&self, address: u32, account: u64, n: usize) -> bool {
        matches!(self.login(address, account, &format!("guess {address} {n}")), Heard::Wrong(_))
    }
}

/// Numbers that look like chance and are the same in each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

#[test]
fn delays_grow_to_ten_seconds() {
    let mut world = World::new();
    let delays: Vec<Duration> = (0..9)
        .map(|n| {
            let Heard::Wrong(delay) = world.login(1, 1, &format!("guess {n}")) else { panic!("turned away") };
            assert_eq!(world.login(1, 1, &format!("too soon {n}")), Heard::Unchecked);
            world.pass(delay);
            delay
        })
        .collect();
    let millis: Vec<u128> = delays.iter().map(Duration::as_millis).collect();
    assert_eq!(millis, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
    world.pass(FORGOTTEN);
    assert_eq!(world.login(1, 1, "another"), Heard::Wrong(FIRST));
}

#[test]
fn attempts_at_once_are_checked_no_more_often_than_one_after_the_other() {
    let mut world = World::new();
    // 250 within eight seconds, none of which hears an answer before all are there.
    let mut admitted = Vec::new();
    for n in 0..250 {
        let guess = world.guess(1, 1, &format!("guess {n}"));
        if let Admission::Check(standing) = world.throttle.admit(&guess, Load::Light, world.now) {
            admitted.push((guess, standing));
        }
        world.pass(Duration::from_millis(32));
    }
    assert_eq!(admitted.len(), 6);
    // What nobody looked at does not count, and the answer of a checked one counts no second time.
    let (last, standing) = admitted.pop().unwrap();
    world.throttle.unchecked(&last, standing);
    let (guess, standing) = admitted.pop().unwrap();
    assert_eq!(world.throttle.wrong(&guess, standing, world.now), Duration::from_secs(4));
}

#[test]
fn nine_hundred_scram_proofs_are_no_more_guesses() {
    let world = World::new();
    let checked = (0..900).filter(|n| world.checks(1, 1, *n)).count();
    assert_eq!(checked, 1, "all came at once");
    // A mechanism that shows no password is no way round.
    let world = World::new();
    let blind = Guess { password: None, ..world.guess(1, 1, "") };
    let admitted = (0..900)
        .filter(|_| matches!(world.throttle.admit(&blind, Load::Light, world.now), Admission::Check(_)))
        .count();
    assert_eq!(admitted, 1);
}

#[test]
fn a_client_with_several_connections_tries_its_password_in_all_of_them() {
    let world = World::new();
    let (one, other) = (world.guess(1, 1, "one"), world.guess(1, 1, "two"));
    let admitted: Vec<Admission> = (0..5).map(|_| world.throttle.admit(&one, Load::Light, world.now)).collect();
    assert_eq!(admitted[0], Admission::Check(Standing::Stranger));
    assert!(admitted[1..].iter().all(|admission| *admission == Admission::Check(Standing::Beside)));
    assert_eq!(world.throttle.admit(&other, Load::Light, world.now), Admission::TooSoon);
    for standing in [Standing::Beside, Standing::Stranger, Standing::Beside] {
        assert_eq!(world.throttle.wrong(&one, standing, world.now), FIRST);
    }
}

#[test]
fn an_attacker_elsewhere_does_not_slow_the_owner() {
    let world = World::new();
    assert!((0..1_000).filter(|n| world.checks(1, 1, *n)).count() == 1);
    let shouted = Guess::new(Network::V4([0, 0, 0, 1]), "USER 1", AccountId::new(1), None);
    assert_eq!(world.throttle.admit(&shouted, Load::Light, world.now), Admission::TooSoon);
    assert_eq!(world.login(2, 1, RIGHT), Heard::Welcome);
    assert_eq!(world.login(1, 2, RIGHT), Heard::Welcome);
}

#[test]
fn names_are_folded_as_the_directory_folds_them() {
    let pair = |name: &str| Guess::new(Network::Local, name, None, None).pair;
    assert_eq!(pair("Anna@Example.ORG"), pair("anna@example.org"));
    assert_ne!(pair("\u{c4}nna"), pair("\u{e4}nna"), "two accounts may have these names");
    assert_eq!(pair(&"\u{e4}".repeat(400)), pair(&"\u{e4}".repeat(401)), "no account has so long a name");
}

#[test]
fn an_address_that_logged_in_before_is_spared() {
    let mut world = World::new();
    assert_eq!(world.login(1, 1, RIGHT), Heard::Welcome);
    assert!((0..1_000).all(|n| world.checks(1, 1, n)), "strangers' budgets are not its");
    assert_eq!(world.login(1, 1, "a typo"), Heard::Wrong(LONGEST));
    assert_eq!(world.login(1, 1, RIGHT), Heard::Welcome);
    assert_eq!(world.login(1, 1, "another typo"), Heard::Wrong(FIRST));
    // Somebody behind the same address guesses for two hours: the owner comes in, at the second attempt at the latest.
    let mut checked = 0;
    for n in 0..2 * 36_000 {
        for k in 0..10 {
            checked += usize::from(world.checks(1, 1, 1_000 + 10 * n + k));
        }
        world.pass(Duration::from_millis(100));
    }
    assert!(checked <= 3_600 + 2 * 3_600, "{checked}");
    let first = world.login(1, 1, RIGHT);
    world.pass(Duration::from_secs(1));
    assert!(first == Heard::Welcome || world.login(1, 1, RIGHT) == Heard::Welcome);
}

#[test]
fn the_same_wrong_password_counts_once() {
    let mut world = World::new();
    for _ in 0..50 {
        assert_eq!(world.login(1, 1, "last year's"), Heard::Wrong(FIRST));
    }
    // After the owner changed the password to this one, it is another digest.
    world.pass(FIRST);
    let right = world.digests.digest(1, b"last year's", "new hash");
    let right = Guess { password: Some(right), ..world.guess(1, 1, "") };
    assert_eq!(world.throttle.admit(&right, Load::Light, world.now), Admission::Check(Standing::Stranger));
}

#[test]
fn what_is_known_lasts_over_restarts() {
    let (store, before) = (Store::memory(), World::new());
    assert_eq!(before.login(1, 1, RIGHT), Heard::Welcome);
    before.throttle.keep(store.rows()).unwrap();
    let mut after = World::new();
    after.throttle.recall(store.rows(), after.now).unwrap();
    assert!((0..500).all(|n| after.checks(1, 1, n)), "the address is known");
    assert_eq!(after.login(1, 1, RIGHT), Heard::Welcome);
    assert_eq!((0..500).filter(|n| after.checks(2, 1, *n)).count(), 1, "another one is not");
    after.pass(Duration::from_hours(30 * 24));
    assert!(!after.throttle.is_free(&after.guess(1, 1, RIGHT), after.now));
}

#[test]
fn memory_is_bounded_and_old_things_go() {
    let mut world = World::new();
    for n in 0..300_000_u32 {
        // Each address at an account of its own: no budget is in the way.
        world.checks(n, 1 + u64::from(n), 0);
        world.login(n, 1 + u64::from(n), "too soon");
    }
    let sizes = |world: &World| {
        let strangers = world.throttle.strangers.lock();
        (strangers.pairs.len(), strangers.accounts.len(), strangers.addresses.len())
    };
    let (pairs, accounts, addresses) = sizes(&world);
    assert!(pairs <= PAIRS + 4_096 && accounts <= BUDGETS + 4_096 && addresses <= BUDGETS + 4_096);
    // The first of them was not forgiven for the many that came after it.
    assert_eq!(world.login(0, 1, "one more"), Heard::Unchecked);
    world.pass(Duration::from_hours(2));
    world.throttle.tidy(world.now);
    assert_eq!(sizes(&world), (0, 0, 0));
}
