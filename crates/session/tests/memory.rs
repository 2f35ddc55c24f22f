//! What clients ask for and do not read costs no more memory than the bound of an answer. Alone in its file: it measures
//! its process.

#![allow(clippy::unwrap_used, reason = "a test: its helpers stand outside of #[test] functions")]

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::Instant;

use session::{Next, Now, Peer, Session, Settings, Transport};
use store::Store;
use testkit::transcript::parse;
use testkit::world::World;

/// 64 KiB, and a piece of at most 256 KiB; and what an allocator makes of that.
const A_SESSION: u64 = 2 * (64 + 256);

const SESSIONS: u64 = 40;

/// The most memory that this process had so far, in KiB, where the system says so.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find(|line| line.starts_with("VmHWM"))?.split_whitespace().nth(1)?.parse().ok()
}

fn client(settings: &Arc<Settings>, now: Now) -> Session {
    let peer = Peer { address: None, session: 1 };
    let mut session = Session::new(settings.clone(), peer, Transport::PlainTrusted, Arc::new(|| {}), now);
    say(&mut session, "a LOGIN fred secret\r\nb SELECT INBOX\r\n", now);
    session
}

fn say(session: &mut Session, text: &str, now: Now) -> Vec<u8> {
    session.receive(text.as_bytes(), now);
    let mut heard = Vec::new();
    loop {
        let mut out = Vec::new();
        let next = session.transmit(&mut out);
        heard.append(&mut out);
        if next != Next::Write {
            return heard;
        }
    }
}

/// Many clients say this and take the first piece of the answer.
fn unread(settings: &Arc<Settings>, now: Now, command: &str) {
    let mut clients: Vec<Session> = (0..SESSIONS).map(|_| client(settings, now)).collect();
    let before = peak();
    for session in &mut clients {
        session.receive(command.as_bytes(), now);
        assert_eq!(session.transmit(&mut Vec::new()), Next::Write, "this tests nothing: {command:.60}");
    }
    if let (Some(before), Some(after)) = (before, peak()) {
        let each = (after - before) / SESSIONS;
        assert!(each <= A_SESSION, "{each} KiB a session for {command:.60}");
    }
}

#[test]
fn answers_that_nobody_reads() {
    let transcript = parse("given INBOX with 1 message\n").unwrap();
    let mut world = World::new(Store::memory()).unwrap();
    world.prepare(&transcript).unwrap();
    let now = Now { monotonic: Instant::now(), unix: testkit::memory::BEGIN };
    let settings = Arc::new(world.settings(&transcript));
    let mut one = client(&settings, now);
    for n in 0..1_000 {
        assert!(say(&mut one, &format!("c CREATE {}{n}\r\n", "x".repeat(900)), now).starts_with(b"c OK"));
    }
    let mail = format!("Subject: x\r\n\r\n{}", "0123456789abcdef\r\n".repeat(15_000));
    let heard = say(&mut one, &format!("d APPEND INBOX {{{}+}}\r\n{mail}\r\n", mail.len()), now);
    assert!(String::from_utf8(heard).unwrap().contains("d OK"));

    unread(&settings, now, "e LIST \"\" *\r\n");
    let pieces = (0..199).fold(String::new(), |mut all, n| {
        write!(all, "BODY.PEEK[TEXT]<{n}.262144> ").unwrap();
        all
    });
    unread(&settings, now, &format!("f FETCH 2 ({})\r\n", pieces.trim_end()));
}
