//! Sessions on threads of their own, all on one account at once: nobody knows in which order things happen, but every
//! client that obeys ends with what is, and nothing is lost or doubled (FAILURES 21, 25, 26).

#![allow(clippy::unwrap_used, reason = "a test: its helpers stand outside of #[test] functions")]

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::thread;

use session::Settings;
use store::Store;
use testkit::memory::{Cut, Memory};
use testkit::model::{Cache, Client, Features, FlagSet, Picture, Status};
use testkit::suite::Folder;
use testkit::transcript::{Transcript, parse};
use testkit::world::World;

/// Small random numbers that can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

fn seed() -> u64 {
    let given = std::env::var("THREADS_SEED").ok().map(|text| text.parse().unwrap());
    let seed = given.unwrap_or_else(|| RandomState::new().hash_one("seed")) | 1;
    // Where threads race, the seed alone does not bring the same run back, but it is a beginning.
    eprintln!("THREADS_SEED={seed}");
    seed
}

fn world(store: Store, givens: &str) -> (World, Arc<Settings>) {
    let transcript = parse(givens).unwrap();
    let mut world = World::new(store).unwrap();
    world.prepare(&transcript).unwrap();
    let settings = Arc::new(world.settings(&transcript));
    (world, settings)
}

fn network(settings: &Arc<Settings>) -> Memory {
    Memory::new(settings.clone(), World::transport(&Transcript::default()), Cut::Whole)
}

/// Runs one client a thread, and gives them back when all have stopped.
fn race(settings: &Arc<Settings>, features: &[Features], steps: usize, act: fn(&mut Player, &mut Dice)) -> Vec<Player> {
    let seed = seed();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..)
            .zip(features)
            .map(|(number, features)| {
                scope.spawn(move || {
                    let mut dice = Dice(seed.wrapping_mul(2 * number as u64 + 3) | 1);
                    let mut player = Player::new(settings, *features, number);
                    (0..steps).for_each(|_| act(&mut player, &mut dice));
                    player
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

struct Player {
    network: Memory,
    client: Option<Client>,
    features: Features,
    number: usize,
    mails: usize,
}

impl Player {
    fn new(settings: &Arc<Settings>, features: Features, number: usize) -> Self {
        let mut player = Self { network: network(settings), client: None, features, number, mails: 0 };
        player.come("INBOX", None);
        player
    }

    fn come(&mut self, mailbox: &str, cache: Option<&Cache>) {
        let name = ["A", "B", "C", "D", "E", "F", "G", "H"][self.number];
        let mut client = Client::connect(name, self.features, &mut self.network).unwrap();
        client.select(&mut self.network, (mailbox, Some(0)), None, cache).unwrap();
        self.client = Some(client);
    }

    fn say(&mut self, command: &str) -> Status {
        let client = self.client.as_mut().unwrap();
        client.done(&mut self.network).unwrap();
        client.command(&mut self.network, command).unwrap().status
    }

    fn must(&mut self, command: &str) {
        assert_eq!(self.say(command), Status::Ok, "{command}");
    }

    fn count(&self) -> usize {
        self.client.as_ref().unwrap().picture().map_or(0, |picture| picture.messages.len())
    }

    fn append(&mut self, mailbox: &str) {
        self.mails += 1;
        let mail = format!("Subject: {} {}\r\n\r\n", self.number, self.mails);
        let client = self.client.as_mut().unwrap();
        client.done(&mut self.network).unwrap();
        let head = format!("APPEND {mailbox} {{{}+}}\r\n", mail.len());
        let done = client.pieces(&mut self.network, &[head.as_bytes(), mail.as_bytes()]).unwrap();
        assert_eq!(done.status, Status::Ok);
    }

    /// Is cut off, and asks by QRESYNC for what it has missed.
    fn reconnect(&mut self, mailbox: &str) {
        let client = self.client.take().unwrap();
        let cache = client.picture().filter(|picture| self.features == Features::Qresync && picture.is_complete());
        let cache = cache.map(|picture| Cache {
            name: mailbox.to_owned(),
            uid_validity: picture.uid_validity,
            highest: picture.highest,
            messages: picture.by_uid(),
        });
        client.hang_up(&mut self.network);
        self.come(mailbox, cache.as_ref());
    }

    /// What it knows once it has been told the rest, and has asked only for what it has never heard of.
    fn knows(&mut self) -> Vec<(u32, FlagSet)> {
        self.must("NOOP");
        let picture = self.client.as_ref().unwrap().picture().unwrap();
        if !picture.is_complete() {
            self.must("UID FETCH 1:* (UID FLAGS)");
        }
        let picture = self.client.as_ref().unwrap().picture().unwrap();
        assert_eq!(picture.by_uid().len(), picture.messages.len());
        picture.by_uid().into_iter().collect()
    }
}

/// What a client ends with, if it asks again for everything.
fn seen(settings: &Arc<Settings>, mailbox: &str) -> Picture {
    let mut player = Player::new(settings, Features::Rev2, 7);
    player.reconnect(mailbox);
    player.must("UID FETCH 1:* (UID FLAGS)");
    player.client.unwrap().picture().unwrap().clone()
}

#[test]
fn nothing_is_lost_and_nothing_doubled_by_moves() {
    let folder = Folder::new();
    for store in [Store::memory(), Store::set_up(folder.path(), store::Options::default()).unwrap()] {
        let (world, settings) = world(store, "given INBOX with 60 messages\ngiven mailbox Other\n");
        let act = |player: &mut Player, dice: &mut Dice| {
            let (from, to) = if dice.below(2) == 0 { ("INBOX", "Other") } else { ("Other", "INBOX") };
            player.reconnect(from);
            match dice.below(3) {
                0 => player.must(&format!("UID MOVE 1:* {to}")),
                1 => player.must(&format!("UID MOVE {}:* {to}", dice.below(60) + 1)),
                _ if player.count() > 0 => player.must(&format!("MOVE {}:1 {to}", dice.below(player.count()) + 1)),
                _ => {}
            }
        };
        let features = [Features::Plain, Features::Qresync, Features::Rev2, Features::Condstore];
        drop(race(&settings, &features, 25, act));
        let (one, other) = (seen(&settings, "INBOX"), seen(&settings, "Other"));
        assert_eq!(one.messages.len() + other.messages.len(), 60);
        let state = world.account.state().unwrap();
        let emails: BTreeSet<_> = state.by_name().flat_map(|m| m.messages.iter().map(|r| r.email)).collect();
        assert_eq!(emails.len(), 60, "each of them once");
        world.check().unwrap();
    }
}

#[test]
fn all_clients_that_obey_see_the_same() {
    let (world, settings) = world(Store::memory(), "given INBOX with 20 messages\n");
    let act = |player: &mut Player, dice: &mut Dice| {
        let count = player.count();
        let place = |dice: &mut Dice| dice.below(count.max(1)) + 1;
        match dice.below(12) {
            0..=2 => player.append("INBOX"),
            3 if count > 0 => player.must(&format!("STORE {} +FLAGS (\\Seen)", place(dice))),
            4 if count > 0 => player.must(&format!("STORE {} +FLAGS (\\Deleted)", place(dice))),
            5 if count > 0 => player.must(&format!("FETCH {}:1 (FLAGS)", place(dice))),
            6 => player.must("EXPUNGE"),
            7 => player.must("UID FETCH 1:* (UID FLAGS)"),
            8 => {
                let client = player.client.as_mut().unwrap();
                client.done(&mut player.network).unwrap();
                client.idle(&mut player.network).unwrap();
            }
            9 => player.client.as_mut().unwrap().overhear(&mut player.network).unwrap(),
            10 => player.must("NOOP"),
            _ => player.reconnect("INBOX"),
        }
    };
    let features =
        [Features::Plain, Features::Rev2, Features::Condstore, Features::Qresync, Features::Qresync, Features::Qresync];
    let mut players = race(&settings, &features, 120, act);
    let state = world.account.state().unwrap();
    let inbox = state.named(&imap::MailboxName::Inbox).unwrap();
    let flags = |id| inbox.flags.flags(id).to_wire().iter().map(|f| f.as_str().to_ascii_lowercase()).collect();
    let is: Vec<(u32, FlagSet)> = inbox.messages.iter().map(|m| (m.uid.get(), flags(m.flags))).collect();
    for player in &mut players {
        assert_eq!(player.knows(), is, "{:?}", player.features);
    }
    world.check().unwrap();
}
