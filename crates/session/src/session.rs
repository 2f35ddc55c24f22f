//! The session itself: its doors, and the loop that takes one command after the other.

use std::sync::Arc;
use std::time::Instant;

use account::{Planned, Refusal, State as AccountState};
use imap::command::{Command, ParseError, Tagged};
use imap::response::{self, Code, Condition};
use imap::{Announced, Event, Framer, Limits, Tag};
use store::{Account, Actor, Committed, Message};

use crate::enabled::Enabled;
use crate::reply::Answer;
use crate::state::State;
use crate::table::{self, Legal};
use crate::view::Expunges;
use crate::work::{Progress, Work};
use crate::{Ending, Facts, Next, Now, Peer, Settings, Transport, Waker, capability, command, limits, news};

/// What comes after the octets that are to be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Continue,
    StartTls,
    Close,
}

/// One client's session (RFC 9051 §3).
pub struct Session {
    pub(crate) settings: Arc<Settings>,
    pub(crate) peer: Peer,
    pub(crate) transport: Transport,
    pub(crate) waker: Waker,
    pub(crate) now: Now,
    pub(crate) state: State,
    pub(crate) enabled: Enabled,
    pub(crate) framer: Framer,
    /// Octets to send, in order.
    pub(crate) out: Vec<u8>,
    /// What the client says it is (RFC 2971).
    pub(crate) client: String,
    pub(crate) failed_logins: u32,
    work: Option<Work>,
    after: After,
    /// The running command's name, and whether its end may tell of expunges.
    command: &'static str,
    expunges: Expunges,
    bad_commands: u32,
    started: Instant,
    heard: Instant,
    sent: Instant,
}

impl Session {
    /// A session with a client that has just connected. The greeting is the first that [`Session::transmit`] gives.
    pub fn new(settings: Arc<Settings>, peer: Peer, transport: Transport, waker: Waker, now: Now) -> Self {
        let mut session = Self {
            settings,
            peer,
            transport,
            waker,
            now,
            state: State::NotAuthenticated,
            enabled: Enabled::default(),
            framer: Framer::new(Limits::BEFORE_LOGIN),
            out: Vec::new(),
            client: String::new(),
            failed_logins: 0,
            work: None,
            after: After::Continue,
            command: "",
            expunges: Expunges::Allowed,
            bad_commands: 0,
            started: now.monotonic,
            heard: now.monotonic,
            sent: now.monotonic,
        };
        let code = Code::Capability(session.capabilities());
        response::untagged(&mut session.out, Condition::Ok, Some(&code), "Posthorn at your service");
        session
    }

    /// The client spoke.
    pub fn receive(&mut self, bytes: &[u8], now: Now) {
        self.now = now;
        self.heard = now.monotonic;
        if self.after == After::Continue {
            self.framer.push(bytes);
        }
    }

    /// The account changed, or the deadline passed.
    pub fn wake(&mut self, now: Now) {
        self.now = now;
        if self.after != After::Continue {
            return;
        }
        let late = |since: Instant, limit| now.monotonic.saturating_duration_since(since) >= limit;
        match &mut self.work {
            Some(Work::Idle(idle)) => {
                idle.wake();
                if late(self.heard, limits::IDLE) {
                    self.bye("You have been idle for very long; come back any time");
                } else if late(self.sent, limits::KEEP_ALIVE) {
                    response::untagged(&mut self.out, Condition::Ok, None, "Still here");
                }
            }
            _ if matches!(self.state, State::NotAuthenticated) && late(self.started, limits::LOGIN) => {
                self.bye("Log in sooner next time");
            }
            _ if late(self.heard, limits::SILENT) => self.bye("Autologout: nothing heard for half an hour"),
            _ => {}
        }
    }

    /// Appends octets to be sent to `out`, up to a limit, and says what to do after sending them. This is where the
    /// session works: it may wait for the store.
    pub fn transmit(&mut self, out: &mut Vec<u8>) -> Next {
        if out.is_empty() {
            // The caller's buffer becomes ours for the time being, so that nothing is copied twice.
            out.append(&mut self.out);
            std::mem::swap(out, &mut self.out);
        }
        let next = loop {
            if self.out.len() >= limits::TRANSMIT {
                break Next::Write;
            }
            let next = match self.after {
                After::Continue => Next::Read,
                After::StartTls => Next::StartTls,
                After::Close => Next::Close,
            };
            if next != Next::Read || !self.step() {
                break next;
            }
        };
        if !self.out.is_empty() {
            self.sent = self.now.monotonic;
        }
        if out.is_empty() {
            std::mem::swap(out, &mut self.out);
        } else {
            out.append(&mut self.out);
        }
        next
    }

    /// When to call [`Session::wake`] if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let silent = match &self.work {
            _ if self.after != After::Continue => return None,
            Some(Work::Delay(delay)) => return Some(delay.until),
            Some(Work::Idle(_)) => (self.heard + limits::IDLE).min(self.sent + limits::KEEP_ALIVE),
            _ if matches!(self.state, State::NotAuthenticated) => self.started + limits::LOGIN,
            _ => self.heard + limits::SILENT,
        };
        Some(silent)
    }

    /// TLS is up after [`Next::StartTls`]. All that came before it is forgotten (RFC 9051 §6.2.1).
    pub fn secured(&mut self, transport: Transport, now: Now) {
        self.now = now;
        self.framer.discard();
        self.transport = transport;
        self.client = String::new();
        self.after = After::Continue;
        self.heard = now.monotonic;
    }

    /// The server wants the session to end.
    pub fn end(&mut self, ending: Ending, now: Now) {
        self.now = now;
        if self.after == After::Close {
            return;
        }
        match ending {
            Ending::Shutdown => self.bye("The server is shutting down; it will be back"),
            Ending::Revoked => self.bye("The account was disabled, or its password changed; log in again"),
            Ending::Broken => self.bye("The server made a mistake and has to end this session; nothing is lost"),
        }
    }

    /// Who this is and what it does.
    pub fn facts(&self) -> Facts {
        Facts {
            user: self.state.user().map(|user| user.name.clone()),
            mailbox: self.state.view().map(|view| view.name.clone()),
            client: self.client.clone(),
            command: self.command,
        }
    }

    /// Whether what [`Session::transmit`] will do next takes only a moment and waits for nothing: it may run where
    /// other connections are served.
    pub fn light(&self) -> bool {
        matches!(self.work, Some(Work::Idle(_))) && self.framer.is_between_commands()
    }

    /// Does the next piece of work; `false` if there is none until the client, the account or the clock speaks.
    fn step(&mut self) -> bool {
        match self.work.take() {
            Some(work) => match work.go(self) {
                Progress::Done => true,
                Progress::Again(work) => {
                    self.work = Some(work);
                    true
                }
                Progress::Wait(work) => {
                    self.work = Some(work);
                    false
                }
            },
            None => self.command(),
        }
    }

    /// Takes the next command.
    fn command(&mut self) -> bool {
        let names = self.enabled.names();
        let Some(event) = self.framer.next() else { return false };
        match event {
            Event::Command(bytes) => {
                let parsed = imap::command::parse(bytes, names);
                self.run(parsed, None);
            }
            Event::Message { head, announced } => {
                let parsed = imap::command::parse(head, names);
                self.run(parsed, Some(announced));
            }
            Event::Continue => response::continuation(&mut self.out, "Go on"),
            Event::TooBig(tag) => {
                let answer = Answer::bad("The command is too long").with(Code::TooBig);
                self.misunderstood(tag.as_ref(), &answer);
            }
            // Octets, tails and lines come only to those who asked for them.
            Event::Octets(_) | Event::Tail(_) | Event::Line(_) => {}
        }
        true
    }

    fn run(&mut self, parsed: Result<Tagged, ParseError>, announced: Option<Announced>) {
        let Tagged { tag, command } = match parsed {
            Ok(tagged) => tagged,
            Err(error) => {
                self.framer.refuse();
                let answer = Answer::from(&error);
                return self.misunderstood(error.tag.as_ref(), &answer);
            }
        };
        let rules = table::of(&command);
        (self.command, self.expunges) = (rules.name, rules.expunges);
        if !self.state.allows(rules.legal) {
            self.framer.refuse();
            let answer = Answer::bad(match rules.legal {
                Legal::BeforeLogin => "You are logged in already",
                Legal::Selected if self.state.user().is_some() => "SELECT a mailbox first",
                _ => "Log in first",
            });
            return self.misunderstood(Some(&tag), &answer);
        }
        if let Command::Unknown(name) = &command {
            self.framer.refuse();
            let answer = Answer::bad(format!("There is no command {name}"));
            return self.misunderstood(Some(&tag), &answer);
        }
        match command::run(self, &tag, command, announced) {
            Ok(Some(work)) => self.work = Some(work),
            Ok(None) => {}
            Err(answer) => {
                self.framer.refuse();
                self.finish(&tag, &answer);
            }
        }
    }

    /// Ends a command: tells what has changed, then the tagged answer.
    pub(crate) fn finish(&mut self, tag: &Tag, answer: &Answer) {
        self.tell(self.expunges);
        if let (true, Some(view)) = (self.enabled.qresync, self.state.view_mut())
            && let Some(modseq) = view.delayed_modseq()
        {
            let code = Code::HighestModSeq(modseq);
            response::untagged(&mut self.out, Condition::Ok, Some(&code), "All changes up to here have been told");
        }
        response::tagged(&mut self.out, tag, answer.condition, answer.code.as_ref(), &answer.text);
    }

    /// Brings the client's picture of the selected mailbox up to date, as far as it may be now.
    pub(crate) fn tell(&mut self, expunges: Expunges) {
        let State::Selected(user, view) = &mut self.state else { return };
        // If the store cannot say, there is nothing to tell: the command that needs it has its own answer.
        let Ok(state) = user.account.state() else { return };
        let found = view.sync(&state, || user.account.pin(&state), expunges);
        // Rev2 has no \Recent (RFC 9051 appendix E), whoever hears of a message first.
        if found.exists.is_some() && !self.enabled.rev2 {
            let id = view.id;
            view.claim_recent(&state, |uid_next| user.account.claim_recent(id, uid_next));
        }
        if !found.is_empty() {
            news::write(&mut self.out, view, &found, self.enabled);
        }
    }

    /// Answers what is no command, or none now. A client that sends only such is sent away.
    fn misunderstood(&mut self, tag: Option<&Tag>, answer: &Answer) {
        match tag {
            Some(tag) => response::tagged(&mut self.out, tag, answer.condition, answer.code.as_ref(), &answer.text),
            None => response::untagged(&mut self.out, answer.condition, answer.code.as_ref(), &answer.text),
        }
        self.bad_commands += 1;
        let most = match self.state {
            State::NotAuthenticated => limits::BAD_COMMANDS_BEFORE_LOGIN,
            _ => limits::BAD_COMMANDS,
        };
        if self.bad_commands >= most {
            self.bye("Too many commands that are none");
        }
    }

    /// Says BYE; the connection is closed once that is sent.
    pub(crate) fn bye(&mut self, text: &str) {
        response::untagged(&mut self.out, Condition::Bye, None, text);
        self.close();
    }

    /// Closes the connection once all is sent.
    pub(crate) fn close(&mut self) {
        self.state = State::Logout;
        self.work = None;
        self.after = After::Close;
    }

    /// Turns to TLS once all is sent.
    pub(crate) fn start_tls(&mut self) {
        self.after = After::StartTls;
    }

    pub(crate) fn capabilities(&self) -> Vec<String> {
        capability::list(&self.settings, &self.transport, self.state.user().map(|_| ()))
    }

    /// The client used CONDSTORE's syntax: from now on it is told modseqs (RFC 7162 §3.1).
    pub(crate) fn want_condstore(&mut self) {
        if !std::mem::replace(&mut self.enabled.condstore, true) {
            command::tell_highest_modseq(self);
        }
    }

    /// The account that is logged in.
    pub(crate) fn account(&self) -> Result<Arc<Account>, Answer> {
        self.state.user().map(|user| user.account.clone()).ok_or_else(|| Answer::bad("Log in first"))
    }

    /// Carries out a plan, and waits until it is durable.
    pub(crate) fn commit<T: Send + 'static>(
        &mut self,
        emails: Vec<Message>,
        plan: impl FnMut(&AccountState) -> Result<Planned<T>, Refusal> + Send + 'static,
    ) -> Result<Committed<T>, Answer> {
        let user = self.state.user().ok_or_else(|| Answer::bad("Log in first"))?;
        let actor = Actor {
            session: self.peer.session,
            client: self.client.clone(),
            credential: user.name.clone(),
            address: self.peer.address,
        };
        user.account.commit(&actor, self.now.unix, emails, plan).map_err(Answer::from)
    }
}
