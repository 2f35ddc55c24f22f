//! What wakes an idle session, and what that costs: the account stays closed, nobody is woken who does not listen, and
//! what is called light waits for no disk.

#![allow(clippy::unwrap_used, reason = "a test: its helpers stand outside of #[test] functions")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use account::{Flags, Permit, Refusal, SystemFlags, plan};
use imap::{MailboxName, StoreMode, Uid, UidSet};
use session::{Next, Now, Peer, Session, Transport};
use store::Store;
use testkit::transcript::parse;
use testkit::world::World;

/// Longer than the time between two keep-alives.
const KEEP_ALIVE: Duration = Duration::from_secs(111);

/// One client, and the store that its mail is in.
struct Client {
    world: World,
    session: Session,
    now: Now,
    rings: Arc<AtomicUsize>,
}

impl Client {
    fn idling(messages: usize) -> Self {
        let transcript = parse(&format!("given INBOX with {messages} messages\n")).unwrap();
        let mut world = World::new(Store::memory()).unwrap();
        world.prepare(&transcript).unwrap();
        let rings = Arc::new(AtomicUsize::new(0));
        let bell = rings.clone();
        let waker = Arc::new(move || {
            bell.fetch_add(1, Ordering::SeqCst);
        });
        let now = Now { monotonic: Instant::now(), unix: testkit::memory::BEGIN };
        let peer = Peer { address: None, session: 1 };
        let settings = Arc::new(world.settings(&transcript));
        let session = Session::new(settings, peer, Transport::PlainTrusted, waker, now);
        let mut client = Self { world, session, now, rings };
        client.say("a LOGIN fred secret\r\n");
        client.say("b SELECT INBOX\r\n");
        assert!(client.say("c IDLE\r\n").ends_with("+ idling\r\n"));
        client
    }

    fn say(&mut self, text: &str) -> String {
        self.session.receive(text.as_bytes(), self.now);
        assert!(!self.session.light(), "nobody knows what it says");
        self.hear()
    }

    fn hear(&mut self) -> String {
        let mut heard = Vec::new();
        loop {
            let mut out = Vec::new();
            let next = self.session.transmit(&mut out);
            heard.append(&mut out);
            if next != Next::Write {
                return String::from_utf8(heard).unwrap();
            }
        }
    }

    fn wake_after(&mut self, time: Duration) {
        self.now.monotonic += time;
        self.session.wake(self.now);
    }

    fn is_open(&self) -> bool {
        self.world.account.state_if_open().is_some()
    }

    fn rings(&self) -> usize {
        self.rings.swap(0, Ordering::SeqCst)
    }

    /// Somebody else flags messages.
    fn flag(&self, uids: std::ops::RangeInclusive<u32>) {
        let range = Uid::new(*uids.start()).unwrap()..=Uid::new(*uids.end()).unwrap();
        let uids = UidSet::from(range);
        let flags = Flags::new(SystemFlags::FLAGGED, Vec::new());
        let stored = self.world.commit(Vec::new(), move |state| {
            let inbox = state.named(&MailboxName::Inbox).ok_or(Refusal::NoSuchMailbox)?.id;
            plan::store(state, Permit::owner(inbox), &uids, (StoreMode::Add, &flags), plan::Condition::Always)
        });
        assert!(!stored.unwrap().changed.is_empty());
    }
}

#[test]
fn a_keep_alive_does_not_open_an_account() {
    let mut client = Client::idling(3);
    client.world.store.close().unwrap();
    for _ in 0..3 {
        client.wake_after(KEEP_ALIVE);
        assert!(client.session.light());
        assert_eq!(client.hear(), "* OK Still here\r\n");
        assert!(!client.is_open());
    }
    // A wake for no reason, too.
    client.wake_after(Duration::ZERO);
    assert!(client.session.light());
    assert_eq!(client.hear(), "");
    assert!(!client.is_open());
}

#[test]
fn little_news_from_memory_is_light_also_if_the_account_closes_then() {
    let mut client = Client::idling(3);
    client.flag(2..=2);
    assert_eq!(client.rings(), 1);
    client.wake_after(Duration::ZERO);
    assert!(client.session.light());
    client.world.store.close().unwrap();
    assert!(client.hear().contains("\\Flagged"), "it was promised that this needs no disk");
    assert!(!client.is_open());
}

#[test]
fn news_is_not_lost_if_more_comes_before_it_is_told() {
    let mut client = Client::idling(3);
    client.flag(1..=1);
    assert!(client.session.light());
    client.flag(3..=3);
    let mut told = client.hear();
    assert!(client.rings() >= 1);
    assert!(client.session.light());
    told.push_str(&client.hear());
    assert!(told.contains("* 1 FETCH") && told.contains("* 3 FETCH"), "{told}");
}

#[test]
fn what_was_told_to_nobody_before_the_account_closed_is_work() {
    let mut client = Client::idling(3);
    client.flag(2..=2);
    client.world.store.close().unwrap();
    client.wake_after(Duration::ZERO);
    assert!(!client.session.light(), "the account has to be opened");
    assert!(!client.session.light(), "that it was asked changes nothing");
    assert!(client.hear().contains("* 2 FETCH"));
    assert!(client.is_open());
}

#[test]
fn much_news_is_work() {
    let mut client = Client::idling(3_500);
    client.flag(1..=3_500);
    client.wake_after(Duration::ZERO);
    assert!(!client.session.light());
    assert_eq!(client.hear().lines().count(), 3_500);
}

#[test]
fn only_who_listens_is_woken() {
    let mut client = Client::idling(3);
    assert!(client.say("DONE\r\n").starts_with("c OK"));
    client.flag(1..=1);
    assert_eq!(client.rings(), 0);
    assert!(client.session.light(), "there is nothing to do");
    assert_eq!(client.hear(), "");
    assert!(client.say("d IDLE\r\n").contains("* 1 FETCH"), "what came between is told at once");
    client.flag(2..=2);
    assert_eq!(client.rings(), 1);
}
