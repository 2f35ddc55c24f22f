//! The messages of one APPEND, however many, need no more files than one does. Alone in its file: it counts its process's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test: its helpers stand outside of #[test] functions")]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::Instant;

use session::{Next, Now, Peer, Session, Settings, Transport};
use store::{Options, Store};
use testkit::transcript::parse;
use testkit::world::World;

const MESSAGES: usize = 12;

/// Octets that do not compress: too many for the memory of one command.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        // No NUL: a literal has none (RFC 9051 §4.3).
        state.to_le_bytes()[3].max(1)
    };
    (0..1_200_000).map(|_| next()).collect()
}

/// Files that are open here and have no name any more.
fn nameless() -> usize {
    let open = fs::read_dir("/proc/self/fd").unwrap();
    let files = open.filter_map(|entry| fs::metadata(entry.unwrap().path()).ok());
    files.filter(|file| file.is_file() && file.nlink() == 0).count()
}

fn say(session: &mut Session, octets: &[u8], now: Now) -> Vec<u8> {
    let mut heard = Vec::new();
    for piece in octets.chunks(64 * 1024) {
        session.receive(piece, now);
        while session.transmit(&mut heard) == Next::Write {}
    }
    heard
}

#[test]
fn the_messages_of_an_append_share_one_file() {
    let folder = std::env::temp_dir().join(format!("posthorn-uploads-{}", std::process::id()));
    let store = Store::set_up(&folder, Options::default()).unwrap();
    let world = World::new(store).unwrap();
    let now = Now { monotonic: Instant::now(), unix: testkit::memory::BEGIN };
    let settings = Arc::new(world.settings(&parse("").unwrap()));
    let peer = Peer { address: None, session: 1 };
    let mut session = Session::new(settings, peer, Transport::PlainTrusted, Arc::new(|| {}), now);
    say(&mut session, b"a LOGIN fred secret\r\n", now);
    say(&mut session, b"b APPEND INBOX", now);
    for seed in 0..MESSAGES {
        let octets = noise(seed as u64);
        let heard = say(&mut session, &[format!(" {{{}+}}\r\n", octets.len()).as_bytes(), &octets].concat(), now);
        assert!(heard.is_empty() && nameless() <= 1, "message {seed}: {}", String::from_utf8_lossy(&heard));
    }
    assert_eq!(nameless(), 1, "all fit into memory: this tests nothing");
    let heard = say(&mut session, b"\r\nc STATUS INBOX (MESSAGES)\r\n", now);
    let heard = String::from_utf8(heard).unwrap();
    assert!(heard.contains("b OK") && heard.contains(&format!("MESSAGES {MESSAGES}")), "{heard}");
    assert_eq!(nameless(), 0, "it goes with the command");
    drop((session, world));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn an_append_brings_so_many_octets_and_no_more() {
    let world = World::new(Store::memory()).unwrap();
    let now = Now { monotonic: Instant::now(), unix: testkit::memory::BEGIN };
    let settings = Arc::new(Settings { append_octets: 3_000, ..world.settings(&parse("").unwrap()) });
    let peer = Peer { address: None, session: 1 };
    let mut session = Session::new(settings, peer, Transport::PlainTrusted, Arc::new(|| {}), now);
    say(&mut session, b"a LOGIN fred secret\r\n", now);
    // One that may come alone, two that are just as much, and one octet more.
    for (sizes, answer) in [(&[4_000][..], "b OK"), (&[1_000, 2_000], "b OK"), (&[1_000, 2_001], "b NO [LIMIT]")] {
        say(&mut session, b"b APPEND INBOX", now);
        let mut heard = Vec::new();
        for size in sizes {
            let message = format!(" {{{size}+}}\r\n{}", "x".repeat(*size));
            heard.extend(say(&mut session, message.as_bytes(), now));
        }
        heard.extend(say(&mut session, b"\r\n", now));
        let heard = String::from_utf8(heard).unwrap();
        assert!(heard.starts_with(answer), "{heard}");
    }
    let heard = say(&mut session, b"c STATUS INBOX (MESSAGES)\r\n", now);
    assert!(String::from_utf8(heard).unwrap().contains("MESSAGES 3"), "all or none");
}
