//! AUTHENTICATE (RFC 9051 §6.2.2; RFC 4959).

use imap::command::Authenticate as Command;
use imap::response::{self, Code};
use imap::{Event, Tag};

use crate::reply::Answer;
use crate::session::Session;
use crate::work::{Progress, Work};
use crate::{Exchange, Step, Transport, base64};

use super::login::{judge, needs_tls};

/// An exchange that waits for the client's response.
pub(crate) struct Authenticate {
    tag: Tag,
    exchange: Box<dyn Exchange>,
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

fn no_base64() -> Answer {
    Answer::bad("That is no base64")
}
