//! What the log is told of commands that the store failed.

#![allow(clippy::unwrap_used, reason = "a test: its helpers stand outside of #[test] functions")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use session::{Next, Now, Peer, Session, Transport};
use store::{Options, Store};
use testkit::transcript::parse;
use testkit::world::World;

/// Octets that do not compress, so that they are in the file as they are.
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3].max(1)
    };
    (0..50_000).map(|_| next()).collect()
}

/// A user's session in a folder, and what the log was told.
struct Logged {
    folder: PathBuf,
    world: World,
    session: Session,
    now: Now,
    told: Arc<Mutex<Vec<String>>>,
}

impl Logged {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("posthorn-{test}-{}", std::process::id()));
        let _left = fs::remove_dir_all(&folder);
        let world = World::new(Store::set_up(&folder, Options::default()).unwrap()).unwrap();
        let now = Now { monotonic: Instant::now(), unix: testkit::memory::BEGIN };
        let told = Arc::<Mutex<Vec<String>>>::default();
        let mut settings = world.settings(&parse("").unwrap());
        let kept = told.clone();
        settings.journal = Arc::new(move |peer, failed| {
            let (name, id) = failed.user.unwrap();
            let line = format!("{} {name} {id} {}: {}", peer.session, failed.command, failed.error);
            kept.lock().unwrap().push(line);
        });
        let peer = Peer { address: None, session: 7 };
        let session = Session::new(Arc::new(settings), peer, Transport::PlainTrusted, Arc::new(|| {}), now);
        let mut logged = Self { folder, world, session, now, told };
        logged.say(b"a LOGIN fred secret\r\nb SELECT INBOX\r\n");
        logged
    }

    fn say(&mut self, octets: &[u8]) -> String {
        let mut heard = Vec::new();
        self.session.receive(octets, self.now);
        while self.session.transmit(&mut heard) == Next::Write {}
        String::from_utf8_lossy(&heard).into_owned()
    }

    fn told(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }

    fn file(&self) -> PathBuf {
        Path::new(&self.world.store.directory().place(self.world.account.id())).to_owned()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_commit_that_fails_is_told_with_its_account_its_command_and_the_reason() {
    let mut logged = Logged::new("journal-commit");
    assert!(logged.say(b"c APPEND INBOX {4+}\r\na\r\n\r\n").contains("c OK"));
    assert!(logged.say(b"d COPY 1 Nowhere\r\n").contains("d NO [TRYCREATE]"));
    assert_eq!(logged.told(), Vec::<String>::new(), "what the rules refuse is no failure");
    fs::remove_file(logged.file()).unwrap();
    assert!(logged.say(b"e STORE 1 +FLAGS (\\Seen)\r\n").contains("e NO [UNAVAILABLE]"));
    let told = logged.told();
    let file = logged.file().display().to_string();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("7 fred 1 STORE: ") && told[0].contains(&file), "{told:?}");
}

#[test]
fn damage_that_a_command_finds_is_told() {
    let mut logged = Logged::new("journal-read");
    let noise = noise();
    let append = [format!("c APPEND INBOX {{{}+}}\r\n", noise.len()).as_bytes(), &noise, b"\r\n"].concat();
    assert!(logged.say(&append).contains("c OK"));
    logged.world.store.close().unwrap();
    let mut octets = fs::read(logged.file()).unwrap();
    let at = octets.windows(64).position(|window| window == &noise[20_000..20_064]).unwrap();
    octets[at] ^= 1;
    fs::write(logged.file(), octets).unwrap();
    let heard = logged.say(b"d FETCH 1 BODY.PEEK[]\r\n");
    assert!(heard.contains("d NO") || heard.contains("BYE"), "{}", &heard[heard.len() - 200..]);
    let told = logged.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("7 fred 1 FETCH: damaged: "), "{told:?}");
}
