use std::thread;

use gate::Step;
use store::AccountId;

use super::*;
use crate::auth::credentials;
use crate::config::Limits;
use crate::door::Door;
use crate::link::Order;
use crate::registry::Seat;

const TRUSTED: Transport = Transport::PlainTrusted;

struct World {
    store: Store,
    registry: Arc<Registry>,
    gate: Doorkeeper,
}

impl World {
    fn new() -> Self {
        let store = Store::memory();
        let registry = Arc::new(Registry::new(Limits { sessions_per_account: 3, ..Limits::default() }));
        let gate = Doorkeeper::new(store.clone(), registry.clone(), [9; 32]).unwrap();
        Self { store, registry, gate }
    }

    fn user(&self, name: &str, password: &str) -> AccountId {
        self.store.directory().add(name, Some(&credentials(password).unwrap()), 0).unwrap()
    }

    fn login(&self, address: &str, name: &str, password: &str) -> Verdict {
        self.gate.login(&peer(address), &TRUSTED, name.as_bytes(), password.as_bytes())
    }

    fn plain(&self, message: &[u8]) -> Verdict {
        let mut exchange = self.gate.authenticate(&peer("192.0.2.1"), &TRUSTED, "plain").unwrap();
        let Step::Challenge(empty) = exchange.step(None) else { panic!("the client speaks first") };
        assert!(empty.is_empty());
        match exchange.step(Some(message)) {
            Step::Done(verdict) => verdict,
            Step::Challenge(_) => panic!("PLAIN has one message"),
        }
    }

    fn enter(&self) -> Seat {
        self.registry.enter(Door::Imap, None).unwrap()
    }
}

fn peer(address: &str) -> Peer {
    Peer { address: Some(address.parse().unwrap()), session: 0 }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Welcome(_) => "welcome",
        Verdict::Wrong(_) => "wrong",
        Verdict::Forbidden => "forbidden",
        Verdict::TooMany => "too many",
        Verdict::Unavailable => "unavailable",
    }
}

/// An address that nobody used before.
fn elsewhere() -> String {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("10.9.{}.{}", n >> 8, n & 255)
}

#[test]
fn the_right_password_comes_in_and_no_other() {
    let world = World::new();
    let anna = world.user("anna@example.org", "correct horse");
    let Verdict::Welcome(user) = world.login("192.0.2.1", "Anna@Example.ORG", "correct horse") else {
        panic!("refused")
    };
    assert_eq!((user.name.as_str(), user.account.id()), ("anna@example.org", anna));
    for (name, password) in [
        ("anna@example.org", "correct hors"),
        ("anna@example.org", ""),
        ("nobody", "correct horse"),
        ("nobody", ""),
        ("", "correct horse"),
        ("anna@example.org\0", "correct horse"),
        ("anna@example.org'--", "correct horse"),
        ("*)(uid=*", "x"),
        ("%s%n", "x"),
    ] {
        assert_eq!(word(&world.login(&elsewhere(), name, password)), "wrong", "{name:?} {password:?}");
    }
    let not_text = world.gate.login(&peer("192.0.2.9"), &TRUSTED, b"anna\xff\xfe", b"\xff\xff");
    assert_eq!(word(&not_text), "wrong");
}

#[test]
fn without_tls_nobody_comes_in() {
    let world = World::new();
    world.user("anna", "pw");
    let plain = Transport::Plain;
    assert_eq!(word(&world.gate.login(&peer("192.0.2.1"), &plain, b"anna", b"pw")), "forbidden");
    assert!(world.gate.mechanisms(&plain).is_empty());
    assert!(world.gate.authenticate(&peer("192.0.2.1"), &plain, "PLAIN").is_none());
}

#[test]
fn nobody_acts_as_somebody_else() {
    let world = World::new();
    let anna = world.user("anna", "pw");
    world.user("bert", "pw");
    world.store.directory().add_alias("anna@example.org", anna).unwrap();
    assert_eq!(word(&world.plain(b"\0anna\0pw")), "welcome");
    assert_eq!(word(&world.plain(b"anna\0anna\0pw")), "welcome");
    assert_eq!(word(&world.plain(b"ANNA@example.org\0anna\0pw")), "welcome");
    assert_eq!(word(&world.plain(b"bert\0anna\0pw")), "forbidden");
    assert_eq!(word(&world.plain(b"nobody\0anna\0pw")), "forbidden");
    // Whoever does not know the password does not get to hear whom they may be.
    assert_eq!(word(&world.plain(b"bert\0anna\0no")), "wrong");
    assert_eq!(word(&world.plain(b"anna\0pw")), "wrong");
}

#[test]
fn users_with_the_same_password_are_never_crossed() {
    let world = World::new();
    let ids = [world.user("a", "same"), world.user("ab", "same"), world.user("b", "same")];
    for _ in 0..3 {
        for (name, id) in ["a", "ab", "b"].into_iter().zip(ids) {
            let Verdict::Welcome(user) = world.login("192.0.2.1", name, "same") else { panic!("refused") };
            assert_eq!((user.name.as_str(), user.account.id()), (name, id));
        }
    }
}

#[test]
fn a_changed_password_holds_at_once_and_ends_sessions() {
    let world = World::new();
    let anna = world.user("anna", "old");
    let seat = world.enter();
    let here = Peer { address: None, session: seat.link.id };
    let Verdict::Welcome(_user) = world.gate.login(&here, &TRUSTED, b"anna", b"old") else { panic!("refused") };
    assert_eq!(seat.link.login().unwrap().account, anna);
    world.gate.revoke();
    assert!(!seat.link.must_end(), "nothing changed");
    world.store.directory().set_password(anna, &credentials("new").unwrap()).unwrap();
    assert_eq!(word(&world.login(&elsewhere(), "anna", "old")), "wrong", "remembered, but no longer right");
    assert_eq!(word(&world.login(&elsewhere(), "anna", "new")), "welcome");
    world.gate.revoke();
    assert!(seat.link.take().orders.contain(Order::Revoked));
}

#[test]
fn a_disabled_account_is_told_so_only_with_its_password() {
    let world = World::new();
    let anna = world.user("anna", "pw");
    assert_eq!(word(&world.login("192.0.2.1", "anna", "pw")), "welcome");
    world.store.directory().disable(anna).unwrap();
    assert_eq!(word(&world.login("192.0.2.1", "anna", "pw")), "forbidden");
    assert_eq!(word(&world.login("192.0.2.1", "anna", "no")), "wrong");
    world.store.directory().enable(anna).unwrap();
    assert_eq!(word(&world.login("192.0.2.1", "anna", "pw")), "welcome");
    world.store.directory().remove(anna).unwrap();
    assert_eq!(word(&world.login("192.0.2.1", "anna", "pw")), "wrong");
}

#[test]
fn an_account_has_so_many_sessions_and_no_more() {
    let world = World::new();
    world.user("anna", "pw");
    let seats: Vec<Seat> = (0..4).map(|_| world.enter()).collect();
    let login = |n: usize| {
        let peer = Peer { address: None, session: seats[n].link.id };
        world.gate.login(&peer, &TRUSTED, b"anna", b"pw")
    };
    let mut inside: Vec<Verdict> = (0..3).map(login).collect();
    assert!(inside.iter().all(|verdict| word(verdict) == "welcome"));
    assert_eq!(word(&login(3)), "too many");
    inside.pop();
    assert_eq!(word(&login(3)), "welcome");
}

#[test]
fn the_owner_logs_in_at_once_while_somebody_guesses() {
    let world = World::new();
    world.user("anna", "correct horse");
    // The owner was here once, at the very address that the attacker then uses as well.
    assert_eq!(word(&world.login("192.0.2.1", "anna", "correct horse")), "welcome");
    world.gate.0.verified.tidy(Instant::now() + Duration::from_hours(1));
    let guesses = thread::scope(|scope| {
        let attackers: Vec<_> = (0..4)
            .map(|attacker| {
                let world = &world;
                scope.spawn(move || {
                    let mut checked = 0;
                    for n in 0..50 {
                        // 4 × 25 a second; each waits for none of its answers.
                        let address = if n % 2 == 0 { "192.0.2.1" } else { "192.0.2.66" };
                        let verdict = world.login(address, "anna", &format!("guess {attacker} {n}"));
                        assert_ne!(word(&verdict), "welcome");
                        checked += usize::from(word(&verdict) == "wrong");
                        thread::sleep(Duration::from_millis(40));
                    }
                    checked
                })
            })
            .collect();
        for (n, address) in ["192.0.2.1", "198.51.100.7", "192.0.2.1", "198.51.100.8"].iter().enumerate() {
            let began = Instant::now();
            assert_eq!(word(&world.login(address, "anna", "correct horse")), "welcome", "{address}");
            assert!(began.elapsed() < Duration::from_secs(1), "{n}: {:?}", began.elapsed());
            thread::sleep(Duration::from_millis(300));
        }
        attackers.into_iter().map(|attacker| attacker.join().unwrap()).sum::<usize>()
    });
    // From the address where nobody ever logged in, hardly any guess was checked; the other one's were, each in turn.
    assert!(guesses < 200, "{guesses} of 200 guesses were checked");
}

#[test]
fn a_password_that_was_right_a_moment_ago_is_no_way_round_for_strangers() {
    let world = World::new();
    world.user("anna", "pw");
    assert_eq!(word(&world.login("192.0.2.1", "anna", "pw")), "welcome");
    assert_eq!(word(&world.login("192.0.2.66", "anna", "no")), "wrong");
    // The right one among many, which would be compared with what is remembered, and not hashed.
    let heard: Vec<&str> = (0..50).map(|n| word(&world.login("192.0.2.66", "anna", &format!("guess {n}")))).collect();
    assert!(heard.iter().filter(|word| **word == "wrong").count() <= 3, "{heard:?}");
    assert_eq!(word(&world.login("192.0.2.66", "anna", "pw")), "unavailable");
    assert_eq!(word(&world.login("192.0.2.1", "anna", "pw")), "welcome");
}

#[test]
fn who_is_known_is_known_after_a_restart() {
    let world = World::new();
    world.user("anna", "pw");
    assert_eq!(word(&world.login("192.0.2.1", "anna", "pw")), "welcome");
    // It is written when it is due, not at the login.
    let rows = || world.store.rows().range(store::backend::Table::KnownAddress, &[], 9).unwrap().len();
    let mut now = crate::conversation::now();
    world.gate.tidy(now);
    assert_eq!(rows(), 0);
    now.monotonic += KEPT;
    world.gate.tidy(now);
    assert_eq!(rows(), 1);
    let restarted = Doorkeeper::new(world.store.clone(), world.registry.clone(), [9; 32]).unwrap();
    let world = World { gate: restarted, ..world };
    for n in 0..6 {
        assert_eq!(word(&world.login("192.0.2.1", "anna", &format!("guess {n}"))), "wrong", "none is turned away");
    }
    assert_eq!(word(&world.login("192.0.2.1", "anna", "pw")), "welcome");
}

#[test]
fn a_name_that_nobody_has_takes_as_long() {
    let world = World::new();
    world.user("anna", "pw");
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..15 {
        for (name, times) in ["anna", "otto"].into_iter().zip(&mut times) {
            let address = elsewhere();
            let began = Instant::now();
            assert_eq!(word(&world.login(&address, name, "wrong")), "wrong");
            times.push(began.elapsed());
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort();
        times[times.len() / 2].as_secs_f64()
    });
    assert!(
        (0.6..1.6).contains(&(known / unknown)),
        "median {known} s for a known name, {unknown} s for an unknown one"
    );
    assert!(unknown > 0.001, "a hash is computed for it too");
}

#[test]
fn a_fuzzer_touches_nobody_else() {
    let world = World::new();
    world.user("anna", "pw");
    thread::scope(|scope| {
        let world = &world;
        scope.spawn(move || {
            let long = vec![b'a'; 100_000];
            let odd: [&[u8]; 7] = [b"", b"\0\0\0", b"\0anna\0", b"\xff\xff\xff", b"n,,n=anna,r=", b"n,,", &long];
            for message in odd.iter().cycle().take(350) {
                for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
                    let mut exchange = world.gate.authenticate(&peer("192.0.2.66"), &TRUSTED, mechanism).unwrap();
                    for _ in 0..3 {
                        let step = exchange.step(Some(message));
                        assert!(!matches!(step, Step::Done(Verdict::Welcome(_))));
                    }
                }
            }
        });
        for _ in 0..100 {
            assert_eq!(word(&world.login("198.51.100.1", "anna", "pw")), "welcome");
        }
    });
}

mod scram {
    use super::*;
    use crate::auth::base64;
    use crate::auth::scram::client::Client;

    fn tls() -> Transport {
        Transport::Tls { exporter: Some([5; 32]) }
    }

    /// Runs an exchange as an honest client does; `None` if the server gave up before its proof.
    fn exchange(world: &World, transport: &Transport, mechanism: &str, mut client: Client) -> (Verdict, Client) {
        let mut exchange = world.gate.authenticate(&peer(&elsewhere()), transport, mechanism).unwrap();
        let first = match exchange.step(Some(client.first().as_bytes())) {
            Step::Challenge(first) => first,
            Step::Done(verdict) => return (verdict, client),
        };
        let last = client.last(std::str::from_utf8(&first).unwrap());
        match exchange.step(Some(last.as_bytes())) {
            Step::Challenge(proof) => {
                assert!(client.believes(std::str::from_utf8(&proof).unwrap()), "the server knows the password too");
                match exchange.step(Some(b"")) {
                    Step::Done(verdict) => (verdict, client),
                    Step::Challenge(_) => panic!("there is nothing more to say"),
                }
            }
            Step::Done(verdict) => (verdict, client),
        }
    }

    #[test]
    fn with_and_without_channel_binding() {
        let world = World::new();
        world.user("anna", "pencil");
        let bound = Client::new("anna", "pencil").bound([5; 32]);
        assert_eq!(word(&exchange(&world, &tls(), "SCRAM-SHA-256-PLUS", bound).0), "welcome");
        assert_eq!(word(&exchange(&world, &tls(), "SCRAM-SHA-256", Client::new("anna", "pencil")).0), "welcome");
        assert_eq!(word(&exchange(&world, &TRUSTED, "scram-sha-256", Client::new("anna", "pencil")).0), "welcome");
        assert!(world.gate.authenticate(&peer("192.0.2.1"), &TRUSTED, "SCRAM-SHA-256-PLUS").is_none());
        let relayed = Client::new("anna", "pencil").bound([6; 32]);
        assert_eq!(word(&exchange(&world, &tls(), "SCRAM-SHA-256-PLUS", relayed).0), "wrong");
        let downgraded = Client::new("anna", "pencil").flag("y");
        assert_eq!(word(&exchange(&world, &tls(), "SCRAM-SHA-256", downgraded).0), "wrong");
        let honest = Client::new("anna", "pencil").flag("y");
        assert_eq!(word(&exchange(&world, &TRUSTED, "SCRAM-SHA-256", honest).0), "welcome");
    }

    #[test]
    fn names_passwords_and_authzids() {
        let world = World::new();
        world.user("anna", "caf\u{e9}");
        world.user("bert", "pw");
        let client = |name: &str, password: &str| Client::new(name, password);
        assert_eq!(word(&exchange(&world, &TRUSTED, "SCRAM-SHA-256", client("ANNA", "caf\u{e9}")).0), "welcome");
        assert_eq!(word(&exchange(&world, &TRUSTED, "SCRAM-SHA-256", client("anna", "cafe")).0), "wrong");
        let own = client("bert", "pw").authzid("bert");
        assert_eq!(word(&exchange(&world, &TRUSTED, "SCRAM-SHA-256", own).0), "welcome");
        let foreign = client("bert", "pw").authzid("anna");
        assert_eq!(word(&exchange(&world, &TRUSTED, "SCRAM-SHA-256", foreign).0), "forbidden");
    }

    #[test]
    fn an_alias_shows_no_owner_s_salt_and_has_keys_after_its_first_login_with_the_password() {
        let world = World::new();
        let anna = world.user("anna", "pw");
        world.store.directory().add_alias("Info", anna).unwrap();
        let scram = |name: &str| {
            let (verdict, client) = exchange(&world, &TRUSTED, "SCRAM-SHA-256", Client::new(name, "pw"));
            (word(&verdict), client.seen())
        };
        let (_, owner) = scram("anna");
        let (verdict, before) = scram("info");
        assert_eq!(verdict, "wrong", "nobody has seen the password together with this name");
        assert_ne!(before.salt, owner.salt);
        assert_eq!(word(&world.login(&elsewhere(), "INFO", "pw")), "welcome");
        assert_eq!(scram("iNFO"), ("welcome", before.clone()), "and nothing that is shown has changed");
        assert_eq!(scram("anna"), ("welcome", owner));
        // The keys last over a restart, and not over a change of the password.
        world.gate.keep();
        let restarted = Doorkeeper::new(world.store.clone(), world.registry.clone(), [9; 32]).unwrap();
        let world = World { gate: restarted, ..world };
        let scram = |password: &str| {
            let (verdict, client) = exchange(&world, &TRUSTED, "SCRAM-SHA-256", Client::new("info", password));
            (word(&verdict), client.seen())
        };
        assert_eq!(scram("pw"), ("welcome", before.clone()));
        world.store.directory().set_password(anna, &credentials("new").unwrap()).unwrap();
        assert_eq!(scram("pw"), ("wrong", before.clone()));
        assert_eq!(word(&world.login(&elsewhere(), "info", "new")), "welcome");
        assert_eq!(scram("new"), ("welcome", before));
    }

    #[test]
    fn a_name_that_nobody_has_looks_like_any_other() {
        let world = World::new();
        world.user("anna", "pw");
        let salt = |name: &str| {
            let (verdict, client) = exchange(&world, &TRUSTED, "SCRAM-SHA-256", Client::new(name, "guess"));
            assert_eq!(word(&verdict), "wrong");
            client.seen()
        };
        let (real, fake) = (salt("anna"), salt("nobody"));
        assert_eq!(real.iterations, fake.iterations);
        assert_eq!(base64::decode(&real.salt).unwrap().len(), base64::decode(&fake.salt).unwrap().len());
        assert_eq!(salt("nobody"), fake, "the same each time");
        assert_eq!(salt("NOBODY"), fake, "in any case, as names are");
        assert_ne!(salt("nobody2"), fake);
        // The directory takes small letters for capital ones in ASCII alone, and so does the fake.
        world.user("\u{e4}nna", "pw");
        assert_ne!(salt("\u{e4}nna"), salt("\u{c4}NNA"));
        assert_ne!(salt("\u{e4}nne"), salt("\u{c4}NNE"), "as a name that somebody has");
    }

    #[test]
    fn exchanges_that_were_begun_first_give_no_more_guesses() {
        let world = World::new();
        world.user("anna", "pw");
        let begun: Vec<_> = (0..12)
            .map(|n| {
                // The last of them knows the password, and comes too soon all the same.
                let guess = format!("guess {n}");
                let mut client = Client::new("anna", if n == 11 { "pw" } else { &guess });
                let mut exchange = world.gate.authenticate(&peer("192.0.2.78"), &TRUSTED, "SCRAM-SHA-256").unwrap();
                let Step::Challenge(first) = exchange.step(Some(client.first().as_bytes())) else { panic!("refused") };
                (exchange, client.last(std::str::from_utf8(&first).unwrap()))
            })
            .collect();
        let heard = begun.into_iter().map(|(mut exchange, last)| match exchange.step(Some(last.as_bytes())) {
            Step::Done(verdict) => word(&verdict),
            Step::Challenge(_) => "proof",
        });
        let heard: Vec<&str> = heard.collect();
        assert_eq!(heard[0], "wrong");
        assert!(heard[1..].iter().all(|word| *word == "unavailable"), "{heard:?}");
    }
}
