//! LOGIN and AUTHENTICATE (RFC 9051 §6.2.2, §6.2.3; RFC 4959).

use imap::command::{Authenticate as Command, Login};
use imap::response::{self, Code};
use imap::{Event, Limits, Tag};

use crate::reply::Answer;
use crate::session::Session;
use crate::state::State;
use crate::work::{Delay, Progress, Work};
use crate::{Exchange, Step, Transport, Verdict, base64};

/// An exchange that waits for the client's response.
pub(crate) struct Authenticate {
    tag: Tag,
    exchange: Box<dyn Exchange>,
}

/// LOGIN.
pub(crate) fn login(session: &mut Session, tag: &Tag, command: &Login) -> Result<Option<Work>, Answer> {
    if session.transport == Transport::Plain {
        return Err(needs_tls());
    }
    let gate = session.settings.gate.clone();
    let verdict = gate.login(&session.peer, &session.transport, &command.user, command.password.as_bytes());
    Ok(judge(session, tag, verdict))
}

/// AUTHENTICATE.
pub(crate) fn start(session: &mut Session, tag: &Tag, command: &Command) -> Result<Option<Work>, Answer> {
    let gate = session.settings.gate.clone();
    let Some(exchange) = gate.authenticate(&session.peer, &session.transport, &command.mechanism) else {
        return Err(match session.transport {
            Transport::Plain => needs_tls(),
            _ => Answer::no(Code::Cannot, "That mechanism is not offered here; see AUTH= in CAPABILITY"),
        });
    };
    let initial = match &command.initial {
        None => None,
        // "=" is an empty response (RFC 4959 §3).
        Some(text) if text.as_bytes() == b"=" => Some(Vec::new()),
        Some(text) => Some(base64::decode(text.as_bytes()).ok_or_else(no_base64)?),
    };
    let exchange = Authenticate { tag: tag.clone(), exchange };
    Ok(exchange.step(session, initial.as_deref()))
}

impl Authenticate {
    pub(crate) fn go(self, session: &mut Session) -> Progress {
        let response = match session.framer.next() {
            None => return Progress::Wait(Work::Authenticate(self)),
            Some(Event::Line(line)) if line == b"*" => Err(Answer::bad("Cancelled, as you wished")),
            Some(Event::Line(line)) => base64::decode(line).ok_or_else(no_base64),
            Some(_) => Err(Answer::bad("The response is too long").with(Code::TooBig)),
        };
        match response {
            Err(answer) => {
                session.finish(&self.tag, &answer);
                Progress::Done
            }
            Ok(response) => match self.step(session, Some(&response)) {
                Some(work) => Progress::Again(work),
                None => Progress::Done,
            },
        }
    }

    fn step(mut self, session: &mut Session, response: Option<&[u8]>) -> Option<Work> {
        match self.exchange.step(response) {
            Step::Challenge(octets) => {
                response::continuation(&mut session.out, &base64::encode(&octets));
                session.framer.expect_line();
                Some(Work::Authenticate(self))
            }
            Step::Done(verdict) => judge(session, &self.tag, verdict),
        }
    }
}

/// Lets a user in, or not. Which of name and password was wrong is not told.
fn judge(session: &mut Session, tag: &Tag, verdict: Verdict) -> Option<Work> {
    let answer = match verdict {
        Verdict::Welcome(user) => {
            session.state = State::Authenticated(user);
            session.framer.set_limits(Limits::AFTER_LOGIN);
            Answer::ok("Welcome").with(Code::Capability(session.capabilities()))
        }
        Verdict::Wrong(delay) => {
            session.failed_logins += 1;
            let answer = Answer::no(Code::AuthenticationFailed, "Wrong name or password");
            return Some(Work::Delay(Delay { until: session.now.monotonic + delay, tag: tag.clone(), answer }));
        }
        Verdict::Forbidden => Answer::no(Code::AuthorizationFailed, "The account is disabled, or is not yours to use"),
        Verdict::TooMany => Answer::no(Code::Limit, "Too many sessions; close some and try again"),
        Verdict::Unavailable => Answer::no(Code::Unavailable, "Logging in does not work now; try again later"),
    };
    session.finish(tag, &answer);
    None
}

fn needs_tls() -> Answer {
    Answer::no(Code::PrivacyRequired, "Passwords are taken only over TLS: use STARTTLS, or port 993")
}

fn no_base64() -> Answer {
    Answer::bad("That is no base64")
}
