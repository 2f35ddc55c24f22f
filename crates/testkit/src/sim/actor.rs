//! Those who do something: sessions with the client at their other end, and mail servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use delivery::Lmtp;
use parking_lot::Mutex;
use session::{Ending, Next, Now, Session};

use super::ledger::message;
use super::mailer::Mailer;
use super::porter::Porter;
use super::process::Process;
use super::truth::{Failures, Moment, Truth};
use super::wish::Wish;
use crate::gate::USER;
use crate::model::Features;

/// An IMAP session and its client.
pub(super) struct Line {
    /// `None` while the power is off.
    session: Option<Session>,
    rung: Arc<AtomicBool>,
    next: Next,
    /// Its number, and who let it in.
    number: u64,
    porter: Arc<Porter>,
    /// The client.
    pub(super) mailer: Mailer,
}

/// What can happen at a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The session has work, or something to say.
    Transmit,
    /// Its bell was rung, or its deadline is past.
    Wake,
    /// Its account has gone: the server ends it.
    Dismiss,
    /// The client may speak.
    Speak,
    /// It is over.
    Ended,
    /// Nothing, until another does something.
    Nothing,
}

impl Line {
    /// A client connects.
    pub(super) fn new(process: &Process, features: Features, now: Now) -> Self {
        let rung = Arc::new(AtomicBool::new(false));
        let (number, session) = process.session(waker(&rung), now);
        let (porter, mailer) = (process.porter.clone(), Mailer::new(features, number));
        Self { session: Some(session), rung, next: Next::Write, number, porter, mailer }
    }

    /// The client was cut off, or the server has said BYE; it connects again.
    pub(super) fn again(&mut self, process: &Process, now: Now) {
        self.rung = Arc::new(AtomicBool::new(false));
        let (number, session) = process.session(waker(&self.rung), now);
        (self.session, self.number, self.porter) = (Some(session), number, process.porter.clone());
        self.next = Next::Write;
        self.mailer.again(number);
    }

    /// Its server is no more.
    pub(super) fn hang_up(&mut self) {
        self.session = None;
        self.next = Next::Close;
    }

    /// What can happen now.
    pub(super) fn due(&self, now: Now) -> Due {
        match self.next {
            Next::Write => Due::Transmit,
            Next::StartTls | Next::Close => Due::Ended,
            Next::Read | Next::Hold if self.porter.is_over(self.number) => Due::Dismiss,
            Next::Read | Next::Hold if self.is_rung() || self.deadline().is_some_and(|due| due <= now.monotonic) => {
                Due::Wake
            }
            Next::Read if !self.mailer.waits() => Due::Speak,
            Next::Read | Next::Hold => Due::Nothing,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.session.as_ref().and_then(Session::deadline)
    }

    /// Whether its bell was rung and it has not heard.
    pub(super) fn is_rung(&self) -> bool {
        self.rung.load(Ordering::SeqCst)
    }

    /// The door `receive`.
    pub(super) fn speak(&mut self, wish: &Wish, truth: &Mutex<Truth>, now: Now) {
        let octets = self.mailer.say(wish, &mut truth.lock());
        self.session.iter_mut().for_each(|session| session.receive(&octets, now));
        self.next = Next::Write;
    }

    /// The door `wake`.
    pub(super) fn wake(&mut self, now: Now) {
        self.rung.store(false, Ordering::SeqCst);
        self.session.iter_mut().for_each(|session| session.wake(now));
        self.next = Next::Write;
    }

    /// The door `end`.
    pub(super) fn dismiss(&mut self, now: Now) {
        self.session.iter_mut().for_each(|session| session.end(Ending::Revoked, now));
        self.next = Next::Write;
    }

    /// The door `transmit`.
    pub(super) fn transmit(&mut self, truth: &Mutex<Truth>) -> Result<(), String> {
        let mut out = Vec::new();
        self.next = self.session.as_mut().map_or(Next::Close, |session| session.transmit(&mut out));
        if out.len() > crate::memory::AT_ONCE {
            return Err(format!("{} octets at once", out.len()));
        }
        self.mailer.hear(&out, self.porter.account(self.number), &mut truth.lock())
    }
}

fn waker(rung: &Arc<AtomicBool>) -> session::Waker {
    let rung = rung.clone();
    Arc::new(move || rung.store(true, Ordering::SeqCst))
}

/// A mail server that brings one message by LMTP.
pub(super) struct Postman {
    lmtp: Lmtp,
    mark: u64,
    /// The mailbox that the address names.
    detail: Option<&'static str>,
    since: Moment,
    heard: Vec<u8>,
}

impl Postman {
    /// It comes with the message of that number, and says all at once.
    pub(super) fn new(
        process: &Process,
        (mark, detail): (u64, Option<&'static str>),
        truth: &Mutex<Truth>,
        now: Now,
    ) -> Self {
        let since = truth.lock().moment();
        let mut lmtp = process.lmtp(now);
        let plus = detail.map(|detail| format!("+{detail}")).unwrap_or_default();
        let rcpt = format!("RCPT TO:<{USER}{plus}@example.org>\r\nDATA\r\n");
        let mut said = b"LHLO example.net\r\nMAIL FROM:<a@example.net>\r\n".to_vec();
        said.extend(rcpt.into_bytes());
        said.extend(message(mark));
        said.extend(b".\r\n");
        lmtp.receive(&said, now);
        Self { lmtp, mark, detail, since, heard: Vec::new() }
    }

    /// The door `transmit`, until the message is answered.
    pub(super) fn transmit(&mut self, truth: &Mutex<Truth>) -> Result<(), String> {
        while self.lmtp.transmit(&mut self.heard) == Next::Write {}
        let text = String::from_utf8_lossy(&self.heard).into_owned();
        // The recipient may be refused already, if the directory cannot be read or nobody has the address.
        let after = text.rsplit_once("\r\n354 ").map(|(_, rest)| rest.lines().nth(1).unwrap_or_default());
        let refused = || text.lines().find(|line| line.starts_with(['4', '5']));
        let answer = after.or_else(refused).unwrap_or_default();
        let mut truth = truth.lock();
        truth.follow()?;
        match answer.get(..1) {
            Some("2") => truth.came_in(self.mark, self.detail, &self.since),
            // Who is told that there is no such address gives up.
            Some("5") if !truth.was_there(&self.since) => Ok(()),
            // A process may remember for a moment where an address led.
            Some("4") if truth.failures == Failures::Expected || truth.has_removed() => Ok(()),
            _ => Err(format!("message {} was not taken: {text:?}", self.mark)),
        }
    }
}
