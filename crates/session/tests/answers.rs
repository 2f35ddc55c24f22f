//! Answers that a few octets ask for and that are megabytes: none of it is made before the client takes it, and what no
//! client needs is refused.

#![allow(clippy::unwrap_used, reason = "a test: its helpers stand outside of #[test] functions")]

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use session::{Ending, Next, Now, Peer, Session, Transport};
use store::Store;
use testkit::transcript::parse;
use testkit::world::World;

/// What one `transmit` may give: 64 KiB, and a piece of at most 256 KiB.
const AT_ONCE: usize = (64 + 256) * 1024;

struct Client {
    session: Session,
    now: Now,
}

impl Client {
    /// A client that has INBOX selected, which has these messages.
    fn new(messages: usize) -> Self {
        let transcript = parse(&format!("given INBOX with {messages} messages\n")).unwrap();
        let mut world = World::new(Store::memory()).unwrap();
        world.prepare(&transcript).unwrap();
        let now = Now { monotonic: Instant::now(), unix: testkit::memory::BEGIN };
        let peer = Peer { address: None, session: 1 };
        let settings = Arc::new(world.settings(&transcript));
        let session = Session::new(settings, peer, Transport::PlainTrusted, Arc::new(|| {}), now);
        let mut client = Self { session, now };
        client.say("a LOGIN fred secret\r\n");
        client.say("b SELECT INBOX\r\n");
        client
    }

    fn append(&mut self, message: &str) {
        let heard = self.say(&format!("c APPEND INBOX {{{}+}}\r\n{message}\r\n", message.len()));
        assert!(heard.contains("c OK"), "{heard}");
    }

    fn say(&mut self, text: &str) -> String {
        self.session.receive(text.as_bytes(), self.now);
        let mut heard = Vec::new();
        while self.piece(&mut heard) == Next::Write {}
        String::from_utf8(heard).unwrap()
    }

    fn piece(&mut self, heard: &mut Vec<u8>) -> Next {
        let mut out = Vec::new();
        let next = self.session.transmit(&mut out);
        assert!(out.len() <= AT_ONCE, "{} octets at once", out.len());
        heard.append(&mut out);
        next
    }
}

/// A mail with one part in base64 of so many octets.
fn encoded(octets: usize) -> String {
    let line = format!("{}\r\n", "QUJD".repeat(19));
    let head = "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    format!("{head}{}", line.repeat(octets / line.len()))
}

#[test]
fn many_sections_of_one_mail() {
    let mut client = Client::new(0);
    client.append(&format!("Subject: x\r\n\r\n{}", "0123456789abcdef\r\n".repeat(12 * 1024)));
    let items = (0..50).fold(String::new(), |mut all, n| {
        write!(all, "BODY.PEEK[]<{n}.200000> BODY.PEEK[TEXT]<{n}.210000> BINARY.PEEK[1]<{n}.200000> ").unwrap();
        all
    });
    let heard = client.say(&format!("d FETCH 1 ({})\r\n", items.trim_end()));
    assert!(heard.contains(")\r\nd OK "));
    assert_eq!(heard.matches("> {200000}").count(), 100);
    assert!(heard.len() > 150 * 200_000);
}

#[test]
fn a_session_ends_amid_a_long_answer() {
    let mut client = Client::new(0);
    client.append(&format!("Subject: x\r\n\r\n{}", "x".repeat(1_000_000)));
    client.session.receive(b"d FETCH 1 BODY.PEEK[]\r\n", client.now);
    let mut heard = Vec::new();
    assert_eq!(client.piece(&mut heard), Next::Write);
    client.session.end(Ending::Shutdown, client.now);
    assert_eq!(client.piece(&mut heard), Next::Close);
    assert!(!String::from_utf8(heard).unwrap().contains("BYE"), "it would be taken for the mail's");
}

#[test]
fn partial_binaries_decode_a_part_once_if_they_ascend() {
    let mut client = Client::new(0);
    client.append(&encoded(3 * 1024 * 1024));
    let partials = |starts: &mut dyn Iterator<Item = usize>| {
        starts.fold(String::new(), |mut all, n| {
            write!(all, "BINARY.PEEK[1]<{}.100> ", n * 11_000).unwrap();
            all
        })
    };
    let heard = client.say(&format!("d FETCH 1 ({})\r\n", partials(&mut (0..199)).trim_end()));
    assert!(heard.contains("d OK") && heard.matches("BINARY[1]<").count() == 199);
    let heard = client.say(&format!("e FETCH 1 ({})\r\n", partials(&mut (0..199).rev()).trim_end()));
    assert!(heard.contains("\r\ne NO [LIMIT]"), "{}", &heard[heard.len() - 200..]);
    let told = heard.matches("BINARY[1]<").count();
    // Each piece that is at hand serves some seventeen of them.
    assert!((34..=85).contains(&told), "{told}");
    assert!(heard.contains(")\r\ne NO"), "what was told before stands, in a response that has an end");
}

#[test]
fn sets_with_many_holes() {
    const MESSAGES: usize = 30_000;
    let mut client = Client::new(MESSAGES);
    let odd: Vec<String> = (1..=MESSAGES).step_by(2).map(|n| n.to_string()).collect();
    let odd = odd.join(",");
    assert!(client.say(&format!("d STORE {odd} +FLAGS.SILENT (\\Flagged)\r\n")).contains("d OK"));
    let found = format!("* SEARCH {}\r\ne OK Searched\r\n", odd.replace(',', " "));
    let heard = client.say("e SEARCH FLAGGED\r\n");
    assert!(found.len() > 64 * 1024 && heard == found);
    let heard = client.say("f UID SEARCH RETURN (ALL COUNT) FLAGGED\r\n");
    assert!(heard.starts_with(&format!("* ESEARCH (TAG \"f\") UID COUNT {} ALL {odd}\r\n", MESSAGES / 2)));
    // What is asked for in many ranges is told message by message.
    let heard = client.say(&format!("g UID FETCH {odd} (FLAGS)\r\n"));
    assert!(heard.matches(" FETCH (").count() == MESSAGES / 2 && heard.contains("g OK"));
    assert!(client.say("h ENABLE QRESYNC\r\n").contains("h OK"));
    assert!(client.say(&format!("i STORE {odd} +FLAGS.SILENT (\\Deleted)\r\n")).contains("i OK"));
    assert!(client.say("j EXPUNGE\r\n").starts_with(&format!("* VANISHED {odd}\r\n")));
    let heard = client.say("k UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)\r\n");
    assert!(heard.starts_with(&format!("* VANISHED (EARLIER) {odd}\r\n")));
}

#[test]
fn a_search_lets_others_have_their_turn_within_one_long_mail() {
    let mut client = Client::new(0);
    let line = format!("{}\r\n", "A line of text that is none of those. ".repeat(2));
    client.append(&format!("Subject: long\r\n\r\n{}the end\r\n", line.repeat((3 << 20) / line.len())));
    for (texts, least) in
        [("BODY \"the end\"".to_owned(), 3), ((0..99).fold(String::new(), |all, n| all + &format!("TEXT none{n} ")), 8)]
    {
        client
            .session
            .receive(format!("d SEARCH OR BODY \"the end\" ({})\r\n", texts.trim_end()).as_bytes(), client.now);
        let (mut heard, mut turns) = (Vec::new(), 1);
        while client.piece(&mut heard) == Next::Write {
            turns += 1;
        }
        let heard = String::from_utf8(heard).unwrap();
        assert!(heard.starts_with("* SEARCH 1\r\nd OK"), "{heard}");
        assert!(turns >= least, "{turns} turns");
    }
}

#[test]
fn a_header_is_gone_through_once_for_all_keys() {
    let mut client = Client::new(0);
    let fields = (0..50_000).fold(String::new(), |all, n| all + &format!("f{}: value {n}\r\n", n % 3_000));
    client.append(&format!("{fields}Subject: x\r\n\r\nbody\r\n"));
    // None of them is there but the last, so all are looked for.
    let keys = (0..1_900).fold(String::new(), |all, n| all + &format!("NOT HEADER f{} value.{n} ", n % 1_000));
    let before = Instant::now();
    let heard = client.say(&format!("d SEARCH {keys}HEADER f1999 \"value 49999\"\r\n"));
    assert!(heard.starts_with("* SEARCH 1\r\n"), "{heard}");
    let time = before.elapsed();
    assert!(time < Duration::from_secs(5), "{time:?}");
}

#[test]
fn all_patterns_of_a_list_have_one_budget() {
    let mut client = Client::new(0);
    let stars = |patterns: usize, each: usize| vec![format!("\"{}\"", "*a".repeat(each)); patterns].join(" ");
    assert!(client.say(&format!("d LIST \"\" ({})\r\n", stars(4, 25))).contains("d OK"));
    assert!(client.say(&format!("e LIST \"\" ({})\r\n", stars(4, 26))).starts_with("e NO [LIMIT]"));
    let long = vec![format!("*{}", "x".repeat(300)); 4].join(" ");
    assert!(client.say(&format!("f LIST \"\" ({long})\r\n")).starts_with("f NO [LIMIT]"));
    // Names cost nothing.
    let names = vec!["x".repeat(900); 99].join(" ");
    assert!(client.say(&format!("g LIST \"\" (% {names})\r\n")).starts_with("* LIST"));
}

#[test]
fn one_name_among_many_is_looked_up() {
    let mut client = Client::new(0);
    for n in 0..2_000 {
        assert!(client.say(&format!("d CREATE a{n}\r\n")).starts_with("d OK"));
    }
    assert!(client.say("d CREATE x/y/z\r\ne SUBSCRIBE gone/away\r\n").contains("e OK"));
    let of = |before: Instant| before.elapsed();
    let before = Instant::now();
    for _ in 0..20 {
        assert_eq!(client.say("f LIST \"\" *7\r\n").lines().count(), 201);
    }
    let all = of(before);
    let before = Instant::now();
    for _ in 0..20 {
        assert_eq!(client.say("f LIST \"\" a1999\r\n").lines().count(), 2);
    }
    let one = of(before);
    assert!(one * 10 < all, "{one:?} against {all:?}");
    let heard = client.say("g LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (gone x/y x/y/z inbox nothing)\r\n");
    assert_eq!(heard, client.say("g LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (gone x/y x/y/z inbox nothing%)\r\n"));
    let heard = client.say("h LIST \"\" (x x/y inbox nothing)\r\n");
    assert_eq!(heard, client.say("h LIST \"\" (x x/y inbox nothing%)\r\n"));
}
