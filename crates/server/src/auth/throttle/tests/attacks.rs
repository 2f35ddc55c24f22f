//! Attacks, an hour of them in a moment.

use super::*;

const HOUR: Duration = Duration::from_hours(1);

/// Bots that guess at one account as fast as they are let, each from its own address.
struct Bots {
    addresses: std::ops::Range<u32>,
    said: usize,
    checked: Vec<Instant>,
}

impl Bots {
    fn new(addresses: std::ops::Range<u32>) -> Self {
        Self { addresses, said: 0, checked: Vec::new() }
    }

    /// Each says a password that it has not said before.
    fn round(&mut self, world: &World, account: u64) {
        self.said += 1;
        for address in self.addresses.clone() {
            if world.checks(address, account, self.said) {
                self.checked.push(world.now.monotonic);
            }
        }
    }

    /// The most that were checked in an hour.
    fn most_in_an_hour(&self) -> usize {
        let within = |n: usize| self.checked[n..].iter().take_while(|at| **at - self.checked[n] < HOUR).count();
        (0..self.checked.len()).map(within).max().unwrap_or(0)
    }
}

/// How long the owner's client needs that tries again each second; `None` if it is not in after so long.
fn owner(
    world: &mut World,
    (address, account): (u32, u64),
    most: Duration,
    mut round: impl FnMut(&World, usize),
) -> Option<Duration> {
    let began = world.now.monotonic;
    for n in 0.. {
        // A hundred wrong ones a second.
        round(world, n);
        let passed = world.now.monotonic - began;
        if n % 100 == 50 && world.login(address, account, RIGHT) == Heard::Welcome {
            return Some(passed);
        }
        if passed > most {
            break;
        }
        world.pass(Duration::from_millis(10));
    }
    None
}

#[test]
fn many_addresses_have_six_hundred_guesses_an_hour_at_an_account() {
    for (addresses, least) in [(1, 100), (50, 300), (700, 500), (1_500, 500)] {
        let (mut world, mut bots) = (World::new(), Bots::new(0..addresses));
        for _ in 0..2 * 120 {
            bots.round(&world, 1);
            world.pass(Duration::from_secs(30));
        }
        let most = bots.most_in_an_hour();
        assert!(most <= 600 && most >= least, "{addresses} addresses: {most}");
    }
}

#[test]
fn saying_each_guess_twice_gives_no_more_than_six_hundred() {
    let (mut world, mut checked) = (World::new(), 0);
    for n in 0..360 {
        for address in 0..200 {
            for _ in 0..2 {
                checked += usize::from(world.checks(address, 1, n));
            }
        }
        world.pass(Duration::from_secs(10));
    }
    // The same password again and again is one guess, so each is counted when it is checked first.
    let strangers = world.throttle.strangers.lock();
    let turns: u32 = (0..200).filter_map(|n| strangers.pairs.get(&world.guess(n, 1, "").pair)).map(|w| w.turns).sum();
    assert!(turns <= 600 && checked >= 300, "{turns}");
}

#[test]
fn each_of_many_addresses_has_its_fair_share() {
    let mut world = World::new();
    let mut turns = vec![0; 300];
    for n in 0..360 {
        // The first ones always come first.
        for (address, turns) in (0..).zip(&mut turns) {
            *turns += usize::from(world.checks(address, 1, n));
        }
        world.pass(Duration::from_secs(10));
    }
    let (least, most) = (turns.iter().min().unwrap(), turns.iter().max().unwrap());
    assert!(*least >= 1 && *most <= 3, "{least} to {most}");
}

#[test]
fn a_new_device_of_the_owner_has_its_turn_within_a_minute() {
    for (addresses, seed) in [(200, 1), (200, 2), (280, 3), (1_500, 4)] {
        let (mut world, mut bots, mut dice) = (World::new(), Bots::new(0..addresses), Dice(seed));
        for _ in 0..12 {
            for _ in 0..=dice.roll(20) {
                bots.round(&world, 1);
                world.pass(Duration::from_secs(5));
            }
            let new = 1_000_000 + u32::try_from(dice.roll(1_000_000)).unwrap();
            // The first attempt comes in; where there are more addresses than there are guesses, the second one.
            let first = world.login(new, 1, RIGHT);
            assert!(first == Heard::Welcome || addresses > 280, "{addresses} addresses");
            if first != Heard::Welcome {
                bots.round(&world, 1);
                world.pass(Duration::from_secs(5));
                assert_eq!(world.login(new, 1, RIGHT), Heard::Welcome, "{addresses} addresses");
            }
        }
    }
}

#[test]
fn an_owner_who_mistyped_on_a_new_device_comes_in_under_the_same_attack() {
    let (mut world, mut bots) = (World::new(), Bots::new(0..200));
    for _ in 0..120 {
        bots.round(&world, 1);
        world.pass(Duration::from_secs(5));
    }
    assert_eq!(world.login(7_000, 1, "correct hores"), Heard::Wrong(FIRST));
    world.pass(Duration::from_secs(5));
    bots.round(&world, 1);
    let first = world.login(7_000, 1, RIGHT);
    world.pass(Duration::from_secs(5));
    assert!(first == Heard::Welcome || world.login(7_000, 1, RIGHT) == Heard::Welcome);
}

#[test]
fn many_names_from_one_address_are_counted() {
    let mut world = World::new();
    let mut checked = 0;
    for name in 0..120 {
        checked += usize::from(world.checks(1, 1 + name, 0));
        world.pass(Duration::from_millis(23));
    }
    assert_eq!(checked, 60, "120 names in 2.8 s");
    let mut world = World::new();
    let mut checked = Bots::new(1..2);
    for name in 0..36_000 {
        checked.round(&world, 1 + name);
        world.pass(Duration::from_millis(200));
    }
    assert!(checked.most_in_an_hour() <= 240, "{}", checked.most_in_an_hour());
    assert_eq!(world.login(2, 1, RIGHT), Heard::Welcome, "another address is not");
}

/// What a hundred tries of the owner behind a shared address come to, each after the attack has gone on for a while.
fn tries(caller: Caller, wrong: impl Fn(&World, &mut Dice, usize)) -> Vec<Option<Duration>> {
    let most = Duration::from_secs(5);
    let one = |seed| {
        let (mut world, mut dice) = (World::new(), Dice(seed));
        if caller == Caller::Known {
            assert_eq!(world.login(1, 1, RIGHT), Heard::Welcome);
        }
        let before = 100 + usize::try_from(dice.roll(3_000)).unwrap();
        for n in 0..before {
            wrong(&world, &mut dice, n);
            world.pass(Duration::from_millis(10));
        }
        owner(&mut world, (1, 1), most, |world, n| wrong(world, &mut dice, before + n))
    };
    (0..100).map(one).collect()
}

fn in_time(tries: &[Option<Duration>]) -> usize {
    tries.iter().flatten().count()
}

#[test]
fn behind_a_shared_address_the_owner_comes_in_while_the_own_account_is_attacked() {
    let same = |world: &World, _: &mut Dice, n: usize| {
        world.checks(1, 1, n);
    };
    let known = tries(Caller::Known, same);
    assert!(known.iter().all(|time| time.is_some_and(|time| time < Duration::from_secs(1))), "at the first attempt");
    let never_seen = tries(Caller::Stranger, same);
    assert!(in_time(&never_seen) >= 99, "{} of 100", in_time(&never_seen));
}

#[test]
fn behind_a_shared_address_the_owner_comes_in_while_others_are_attacked() {
    let anybody = |world: &World, dice: &mut Dice, n: usize| {
        world.checks(1, 1 + dice.roll(10_000), n);
    };
    for caller in [Caller::Known, Caller::Stranger] {
        let tries = tries(caller, anybody);
        assert!(in_time(&tries) >= 99, "{} of 100", in_time(&tries));
    }
}

#[test]
fn behind_a_shared_address_an_old_password_that_comes_again_and_again_is_no_attack() {
    let phone = |world: &World, _: &mut Dice, _: usize| {
        world.login(1, 1, "last year's");
    };
    assert_eq!(in_time(&tries(Caller::Stranger, phone)), 100);
}

/// Two cores on which a hash takes 50 ms: fewer than a hundred a second.
#[derive(Default)]
struct Bench {
    /// When each place is free.
    free: [Duration; 2],
}

impl Bench {
    /// Somebody says a password: what becomes of it, and when. What is turned away is not hashed.
    fn login(&mut self, world: &World, password: &str) -> (Heard, Duration) {
        let now = world.now.monotonic - world.start;
        // Each place has one at work, and who waits for it.
        let waits = self.free.iter().any(|free| *free > now + Duration::from_millis(50));
        let heard = world.login_under(if waits { Load::Heavy } else { Load::Light }, (1, 1), password);
        if heard == Heard::Unchecked {
            return (heard, Duration::ZERO);
        }
        let place = if self.free[0] <= self.free[1] { &mut self.free[0] } else { &mut self.free[1] };
        *place = (*place).max(now) + Duration::from_millis(50);
        (heard, place.saturating_sub(now))
    }
}

#[test]
fn where_more_is_guessed_at_a_known_address_than_can_be_hashed_the_owner_comes_in() {
    for seed in 0..100 {
        let (mut world, mut bench, mut dice) = (World::new(), Bench::default(), Dice(seed));
        bench.login(&world, RIGHT);
        let before = 100 + dice.roll(6_000);
        let mut asked = None;
        for n in 0.. {
            bench.login(&world, &format!("guess {n}"));
            world.pass(Duration::from_millis(10));
            if n < before || (n - before) % 100 != 0 {
                continue;
            }
            let began = *asked.get_or_insert(world.now.monotonic);
            let (heard, wait) = bench.login(&world, RIGHT);
            let passed = world.now.monotonic - began + wait;
            assert!(passed < Duration::from_millis(1_500), "{seed}: {passed:?}");
            if heard == Heard::Welcome {
                break;
            }
        }
    }
}
