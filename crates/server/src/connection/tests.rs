use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use gate::{Facts, Next, Now};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::*;
use crate::config::Limits;
use crate::conversation::Conversation;
use crate::door::Door;
use crate::registry::Registry;
use crate::testing::Folder;
use crate::tls::{Files, Tls, self_signed};

/// A session that does what its client says in one word.
struct Puppet {
    heard: Vec<u8>,
    counts: Arc<Counts>,
    over: Option<&'static str>,
    task: Option<Task>,
}

#[derive(Clone, Copy)]
enum Task {
    /// Sends for ever.
    Flood,
    /// Works for ever, and sends nothing.
    Search,
    /// Owes an answer until then, and does not want to hear more.
    Owe(Instant),
}

#[derive(Default)]
struct Counts {
    octets: AtomicUsize,
    slices: AtomicUsize,
    wakes: AtomicUsize,
    dropped: AtomicUsize,
    heard: AtomicUsize,
}

impl Drop for Puppet {
    fn drop(&mut self) {
        self.counts.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Conversation for Puppet {
    fn receive(&mut self, bytes: &[u8], _: Now) {
        self.counts.heard.fetch_add(bytes.len(), Ordering::SeqCst);
        self.heard.extend_from_slice(bytes);
    }

    fn wake(&mut self, _: Now) {
        self.counts.wakes.fetch_add(1, Ordering::SeqCst);
        self.heard.extend_from_slice(b"woken\n");
    }

    fn held(&self) -> usize {
        self.heard.len()
    }

    fn transmit(&mut self, out: &mut Vec<u8>) -> Next {
        if let Some(last) = self.over.take() {
            out.extend_from_slice(last.as_bytes());
            return Next::Close;
        }
        match self.task {
            Some(Task::Flood) => {
                out.resize(64 * 1024, b'x');
                self.counts.octets.fetch_add(out.len(), Ordering::SeqCst);
                return Next::Write;
            }
            Some(Task::Search) => {
                self.counts.slices.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(1));
                return Next::Write;
            }
            Some(Task::Owe(until)) if Instant::now() < until => return Next::Hold,
            Some(Task::Owe(_)) => self.task = None,
            None => {}
        }
        if self.heard.len() > 64 << 10 {
            // No word of ours.
            return Next::Read;
        }
        let Some(end) = self.heard.iter().position(|b| *b == b'\n') else { return Next::Read };
        let line: Vec<u8> = self.heard.drain(..=end).collect();
        match line.trim_ascii() {
            b"panic" => panic!("told to"),
            b"flood" => self.task = Some(Task::Flood),
            b"search" => self.task = Some(Task::Search),
            b"owe" => self.task = Some(Task::Owe(Instant::now() + Duration::from_millis(400))),
            b"quit" => self.over = Some("bye\n"),
            other => out.extend_from_slice(&[other, b"\n"].concat()),
        }
        Next::Write
    }

    fn deadline(&self) -> Option<Instant> {
        match self.task {
            Some(Task::Owe(until)) => Some(until),
            _ => None,
        }
    }

    fn light(&self) -> bool {
        self.heard.starts_with(b"light")
    }

    fn secured(&mut self, _: Transport, _: Now) {}

    fn end(&mut self, _: Ending, _: Now) {
        self.over = Some("told to end\n");
    }

    fn facts(&self) -> Facts {
        Facts { command: "PUPPET", ..Facts::default() }
    }
}

struct World {
    runtime: Runtime,
    registry: Arc<Registry>,
    counts: Arc<Counts>,
    address: std::net::SocketAddr,
}

impl World {
    fn new(patience: Patience) -> Self {
        let runtime = crate::serve::runtime().unwrap();
        let registry = Arc::new(Registry::new(Limits::default()));
        let counts = Arc::new(Counts::default());
        let folder = Folder::new();
        let files = Files::in_data(folder.path());
        self_signed(&files, "localhost").unwrap();
        let puppets = counts.clone();
        let reception = Arc::new(Reception {
            store: store::Store::memory(),
            protocol: Arc::new(Protocol {
                begin: Box::new(move |_, _| {
                    let counts = puppets.clone();
                    Box::new(Puppet { heard: b"hello\n".to_vec(), counts, over: None, task: None })
                }),
                farewell: |why| match why {
                    Dismissal::Broken => b"it broke\n",
                    Dismissal::Full | Dismissal::MakeRoom => b"no room\n",
                },
            }),
            tls: Tls::load(files).unwrap().config(),
            plaintext_login: true,
            patience,
        });
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let seats = registry.clone();
        runtime.spawn(async move {
            loop {
                let (stream, peer) = listener.accept().await.unwrap();
                let seat = seats.enter(Door::Imap, Some(peer.ip())).unwrap();
                tokio::spawn(serve(Socket::from(stream), seat, reception.clone()));
            }
        });
        Self { runtime, registry, counts, address }
    }

    /// A client that has read the greeting.
    fn client(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(line(&mut stream), "hello");
        stream
    }

    fn wait_for(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !done(self) {
            assert!(began.elapsed() < Duration::from_secs(10), "waited in vain until {what}");
            thread::sleep(Duration::from_millis(2));
        }
    }
}

fn line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    let mut octet = [0];
    while stream.read(&mut octet).unwrap() == 1 && octet != *b"\n" {
        line.push(octet[0]);
    }
    String::from_utf8(line).unwrap()
}

#[test]
fn a_panic_ends_its_session_alone() {
    let world = World::new(Patience::default());
    let (mut one, mut other) = (world.client(), world.client());
    one.write_all(b"panic\n").unwrap();
    let mut last = String::new();
    one.read_to_string(&mut last).unwrap();
    assert_eq!(last, "it broke\n");
    other.write_all(b"still\nlight here\n").unwrap();
    assert_eq!((line(&mut other), line(&mut other)), ("still".to_owned(), "light here".to_owned()));
    world.wait_for("the session is gone", |world| world.registry.len() == 1);
    assert_eq!(world.counts.dropped.load(Ordering::SeqCst), 1);
}

#[test]
fn what_a_slow_reader_keeps_waiting_is_bounded_and_it_is_cut_off() {
    let world = World::new(Patience { stalled: Duration::from_millis(400), ..Patience::default() });
    let mut client = world.client();
    client.write_all(b"flood\n").unwrap();
    world.wait_for("it is cut off", |world| world.counts.dropped.load(Ordering::SeqCst) == 1);
    // The kernel's buffers on both sides, and one piece of ours.
    let made = world.counts.octets.load(Ordering::SeqCst);
    assert!(made < 16 << 20, "{made} octets were made for a client that reads none");
    drop(client);
}

#[test]
fn a_client_that_reads_gets_it_all() {
    let world = World::new(Patience { stalled: Duration::from_millis(400), ..Patience::default() });
    let mut client = world.client();
    client.write_all(b"flood\n").unwrap();
    let mut got = 0;
    let mut buffer = vec![0; 1 << 20];
    while got < 200 << 20 {
        let read = client.read(&mut buffer).unwrap();
        assert!(read > 0 && buffer[..read].iter().all(|b| *b == b'x'));
        got += read;
    }
}

#[test]
fn work_for_a_client_that_went_away_ends() {
    let world = World::new(Patience { half_closed: Duration::from_millis(200), ..Patience::default() });
    let mut client = world.client();
    client.write_all(b"search\n").unwrap();
    world.wait_for("it works", |world| world.counts.slices.load(Ordering::SeqCst) > 3);
    drop(client);
    world.wait_for("it is dropped", |world| world.counts.dropped.load(Ordering::SeqCst) == 1);
}

#[test]
fn a_client_that_is_owed_an_answer_is_not_read() {
    let world = World::new(Patience::default());
    let mut client = world.client();
    client.write_all(b"owe\n").unwrap();
    world.wait_for("it is heard", |world| world.counts.heard.load(Ordering::SeqCst) == 4);
    thread::sleep(Duration::from_millis(50));
    let began = Instant::now();
    client.write_all(b"more\n").unwrap();
    thread::sleep(Duration::from_millis(150));
    assert_eq!(world.counts.heard.load(Ordering::SeqCst), 4, "what it says waits in the kernel");
    assert_eq!((line(&mut client), line(&mut client)), ("woken".to_owned(), "more".to_owned()));
    assert!(began.elapsed() > Duration::from_millis(200));
}

#[test]
fn a_client_that_hangs_up_while_it_is_owed_an_answer_is_missed_though_it_said_more() {
    let world = World::new(Patience { half_closed: Duration::from_millis(50), ..Patience::default() });
    let mut client = world.client();
    client.write_all(b"owe\n").unwrap();
    world.wait_for("it is heard", |world| world.counts.heard.load(Ordering::SeqCst) == 4);
    let began = Instant::now();
    client.write_all(b"more\n").unwrap();
    drop(client);
    world.wait_for("it is dropped", |world| world.counts.dropped.load(Ordering::SeqCst) == 1);
    assert!(began.elapsed() < Duration::from_millis(300), "{:?}: before the answer was due", began.elapsed());
}

#[test]
fn a_stranger_who_said_too_much_is_not_read_for_a_while_and_missed_when_it_goes() {
    let world = World::new(Patience { half_closed: Duration::from_millis(50), ..Patience::default() });
    let (mut client, mut leaver) = (world.client(), world.client());
    let links = world.registry.links();
    // They wait for their clients by now, and look at the budget after the next word.
    thread::sleep(Duration::from_millis(50));
    let began = Instant::now();
    // The common budget is in debt for a second.
    for link in links {
        link.pace().unwrap().charge(20_000, began);
    }
    for one in [&mut client, &mut leaver] {
        one.write_all(b"one\n").unwrap();
        assert_eq!(line(one), "one");
        one.write_all(b"two\n").unwrap();
    }
    drop(leaver);
    world.wait_for("it is missed", |world| world.counts.dropped.load(Ordering::SeqCst) == 1);
    assert!(began.elapsed() < Duration::from_millis(700), "{:?}: before it would have been read", began.elapsed());
    assert_eq!(world.counts.heard.load(Ordering::SeqCst), 8, "what the other says waits in the kernel");
    assert_eq!((line(&mut client), line(&mut client)), ("woken".to_owned(), "two".to_owned()));
    assert!(began.elapsed() >= Duration::from_millis(900));
}

#[test]
fn what_strangers_say_has_one_budget() {
    let world = World::new(Patience::default());
    let mut clients: Vec<TcpStream> = (0..20).map(|_| world.client()).collect();
    // No line ends: the puppets keep it all, as no session does.
    let said = vec![b'x'; 4 << 20];
    let threads: Vec<_> = clients
        .drain(..)
        .map(|mut client| {
            let said = said.clone();
            thread::spawn(move || {
                client.set_write_timeout(Some(Duration::from_millis(700))).unwrap();
                let _cut_off = client.write_all(&said);
                client
            })
        })
        .collect();
    let clients: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    // What they wrote waits in the kernel, and is read a little at a time.
    world.wait_for("the oldest make room", |world| world.counts.dropped.load(Ordering::SeqCst) > 0);
    let kept: usize = world.registry.links().iter().map(|link| link.stake.kept()).sum();
    assert!(kept <= (32 << 20) + clients.len() * (64 << 10), "{kept} octets are kept of 80 MB");
    drop(clients);
}

#[test]
fn orders_reach_sessions_that_idle_work_and_wait_for_their_client() {
    let world = World::new(Patience { farewell: Duration::from_millis(300), ..Patience::default() });
    let mut idle = world.client();
    let mut working = world.client();
    working.write_all(b"search\n").unwrap();
    let mut stuck = world.client();
    stuck.write_all(b"flood\n").unwrap();
    world.wait_for("it works", |world| world.counts.slices.load(Ordering::SeqCst) > 3);
    thread::sleep(Duration::from_millis(100));
    let began = Instant::now();
    for link in world.registry.links() {
        link.order(Order::Revoked);
    }
    assert_eq!(line(&mut idle), "told to end");
    assert_eq!(line(&mut working), "told to end");
    world.wait_for("all are gone", |world| world.registry.len() == 0);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn a_ring_wakes_the_session_and_a_report_does_not() {
    let world = World::new(Patience::default());
    let mut client = world.client();
    let link = world.registry.links().remove(0);
    link.order(Order::Report);
    world.wait_for("it reports", |_| link.reported().is_some_and(|facts| facts.command == "PUPPET"));
    assert_eq!(world.counts.wakes.load(Ordering::SeqCst), 0);
    link.ring();
    assert_eq!(line(&mut client), "woken");
    assert_eq!(world.counts.wakes.load(Ordering::SeqCst), 1);
    client.write_all(b"quit\n").unwrap();
    assert_eq!(line(&mut client), "bye");
    world.wait_for("it is gone", |world| world.registry.len() == 0);
}

#[test]
fn a_connection_is_a_small_task() {
    let world = World::new(Patience::default());
    let _runtime = world.runtime.enter();
    let reception = || -> Arc<Reception> { unreachable!("only its size is asked for") };
    let size = |_: fn() -> Arc<Reception>| {
        fn of<F>(_: &impl Fn(Socket, Seat, Arc<Reception>) -> F) -> usize {
            size_of::<F>()
        }
        of(&serve)
    };
    let task = size(reception);
    assert!(task <= 1024, "the task of a connection takes {task} octets");
    assert!(size_of::<Turn>() <= 512, "its state takes {} octets", size_of::<Turn>());
}
