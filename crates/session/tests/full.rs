//! What a client hears of a disk that takes nothing: its mail.

#![allow(clippy::unwrap_used, reason = "a test: its helpers stand outside of #[test] functions")]

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use session::{Next, Now, Peer, Session, Transport};
use store::{Measured, Options, Store};
use testkit::suite::Folder;
use testkit::transcript::parse;
use testkit::world::World;

const GIB: u64 = 1 << 30;

static FREE: AtomicU64 = AtomicU64::new(GIB);

#[expect(clippy::unnecessary_wraps, reason = "it stands in for one that fails")]
fn measure(_: &Path) -> io::Result<Measured> {
    let free = FREE.load(Ordering::SeqCst);
    Ok(Measured { system: 1, free, total: 100 * GIB, read_only: false, copies: false })
}

fn say(session: &mut Session, line: &str, now: Now) -> String {
    let mut heard = Vec::new();
    session.receive(line.as_bytes(), now);
    while session.transmit(&mut heard) == Next::Write {}
    String::from_utf8(heard).unwrap()
}

/// RFC 9051 §6.4.5: `\Seen` comes with the mail where it can; the mail comes.
#[test]
fn unread_mail_is_read_where_seen_cannot_be_stored() {
    let folder = Folder::new();
    let store = Store::set_up(folder.path(), Options { measure, ..Options::default() }).unwrap();
    let world = World::new(store).unwrap();
    let now = Now { monotonic: Instant::now(), unix: testkit::memory::BEGIN };
    let settings = Arc::new(world.settings(&parse("").unwrap()));
    let peer = Peer { address: None, session: 1 };
    let mut session = Session::new(settings, peer, Transport::PlainTrusted, Arc::new(|| {}), now);
    let mut say = |line: &str| say(&mut session, line, now);
    say("a LOGIN fred secret\r\n");
    for tag in ["b", "c"] {
        assert!(say(&format!("{tag} APPEND INBOX {{5+}}\r\nhello\r\n")).contains(" OK "));
    }
    say("d SELECT INBOX\r\n");
    FREE.store(0, Ordering::SeqCst);
    let told = say("e FETCH 1 (BODY[])\r\n");
    assert!(told.contains("hello") && told.contains("e OK ") && !told.contains("Seen"), "{told}");
    let told = say("f FETCH 1 FLAGS\r\n");
    assert!(!told.contains("Seen"), "{told}");
    assert!(say("g STORE 1 +FLAGS (\\Seen)\r\n").contains("g NO [UNAVAILABLE]"));
    assert!(say("h APPEND INBOX {5+}\r\nhello\r\n").contains("h NO [UNAVAILABLE]"));
    FREE.store(GIB, Ordering::SeqCst);
    // One that was full is not believed at once.
    std::thread::sleep(std::time::Duration::from_millis(600));
    let told = say("i FETCH 2 (BODY[])\r\n");
    assert!(told.contains("hello") && told.contains("\\Seen") && told.contains("i OK Fetched\r\n"), "{told}");
}
