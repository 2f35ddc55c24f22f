use super::*;

fn registry(change: impl FnOnce(&mut Limits)) -> Arc<Registry> {
    let mut limits = Limits::default();
    change(&mut limits);
    Arc::new(Registry::new(limits))
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn login(n: u64) -> Login {
    Login { account: AccountId::new(n).unwrap(), name: "anna".into() }
}

#[test]
fn an_address_and_the_server_have_their_limits_and_places_come_back() {
    let registry = registry(|limits| {
        limits.connections = 4;
        limits.connections_per_address = 2;
    });
    let far = Some(ip("192.0.2.1"));
    let mut seats: Vec<Seat> = (0..2).map(|_| registry.enter(Door::Imap, far).unwrap()).collect();
    assert_eq!(registry.enter(Door::Imap, far).err(), Some(Full::Address));
    seats.extend((0..2).map(|_| registry.enter(Door::Imap, Some(ip("192.0.2.2"))).unwrap()));
    assert_eq!(registry.enter(Door::Lmtp, None).err(), Some(Full::Server));
    seats.remove(0);
    assert!(registry.enter(Door::Imap, far).is_ok());
    drop(seats);
    assert_eq!(registry.len(), 0);
    assert!(registry.table.lock().sources.is_empty(), "nothing is kept of those who left");
}

#[test]
fn loopback_is_exempt_from_the_limit_of_an_address() {
    let registry = registry(|limits| limits.connections_per_address = 1);
    let seats: Vec<_> = (0..10).map(|_| registry.enter(Door::Imap, Some(ip("127.0.0.1"))).unwrap()).collect();
    assert_eq!(seats.len(), 10);
}

#[test]
fn the_oldest_that_waits_makes_room_and_those_logged_in_do_not() {
    let registry = registry(|limits| limits.waiting_per_address = 3);
    let enter = || registry.enter(Door::Imap, Some(ip("127.0.0.1"))).unwrap();
    let owner = enter();
    let _admission = registry.admit(owner.link.id, login(1), 1).unwrap();
    let flood: Vec<Seat> = (0..5).map(|_| enter()).collect();
    let told: Vec<bool> = flood.iter().map(|seat| seat.link.take().orders.contain(Order::MakeRoom)).collect();
    assert_eq!(told, [true, true, false, false, false]);
    assert!(!owner.link.must_end());
}

#[test]
fn an_account_has_its_limit() {
    let registry = registry(|limits| limits.sessions_per_account = 2);
    let seats: Vec<Seat> = (0..3).map(|_| registry.enter(Door::Imap, None).unwrap()).collect();
    let first = registry.admit(seats[0].link.id, login(1), 1);
    let second = registry.admit(seats[1].link.id, login(1), 1);
    assert!(first.is_some() && second.is_some());
    assert!(registry.admit(seats[2].link.id, login(1), 1).is_none());
    assert!(registry.admit(seats[2].link.id, login(2), 1).is_some());
    drop(first);
    assert!(registry.admit(seats[2].link.id, login(1), 1).is_some());
}

#[test]
fn revoking_ends_the_sessions_with_old_credentials_only() {
    let registry = registry(|_| {});
    let seats: Vec<Seat> = (0..3).map(|_| registry.enter(Door::Imap, None).unwrap()).collect();
    let stamps = [(1, 7), (1, 8), (2, 7)];
    let admissions: Vec<Admission> = seats
        .iter()
        .zip(stamps)
        .map(|(seat, (account, stamp))| registry.admit(seat.link.id, login(account), stamp).unwrap())
        .collect();
    let one = AccountId::new(1).unwrap();
    assert_eq!(registry.revoke(one, Some(8)), 1);
    let told = || seats.iter().map(|seat| seat.link.take().orders.contain(Order::Revoked)).collect::<Vec<_>>();
    assert_eq!(told(), [true, false, false]);
    assert_eq!(registry.revoke(one, None), 2);
    assert_eq!(told(), [true, true, false]);
    drop(admissions);
    assert_eq!(registry.accounts(), []);
}

#[test]
fn a_transcript_covers_sessions_that_are_there_and_those_that_come() {
    let registry = registry(|_| {});
    let seats: Vec<Seat> = (0..2).map(|_| registry.enter(Door::Imap, None).unwrap()).collect();
    let _first = registry.admit(seats[0].link.id, login(1), 1).unwrap();
    registry.transcribe(AccountId::new(1).unwrap(), Transcript::On);
    let _second = registry.admit(seats[1].link.id, login(1), 1).unwrap();
    assert!(seats.iter().all(|seat| seat.link.has_transcript()));
    registry.transcribe(AccountId::new(1).unwrap(), Transcript::Off);
    assert!(!seats.iter().any(|seat| seat.link.has_transcript()));
}
