//! The session itself: its doors, and the loop that takes one command after the other.

use std::sync::Arc;
use std::time::Instant;

use imap::command::{Command, ParseError, Tagged};
use imap::{Announced, Event, Framer, Limits, Tag};

use crate::capability::When;
use crate::context::Context;
use crate::enabled::Enabled;
use crate::outbox::{Filled, Outbox};
use crate::reply::{Answer, Done, Farewell, GoOn, Notice, Wrong};
use crate::state::{LoggedIn, State};
use crate::view::Expunges;
use crate::work::{Begun, End, Then, Waits, Work};
use crate::{Ending, Facts, Failed, Next, Now, Peer, Settings, Transport, Waker, limits, table};

/// What comes after the octets that are to be sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Continue,
    StartTls,
    Close,
}

/// What a step was.
enum Step {
    /// Work.
    Done,
    /// Work, and there is more that may take long: others have their turn before it.
    Tired,
    /// Nothing, until the client, the account or the clock speaks.
    None,
}

/// One client's session (RFC 9051 §3).
pub struct Session {
    context: Context,
    state: State,
    framer: Framer,
    /// The command under way, with its tag.
    work: Option<(Tag, Work)>,
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
        let mut context = Context {
            settings,
            peer,
            transport,
            waker,
            now,
            enabled: Enabled::default(),
            out: Outbox::default(),
            client: String::new(),
            failed_logins: 0,
        };
        context.out.notice(Notice::Greeting(context.capabilities(When::Always)));
        Self {
            context,
            state: State::NotAuthenticated,
            framer: Framer::new(Limits::BEFORE_LOGIN),
            work: None,
            after: After::Continue,
            command: "",
            expunges: Expunges::Allowed,
            bad_commands: 0,
            started: now.monotonic,
            heard: now.monotonic,
            sent: now.monotonic,
        }
    }

    /// The client spoke.
    pub fn receive(&mut self, bytes: &[u8], now: Now) {
        self.context.now = now;
        self.heard = now.monotonic;
        if self.after == After::Continue && self.framer.push(bytes).is_err() {
            self.bye(Farewell::TooMuchAtOnce);
        }
    }

    /// How many octets of memory hold what the client said and has no answer yet.
    pub fn held(&self) -> usize {
        self.framer.memory()
    }

    /// The account changed, or the deadline passed.
    pub fn wake(&mut self, now: Now) {
        self.context.now = now;
        if self.after != After::Continue {
            return;
        }
        let late = |since: Instant, limit| now.monotonic.saturating_duration_since(since) >= limit;
        match self.waits() {
            Waits::News if late(self.heard, limits::IDLE) => self.bye(Farewell::IdledTooLong),
            Waits::News if late(self.sent, limits::KEEP_ALIVE) => self.context.out.notice(Notice::StillHere),
            Waits::News => {}
            _ if matches!(self.state, State::NotAuthenticated) && late(self.started, limits::LOGIN) => {
                self.bye(Farewell::NoLogin);
            }
            _ if late(self.heard, limits::SILENT) => self.bye(Farewell::SilentTooLong),
            _ => {}
        }
    }

    /// Appends octets to be sent to `out`, up to a limit, and says what to do after sending them. This is where the
    /// session works: it may wait for the store.
    pub fn transmit(&mut self, out: &mut Vec<u8>) -> Next {
        self.context.out.borrow(out);
        let next = loop {
            if self.context.out.is_full() {
                break Next::Write;
            }
            if self.context.out.refill() {
                continue;
            }
            let next = match self.after {
                After::Continue if matches!(self.waits(), Waits::Until(_)) => Next::Hold,
                After::Continue => Next::Read,
                After::StartTls => Next::StartTls,
                After::Close => Next::Close,
            };
            if !matches!(next, Next::Read | Next::Hold) {
                break next;
            }
            match self.step() {
                Step::Done => {}
                // What it has to say may not have found room.
                Step::None if self.context.out.has_backlog() => {}
                Step::None => break next,
                Step::Tired => break Next::Write,
            }
        };
        if !self.context.out.is_empty() {
            self.sent = self.context.now.monotonic;
        }
        match self.context.out.give_back(out) {
            Filled::All => next,
            Filled::More => Next::Write,
        }
    }

    /// When to call [`Session::wake`] if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        if self.after != After::Continue {
            return None;
        }
        Some(match self.waits() {
            Waits::Until(time) => time,
            Waits::News => (self.heard + limits::IDLE).min(self.sent + limits::KEEP_ALIVE),
            Waits::Client if matches!(self.state, State::NotAuthenticated) => self.started + limits::LOGIN,
            Waits::Client => self.heard + limits::SILENT,
        })
    }

    /// TLS is up after [`Next::StartTls`]. All that came before it is forgotten (RFC 9051 §6.2.1).
    pub fn secured(&mut self, transport: Transport, now: Now) {
        self.context.now = now;
        self.framer.discard();
        self.context.transport = transport;
        self.context.client = String::new();
        self.after = After::Continue;
        self.heard = now.monotonic;
    }

    /// The server wants the session to end.
    pub fn end(&mut self, ending: Ending, now: Now) {
        self.context.now = now;
        if self.after != After::Close {
            self.bye(Farewell::Ended(ending));
        }
    }

    /// Who this is and what it does.
    pub fn facts(&self) -> Facts {
        let login = self.state.logged_in();
        Facts {
            user: login.map(|login| login.user.name.clone()),
            mailbox: login.and_then(LoggedIn::view).map(|view| view.name.clone()),
            client: self.context.client.clone(),
            command: self.command,
        }
    }

    /// Whether what [`Session::transmit`] will do next takes only a moment and waits for nothing, neither for a disk
    /// nor for a lock that is held over one: it may run where other connections are served. Ask right before it.
    pub fn light(&self) -> bool {
        if self.after != After::Continue {
            return !self.context.out.has_backlog();
        }
        // What the client sent and nobody has looked at may be any command; what waits for room may be long.
        !self.context.out.has_backlog()
            && self.framer.is_settled()
            && match &self.work {
                None => true,
                Some((_, work)) => match work.waits() {
                    Waits::Client => false,
                    Waits::Until(_) => true,
                    Waits::News => self.state.logged_in().is_some_and(LoggedIn::can_tell_at_once),
                },
            }
    }

    fn waits(&self) -> Waits {
        self.work.as_ref().map_or(Waits::Client, |(_, work)| work.waits())
    }

    /// Does the next piece of work.
    fn step(&mut self) -> Step {
        let Some((tag, mut work)) = self.work.take() else {
            return if self.command() { Step::Done } else { Step::None };
        };
        let then = work.go(&mut self.context, &mut self.state, &mut self.framer);
        let step = match then {
            Then::Wait => Step::None,
            Then::Later => Step::Tired,
            _ => Step::Done,
        };
        match then {
            Then::Again | Then::Later | Then::Wait => self.work = Some((tag, work)),
            Then::Work(work) => self.work = Some((tag, work)),
            Then::End(end) => self.conclude(&tag, end),
        }
        step
    }

    /// Takes the next command.
    fn command(&mut self) -> bool {
        let names = self.context.enabled.names();
        let Some(event) = self.framer.next() else { return false };
        match event {
            Event::Command(bytes) => {
                let parsed = imap::command::parse(bytes, names);
                // A client may have `GET` for a tag, but it has a command after it.
                let is_none = parsed.as_ref().map_or(true, |tagged| matches!(tagged.command, Command::Unknown(_)));
                if is_none && matches!(self.state, State::NotAuthenticated) && gate::begins_as_http(bytes) {
                    self.bye(Farewell::NoWebServer);
                } else {
                    self.run(parsed, None);
                }
            }
            Event::Message { head, announced } => {
                let parsed = imap::command::parse(head, names);
                self.run(parsed, Some(announced));
            }
            Event::Continue => self.context.out.go_on(&GoOn::Argument),
            Event::TooBig(tag) => self.misunderstood(tag.as_ref(), &Wrong::TooLong.into()),
            // Octets, tails and lines come only to those who asked for them.
            Event::Octets(_) | Event::Tail(_) | Event::Line(_) => {}
        }
        true
    }

    fn run(&mut self, parsed: Result<Tagged, ParseError>, announced: Option<Announced>) {
        let Tagged { tag, command } = match parsed {
            Ok(tagged) => tagged,
            Err(error) => return self.misunderstood(error.tag.as_ref(), &Answer::from(&error)),
        };
        let row = table::row(&tag, command, announced);
        (self.command, self.expunges) = (row.name, row.expunges);
        match row.conduct.begin(&mut self.context, &mut self.state) {
            Err(wrong) => return self.misunderstood(Some(&tag), &wrong.into()),
            Ok(Begun::Work(work)) => self.work = Some((tag, work)),
            Ok(Begun::End(end)) => self.conclude(&tag, end),
        }
        // Who asks for a missing extension now and then between good commands is no attacker.
        if !matches!(self.state, State::NotAuthenticated) {
            self.bad_commands = 0;
        }
    }

    /// Ends a command. A message that it did not take is dropped.
    fn conclude(&mut self, tag: &Tag, end: End) {
        self.framer.refuse();
        match end {
            End::Answer(answer) => self.finish(tag, &answer),
            End::Enter(user) => {
                self.state = State::LoggedIn(Box::new(LoggedIn::new(user)));
                self.framer.set_limits(Limits::AFTER_LOGIN);
                let capabilities = self.context.capabilities(When::LoggedIn);
                self.finish(tag, &Done::Welcome(capabilities).into());
            }
            End::Leave(done) => {
                if let State::LoggedIn(login) = &mut self.state {
                    login.unselect();
                }
                self.finish(tag, &done.into());
            }
            End::StartTls => {
                self.finish(tag, &Done::BeginTls.into());
                self.after = After::StartTls;
            }
            End::Logout => {
                self.context.out.bye(Farewell::LoggedOut);
                self.context.out.tagged(tag, &Done::LoggedOut.into());
                self.close();
            }
            End::TurnAway(answer, farewell) => {
                self.finish(tag, &answer);
                self.bye(farewell);
            }
            End::Bye(farewell) => self.bye(farewell),
            End::Broken(error) => {
                self.note(&error);
                self.bye(Farewell::BrokenPromise);
            }
        }
    }

    /// Has the log told of a failure of the store.
    fn note(&self, error: &store::Error) {
        let login = self.state.logged_in();
        let user = login.map(|login| (&*login.user.name, login.user.account.id()));
        (self.context.settings.journal)(&self.context.peer, &Failed { user, command: self.command, error });
    }

    /// Tells what has changed, then the tagged answer.
    fn finish(&mut self, tag: &Tag, answer: &Answer) {
        answer.cause().into_iter().for_each(|error| self.note(error));
        if let Some(mut selected) = self.state.selected() {
            self.context.tell(&mut selected, self.expunges);
            if self.context.enabled.qresync
                && let Some(modseq) = selected.view.delayed_modseq()
            {
                self.context.out.notice(Notice::ToldUpTo(modseq));
            }
        }
        self.context.out.tagged(tag, answer);
    }

    /// Answers what is no command, or none now. A client that sends only such is sent away.
    fn misunderstood(&mut self, tag: Option<&Tag>, answer: &Answer) {
        self.framer.refuse();
        match tag {
            Some(tag) => self.context.out.tagged(tag, answer),
            None => self.context.out.untagged(answer),
        }
        self.bad_commands += 1;
        let most = match self.state {
            State::NotAuthenticated => limits::BAD_COMMANDS_BEFORE_LOGIN,
            _ => limits::BAD_COMMANDS,
        };
        if self.bad_commands >= most {
            self.bye(Farewell::TooManyBadCommands);
        }
    }

    /// Says BYE; the connection is closed once that is sent.
    fn bye(&mut self, farewell: Farewell) {
        self.context.out.bye(farewell);
        self.close();
    }

    /// Closes the connection once all is sent.
    fn close(&mut self) {
        self.state = State::Logout;
        self.work = None;
        self.after = After::Close;
    }
}
