//! AUTHENTICATE (RFC 9051 §6.2.2; RFC 4959).

use imap::command::Authenticate as Command;
use imap::{Event, Framer};

use crate::context::Context;
use crate::reply::{Answer, GoOn, Wrong};
use crate::work::{Begun, Task, Then};
use crate::{Exchange, Step, Transport, base64};

use super::login::judge;

/// An exchange that waits for the client's response.
struct Authenticate {
    exchange: Box<dyn Exchange>,
}

pub(crate) fn start(context: &mut Context, command: Command) -> Result<Begun, Answer> {
    let gate = context.settings.gate.clone();
    let Some(mut exchange) = gate.authenticate(&context.peer, &context.transport, &command.mechanism) else {
        return Err(match context.transport {
            Transport::Plain => Wrong::NeedsTls.into(),
            _ => Wrong::NoMechanism.into(),
        });
    };
    let initial = match &command.initial {
        None => None,
        // "=" is an empty response (RFC 4959 §3).
        Some(text) if text.as_bytes() == b"=" => Some(Vec::new()),
        Some(text) => Some(base64::decode(text.as_bytes()).ok_or(Wrong::NoBase64)?),
    };
    match exchange.step(initial.as_deref()) {
        Step::Challenge(octets) => {
            challenge(context, &octets);
            Ok(Begun::before_login(Authenticate { exchange }))
        }
        Step::Done(verdict) => judge(context, verdict),
    }
}

impl Task<()> for Authenticate {
    fn go(&mut self, context: &mut Context, (): &mut (), input: &mut Framer) -> Then {
        input.expect_line();
        let response = match input.next() {
            None => return Then::Wait,
            Some(Event::Line(line)) if line == b"*" => Err(Wrong::Cancelled),
            Some(Event::Line(line)) => base64::decode(line).ok_or(Wrong::NoBase64),
            Some(_) => Err(Wrong::ResponseTooLong),
        };
        let response = match response {
            Ok(response) => response,
            Err(wrong) => return Answer::from(wrong).into(),
        };
        match self.exchange.step(Some(&response)) {
            Step::Challenge(octets) => {
                challenge(context, &octets);
                Then::Again
            }
            Step::Done(verdict) => judge(context, verdict).into(),
        }
    }
}

fn challenge(context: &mut Context, octets: &[u8]) {
    context.out.go_on(&GoOn::Challenge(base64::encode(octets)));
}
