//! A session's turn: it works and sends until it has to wait. Synchronous, so that it runs on the spot as well as on a
//! thread of the blocking pool, which sends what it made itself.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use gate::{Dismissal, Ending, Next, Transport};
use tracing::error;

use crate::buffer;
use crate::conversation::{Conversation, Protocol, now};
use crate::link::Link;
use crate::log::Address;
use crate::pace;
use crate::transcript::Scribe;
use crate::wire::Wire;

/// How long a session works before it lets others have its thread.
const SLICE: Duration = Duration::from_millis(50);

/// Where a turn runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Where other connections are served: only light work.
    Here,
    /// On a thread that may wait.
    Pool,
}

/// What has to happen before the next turn.
pub(super) enum Outcome {
    /// The client speaks, or the session is woken.
    Idle,
    /// The session's deadline passes, or it is woken; the client is not read meanwhile.
    Held,
    /// The client takes more of what it is sent.
    Blocked,
    /// What comes next is for the pool.
    Heavy,
    /// Others have their turn.
    Tired,
    /// A TLS handshake.
    StartTls,
    /// The end; all has been sent.
    Close,
    /// The end: the connection failed.
    Failed(io::Error),
}

/// A connection between two waits.
pub(super) struct Turn {
    pub(super) wire: Wire,
    pub(super) link: Arc<Link>,
    protocol: Arc<Protocol>,
    /// `None` once it has panicked or was dismissed.
    session: Option<Box<dyn Conversation>>,
    /// Made, and not sent yet from `sent` on.
    out: Vec<u8>,
    sent: usize,
    /// What the session said to do after sending.
    next: Next,
    /// Told to end: it gets no more time than to say so.
    ending: bool,
    /// When the client was first seen to have closed its side while a command ran.
    closed: Option<Instant>,
    scribe: Option<Box<Scribe>>,
}

impl Turn {
    /// A session whose greeting is still to be sent.
    pub(super) fn new(wire: Wire, transport: Transport, link: Arc<Link>, protocol: Arc<Protocol>) -> Self {
        let session = (protocol.begin)(&link, transport);
        Self {
            wire,
            link,
            protocol,
            session: Some(session),
            out: Vec::new(),
            sent: 0,
            next: Next::Write,
            ending: false,
            closed: None,
            scribe: None,
        }
    }

    /// Works and sends until something has to be waited for.
    pub(super) fn run(&mut self, place: Place) -> Outcome {
        let link = self.link.clone();
        link.cost.of_work(|| self.work(place))
    }

    fn work(&mut self, place: Place) -> Outcome {
        let began = Instant::now();
        loop {
            match self.flush() {
                Ok(true) => {}
                Ok(false) => return Outcome::Blocked,
                Err(error) => return Outcome::Failed(error),
            }
            match self.next {
                Next::Read => return Outcome::Idle,
                Next::Hold => return Outcome::Held,
                Next::StartTls => return Outcome::StartTls,
                Next::Close => return Outcome::Close,
                Next::Write => {}
            }
            match place {
                Place::Here if !self.session.as_ref().is_none_or(|session| session.light()) => return Outcome::Heavy,
                Place::Pool if began.elapsed() >= SLICE || self.link.must_end() => return Outcome::Tired,
                Place::Here | Place::Pool => {}
            }
            self.transmit();
        }
    }

    /// Sends what waits; `false` if the client has to take some of it first.
    fn flush(&mut self) -> io::Result<bool> {
        while self.sent < self.out.len() {
            let sent = self.wire.try_write(&self.out[self.sent..])?;
            if sent == 0 {
                return Ok(false);
            }
            self.sent += sent;
        }
        if !self.wire.push()? {
            return Ok(false);
        }
        self.sent = 0;
        buffer::give(std::mem::take(&mut self.out));
        Ok(true)
    }

    fn transmit(&mut self) {
        let mut out = buffer::take();
        self.next = self.guarded(|session| session.transmit(&mut out)).unwrap_or(Next::Close);
        if self.link.has_transcript() {
            self.scribe().server_said(&out);
        }
        // What a panic left is in `self.out` already.
        if self.out.is_empty() {
            self.out = out;
        }
        self.weigh();
    }

    /// Reads what the client said, and hands it on. Between two calls no buffer is held.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>, input: &mut [u8]) -> Poll<io::Result<usize>> {
        let most = if self.link.pace().is_some() { pace::READ } else { input.len() };
        let read = std::task::ready!(self.wire.poll_read(cx, &mut input[..most]))?;
        if read > 0 {
            let bytes = &input[..read];
            if self.link.has_transcript() {
                self.scribe().client_said(bytes);
            }
            let now = now();
            if let Some(pace) = self.link.pace() {
                pace.heard(bytes, now.monotonic);
            }
            self.guarded(|session| session.receive(bytes, now));
            self.weigh();
            self.look();
        }
        Poll::Ready(Ok(read))
    }

    /// Whether what the client says next may be kept.
    pub(super) fn has_room(&self) -> bool {
        self.link.login().is_some() || self.link.stake.has_room()
    }

    /// How long the client is not to be read, because others have their turn.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.link.pace().and_then(|pace| pace.delay(Instant::now()))
    }

    /// Counts what the session keeps, and what of it a stranger said.
    fn weigh(&self) {
        let held = self.session.as_ref().map_or(0, |session| session.held());
        self.link.cost.keeps(held + self.out.capacity());
        self.link.stake.set(if self.link.login().is_none() { held } else { 0 });
    }

    /// The account changed, or the deadline passed.
    pub(super) fn wake(&mut self) {
        self.guarded(|session| session.wake(now()));
        self.look();
    }

    /// TLS is up.
    pub(super) fn secured(&mut self, transport: Transport) {
        self.next = Next::Write;
        self.guarded(|session| session.secured(transport, now()));
    }

    /// The server wants the session to end.
    pub(super) fn end(&mut self, ending: Ending) {
        self.ending = true;
        self.guarded(|session| session.end(ending, now()));
        self.look();
    }

    /// Ends the connection without the session having a say.
    pub(super) fn dismiss(&mut self, why: Dismissal) {
        self.ending = true;
        self.drop_session();
        self.out.extend_from_slice((self.protocol.farewell)(why));
        self.next = Next::Close;
    }

    /// Whether the connection has been told to end.
    pub(super) fn is_ending(&self) -> bool {
        self.ending
    }

    /// How long ago the client was first seen to have closed its side.
    pub(super) fn closed_for(&mut self) -> Duration {
        self.closed.get_or_insert_with(Instant::now).elapsed()
    }

    /// Answers `posthorn who`.
    pub(super) fn report(&mut self) {
        if let Some(facts) = self.guarded(|session| session.facts()) {
            self.link.report(facts);
        }
    }

    /// When to wake the session.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.session.as_ref().and_then(|session| session.deadline())
    }

    /// After the session was told something it may have something to say, unless it has said its last.
    fn look(&mut self) {
        if matches!(self.next, Next::Read | Next::Hold) {
            self.next = Next::Write;
        }
    }

    /// Calls the session. A panic ends this session alone, and its client is told.
    fn guarded<T>(&mut self, work: impl FnOnce(&mut dyn Conversation) -> T) -> Option<T> {
        let session = self.session.as_mut()?;
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut **session)));
        if done.is_err() {
            let (address, session) = (Address(self.link.address), self.link.id);
            let account = self.link.login().map(|login| &*login.name);
            error!(%address, session, account, "the session panicked: a mistake of ours; it ends, others go on");
            self.dismiss(Dismissal::Broken);
        }
        done.ok()
    }

    /// Drops the session; a panic on its way out is the session's own.
    pub(super) fn drop_session(&mut self) {
        let session = self.session.take();
        if catch_unwind(AssertUnwindSafe(|| drop(session))).is_err() {
            error!(session = self.link.id, "the session panicked at its end");
        }
    }

    fn scribe(&mut self) -> &mut Scribe {
        let link = &self.link;
        self.scribe.get_or_insert_with(|| Box::new(Scribe::new(link.clone())))
    }
}
