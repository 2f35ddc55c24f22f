//! Sessions in this process, without sockets and without a clock that runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use session::{Next, Now, Peer, Session, Settings, Transport};

use crate::network::{Network, Patience, Received};

/// When every transcript begins: 2026-01-01 12:00:00 UTC.
pub const BEGIN: i64 = 1_767_268_800;

/// More turns without an octet than any command takes.
const TURNS: usize = 1_000_000;

/// The most that a session may give at once (docs/limits.md): 64 KiB, and a piece of at most 256 KiB.
pub(crate) const AT_ONCE: usize = (64 + 256) * 1024;

/// How what a client sends is cut into the pieces that the session receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Not at all.
    Whole,
    /// Each into two, at this octet.
    At(usize),
    /// Octet by octet.
    Everywhere,
}

/// Sessions by name.
pub struct Memory {
    settings: Arc<Settings>,
    transport: Transport,
    cut: Cut,
    now: Now,
    begin: Instant,
    made: u64,
    connections: BTreeMap<String, Connection>,
}

struct Connection {
    session: Session,
    woken: Arc<AtomicBool>,
    out: Vec<u8>,
    /// What the client sent and the session did not want to read yet.
    on_the_way: Vec<u8>,
    next: Next,
}

impl Memory {
    /// Without any connection yet.
    pub fn new(settings: Arc<Settings>, transport: Transport, cut: Cut) -> Self {
        let begin = Instant::now();
        Self {
            settings,
            transport,
            cut,
            now: Now { monotonic: begin, unix: BEGIN },
            begin,
            made: 0,
            connections: BTreeMap::new(),
        }
    }

    /// What time it is here.
    pub fn now(&self) -> Now {
        self.now
    }

    /// A session, to look at.
    pub fn session(&self, name: &str) -> Option<&Session> {
        self.connections.get(name).map(|c| &c.session)
    }

    /// Wakes those that have a reason, until nobody has.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            for connection in self.connections.values_mut() {
                connection.pump();
                if connection.woken.swap(false, Ordering::SeqCst) && connection.waits() {
                    connection.wake(self.now);
                    quiet = false;
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn get(&mut self, name: &str) -> Result<&mut Connection, String> {
        self.connections.get_mut(name).ok_or_else(|| format!("{name} is not connected"))
    }
}

impl Connection {
    /// Takes what the session has to say, until it wants something.
    fn pump(&mut self) {
        if matches!(self.next, Next::Close | Next::StartTls) {
            return;
        }
        for _ in 0..TURNS {
            let before = self.out.len();
            let mut out = Vec::new();
            self.next = self.session.transmit(&mut out);
            assert!(out.len() <= AT_ONCE, "{} octets at once: a slow reader keeps as many in memory", out.len());
            self.out.append(&mut out);
            if self.next != Next::Write {
                return;
            }
            debug_assert!(self.out.len() >= before);
        }
        panic!("the session has been at work for {TURNS} turns and has not come to an end");
    }

    /// The client sends: what the session does not want to read waits on the way.
    fn receive(&mut self, octets: &[u8], now: Now) {
        self.pump();
        self.on_the_way.extend_from_slice(octets);
        self.read(now);
    }

    fn read(&mut self, now: Now) {
        if self.next == Next::Read && !self.on_the_way.is_empty() {
            self.session.receive(&std::mem::take(&mut self.on_the_way), now);
            self.pump();
        }
        // What comes after STARTTLS before the handshake is thrown away, as the owner of a session has to do.
        if self.next != Next::Hold {
            self.on_the_way.clear();
        }
    }

    fn waits(&self) -> bool {
        matches!(self.next, Next::Read | Next::Hold)
    }

    fn wake(&mut self, now: Now) {
        self.session.wake(now);
        self.pump();
        self.read(now);
    }
}

impl Network for Memory {
    fn connect(&mut self, name: &str) -> Result<(), String> {
        let woken = Arc::new(AtomicBool::new(false));
        let flag = woken.clone();
        self.made += 1;
        let peer = Peer { address: Some(std::net::Ipv4Addr::LOCALHOST.into()), session: self.made };
        let waker: session::Waker = Arc::new(move || flag.store(true, Ordering::SeqCst));
        let session = Session::new(self.settings.clone(), peer, self.transport.clone(), waker, self.now);
        let connection = Connection { session, woken, out: Vec::new(), on_the_way: Vec::new(), next: Next::Read };
        self.connections.insert(name.to_owned(), connection);
        self.settle();
        Ok(())
    }

    fn send(&mut self, name: &str, octets: &[u8]) -> Result<(), String> {
        let (cut, now) = (self.cut, self.now);
        let pieces: Vec<&[u8]> = match cut {
            Cut::At(at) if at < octets.len() => vec![&octets[..at], &octets[at..]],
            Cut::Whole | Cut::At(_) => vec![octets],
            Cut::Everywhere => octets.chunks(1).collect(),
        };
        for piece in pieces {
            if !piece.is_empty() {
                self.get(name)?.receive(piece, now);
            }
        }
        self.settle();
        Ok(())
    }

    fn receive(&mut self, name: &str, _: Patience) -> Result<Received, String> {
        self.settle();
        let connection = self.get(name)?;
        let out = std::mem::take(&mut connection.out);
        Ok(match (out.is_empty(), connection.next) {
            (false, _) => Received::Octets(out),
            (true, Next::Close) => Received::End,
            (true, _) => Received::Nothing,
        })
    }

    fn start_tls(&mut self, name: &str) -> Result<(), String> {
        let now = self.now;
        let connection = self.get(name)?;
        if connection.next != Next::StartTls {
            return Err(format!("{name}'s server does not wait for a TLS handshake"));
        }
        connection.next = Next::Read;
        connection.session.secured(Transport::Tls { exporter: None }, now);
        connection.pump();
        Ok(())
    }

    fn hang_up(&mut self, name: &str) {
        self.connections.remove(name);
        self.settle();
    }

    fn pass(&mut self, time: Duration) -> Result<(), String> {
        let end = self.now.monotonic + time;
        loop {
            self.settle();
            let open = self.connections.values().filter(|c| !matches!(c.next, Next::Close | Next::StartTls));
            let Some(due) = open.filter_map(|c| c.session.deadline()).min().filter(|due| *due <= end) else { break };
            self.now.monotonic = self.now.monotonic.max(due);
            self.now.unix = BEGIN + elapsed(self.begin, self.now.monotonic);
            for connection in self.connections.values_mut() {
                if matches!(connection.next, Next::Close | Next::StartTls) {
                    continue;
                }
                if connection.session.deadline().is_some_and(|due| due <= self.now.monotonic) {
                    connection.wake(self.now);
                    if connection.waits() && connection.session.deadline().is_some_and(|due| due <= self.now.monotonic)
                    {
                        return Err("a session was woken at its deadline and has the same deadline still".to_owned());
                    }
                }
            }
        }
        self.now.monotonic = end;
        self.now.unix = BEGIN + elapsed(self.begin, end);
        Ok(())
    }
}

fn elapsed(begin: Instant, now: Instant) -> i64 {
    i64::try_from(now.duration_since(begin).as_secs()).unwrap_or(i64::MAX)
}
