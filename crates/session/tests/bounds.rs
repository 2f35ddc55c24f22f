//! However long an answer is, a session makes no more of it at once than its limit and one response.

#![allow(clippy::unwrap_used, reason = "a test: its helpers stand outside of #[test] functions")]

use std::sync::Arc;
use std::time::Instant;

use session::{Ending, Next, Now, Peer, Session, Transport};
use store::Store;
use testkit::transcript::parse;
use testkit::world::World;

/// What may be made at once.
const LIMIT: usize = 64 * 1024;

/// More than the longest response here.
const RESPONSE: usize = 300;

const MESSAGES: usize = 6_000;

struct House {
    settings: Arc<session::Settings>,
    now: Now,
}

impl House {
    fn with_messages(messages: usize) -> Self {
        let transcript = parse(&format!("given INBOX with {messages} messages\n")).unwrap();
        let mut world = World::new(Store::memory()).unwrap();
        world.prepare(&transcript).unwrap();
        let now = Now { monotonic: Instant::now(), unix: testkit::memory::BEGIN };
        Self { settings: Arc::new(world.settings(&transcript)), now }
    }

    fn client(&self, commands: &[&str]) -> Client {
        let peer = Peer { address: None, session: 1 };
        let session = Session::new(self.settings.clone(), peer, Transport::PlainTrusted, Arc::new(|| {}), self.now);
        let mut client = Client { session, now: self.now };
        client.say("a LOGIN fred secret\r\n");
        for command in commands {
            let heard = client.say(command);
            assert!(heard.contains(" OK ") || heard.starts_with('+'), "{heard}");
        }
        client
    }
}

struct Client {
    session: Session,
    now: Now,
}

impl Client {
    fn say(&mut self, text: &str) -> String {
        self.session.receive(text.as_bytes(), self.now);
        self.hear()
    }

    fn hear(&mut self) -> String {
        let mut heard = String::new();
        loop {
            let (piece, next) = self.piece();
            heard.push_str(&piece);
            if next != Next::Write {
                return heard;
            }
        }
    }

    fn piece(&mut self) -> (String, Next) {
        let mut out = Vec::new();
        let next = self.session.transmit(&mut out);
        assert!(out.len() < LIMIT + RESPONSE, "{} octets at once", out.len());
        (String::from_utf8(out).unwrap(), next)
    }
}

/// Says a command and checks that its answer took more than one piece, and ended as it should.
fn long(client: &mut Client, command: &str, lines: usize) -> String {
    let heard = client.say(command);
    assert!(heard.len() > LIMIT, "this tests nothing: {} octets", heard.len());
    assert!(heard.lines().count() >= lines, "{} lines", heard.lines().count());
    let tag = command.split(' ').next().unwrap();
    assert!(heard.lines().last().unwrap().starts_with(&format!("{tag} OK")));
    assert!(heard.lines().rev().skip(1).all(|line| line.starts_with("* ")), "in one piece and in order");
    heard
}

#[test]
fn answers_about_many_messages() {
    let house = House::with_messages(MESSAGES);
    let mut listener = house.client(&["b SELECT INBOX\r\n", "c IDLE\r\n"]);
    let mut one = house.client(&["b ENABLE CONDSTORE\r\n", "c SELECT INBOX\r\n"]);
    long(&mut one, "d STORE 1:* +FLAGS (\\Flagged)\r\n", MESSAGES);
    // Every other message, so that there are many ranges.
    let odd: Vec<String> = (1..=MESSAGES).step_by(2).map(|n| n.to_string()).collect();
    long(&mut one, &format!("e STORE {} +FLAGS.SILENT (\\Deleted)\r\n", odd.join(",")), MESSAGES / 2);

    listener.session.wake(house.now);
    let heard = listener.hear();
    assert_eq!(heard.matches(" FETCH (").count(), MESSAGES);
    assert!(heard.starts_with("* 1 FETCH") && heard.contains(&format!("* {MESSAGES} FETCH")));

    let mut late = house.client(&["b ENABLE QRESYNC\r\n"]);
    let known = format!("c SELECT INBOX (QRESYNC ({} 1))\r\n", uid_validity(&mut one));
    long(&mut late, &known, MESSAGES);
    assert!(one.say("f STORE 1:* +FLAGS.SILENT (\\Deleted)\r\n").contains("f OK"));
    long(&mut one, "g EXPUNGE\r\n", MESSAGES);
}

fn uid_validity(client: &mut Client) -> String {
    let told = client.say("v STATUS INBOX (UIDVALIDITY)\r\n");
    told.split("UIDVALIDITY ").nth(1).unwrap().split(')').next().unwrap().to_owned()
}

#[test]
fn answers_about_many_mailboxes() {
    let house = House::with_messages(1);
    let mut client = house.client(&["b SELECT INBOX\r\n"]);
    for n in 0..800 {
        let name = format!("{n:04}{}", "x".repeat(100));
        assert!(client.say(&format!("c CREATE {name}\r\n")).starts_with("c OK"));
        assert!(client.say(&format!("d SUBSCRIBE {name}\r\n")).starts_with("d OK"));
    }
    long(&mut client, "e LIST \"\" *\r\n", 800);
    long(&mut client, "f LSUB \"\" *\r\n", 800);
    long(&mut client, "g XLIST \"\" *\r\n", 800);
    let heard = long(&mut client, "h LIST \"\" * RETURN (STATUS (MESSAGES HIGHESTMODSEQ))\r\n", 1_600);
    // CONDSTORE begins with the first STATUS, and once.
    let at = |text: &str| heard.find(text).unwrap();
    assert!(at("* LIST") < at("[HIGHESTMODSEQ") && at("[HIGHESTMODSEQ") < at("* STATUS"));
    assert_eq!(heard.matches("[HIGHESTMODSEQ").count(), 1);
}

#[test]
fn a_long_answer_ends_where_the_session_does() {
    let house = House::with_messages(MESSAGES);
    let mut client = house.client(&["b SELECT INBOX\r\n"]);
    client.session.receive(b"c STORE 1:* +FLAGS (\\Flagged)\r\nd NOOP\r\n", house.now);
    let (piece, next) = client.piece();
    assert!(next == Next::Write && piece.ends_with("\r\n"));
    assert!(!client.session.light(), "there is more to make");
    client.session.end(Ending::Shutdown, house.now);
    let (words, next) = client.piece();
    assert!(next == Next::Close && words.starts_with("* BYE ") && words.lines().count() == 1, "{words}");
}

#[test]
fn who_is_owed_the_answer_to_a_login_is_not_read() {
    let house = House::with_messages(1);
    let peer = Peer { address: None, session: 1 };
    let mut session = Session::new(house.settings.clone(), peer, Transport::PlainTrusted, Arc::new(|| {}), house.now);
    let mut out = Vec::new();
    while session.transmit(&mut out) == Next::Write {}
    session.receive(b"a LOGIN slow wrong\r\nb NOOP\r\n", house.now);
    assert_eq!(session.transmit(&mut out), Next::Hold);
    // An owner that reads all the same does not make it keep more than a command.
    let taken = (0..10_000).take_while(|_| {
        session.receive(&[b'x'; 1000], house.now);
        session.transmit(&mut out) == Next::Hold
    });
    assert!(taken.count() < 20 && session.held() < 64 << 10);
    assert!(String::from_utf8(out).unwrap().ends_with("* BYE Too much was sent ahead\r\n"));
}
