//! A mailbox's table of flags is made anew while sessions look at it.

#![allow(clippy::unwrap_used, reason = "a test: its helpers stand outside of #[test] functions")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use session::{Next, Now, Peer, Session, Settings, Transport};
use store::Store;
use testkit::transcript::parse;
use testkit::world::World;

const MESSAGES: usize = 5;

struct Client {
    session: Session,
    now: Now,
}

impl Client {
    fn new(settings: &Arc<Settings>) -> Self {
        let now = Now { monotonic: Instant::now(), unix: testkit::memory::BEGIN };
        let peer = Peer { address: None, session: 1 };
        let session = Session::new(settings.clone(), peer, Transport::PlainTrusted, Arc::new(|| {}), now);
        let mut client = Self { session, now };
        client.say("a LOGIN fred secret");
        client.say("b SELECT INBOX");
        client
    }

    fn say(&mut self, command: &str) -> String {
        self.session.receive(format!("{command}\r\n").as_bytes(), self.now);
        let mut heard = Vec::new();
        while self.session.transmit(&mut heard) == Next::Write {}
        let heard = String::from_utf8(heard).unwrap();
        assert!(heard.contains(" OK "), "{heard}");
        heard
    }

    /// What it is told of all messages, by UID.
    fn flags(&mut self) -> BTreeMap<String, String> {
        let heard = self.say("f UID FETCH 1:* (FLAGS)");
        let lines = heard.lines().filter_map(|line| line.split_once("(UID ")?.1.split_once(" FLAGS "));
        lines.map(|(uid, flags)| (uid.to_owned(), flags.replace("\\Recent ", ""))).collect()
    }
}

/// Gives a message so many combinations of keywords, one after the other, that the table is made anew.
fn churn(client: &mut Client, message: usize) {
    for n in 1..2_100 {
        let keywords: Vec<_> = (0..12).filter(|bit| n & (1 << bit) != 0).map(|bit| format!("k{bit}")).collect();
        client.say(&format!("c STORE {message} FLAGS.SILENT ({})", keywords.join(" ")));
    }
}

#[test]
fn sessions_that_look_at_the_old_table_see_what_is() {
    let transcript = parse(&format!("given INBOX with {MESSAGES} messages\n")).unwrap();
    let mut world = World::new(Store::memory()).unwrap();
    world.prepare(&transcript).unwrap();
    let settings = Arc::new(world.settings(&transcript));
    let mut other = Client::new(&settings);
    other.say("c STORE 1 FLAGS (\\Seen $Forwarded)");
    other.say("d STORE 2 FLAGS (\\Answered work)");
    let [mut stores, mut silent, mut fetches] = [(); 3].map(|()| Client::new(&settings));
    churn(&mut other, 5);
    // The first that each says comes from a time before the new table.
    let heard = stores.say("g STORE 1 +FLAGS (\\Flagged)");
    assert!(heard.contains("* 1 FETCH (") && heard.contains("\\Flagged \\Seen $Forwarded"), "{heard}");
    silent.say("g STORE 2 +FLAGS.SILENT (\\Flagged)");
    other.say("h STORE 3 +FLAGS (\\Deleted gone)");
    other.say("h EXPUNGE");
    churn(&mut other, 3);
    // A message that has gone is still there for who may not be told, and has no flags that nobody knows.
    fetches.say("g FETCH 1:* (FLAGS)");
    let heard = fetches.say("g FETCH 1:* (FLAGS)");
    assert!(
        heard.contains("* 3 FETCH (FLAGS ())") && heard.contains("* 2 FETCH (FLAGS (\\Answered \\Flagged work))"),
        "{heard}"
    );
    let right = Client::new(&settings).flags();
    assert_eq!(right.len(), MESSAGES - 1);
    for client in [&mut stores, &mut silent, &mut fetches, &mut other] {
        client.say("h NOOP");
        assert_eq!(client.flags(), right);
    }
}
