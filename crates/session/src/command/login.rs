//! LOGIN (RFC 9051 §6.2.3), and what becomes of a login.

use std::time::Instant;

use imap::Framer;
use imap::command::Login;

use crate::context::Context;
use crate::reply::{Answer, Farewell, Wrong};
use crate::work::{Begun, End, Task, Then, Waits};
use crate::{Transport, Verdict, limits};

pub(crate) fn run(context: &mut Context, command: Login) -> Result<Begun, Answer> {
    if context.transport == Transport::Plain {
        return Err(Wrong::NeedsTls.into());
    }
    let gate = context.settings.gate.clone();
    let verdict = gate.login(&context.peer, &context.transport, &command.user, command.password.as_bytes());
    judge(context, verdict)
}

/// Lets a user in, or not.
pub(super) fn judge(context: &mut Context, verdict: Verdict) -> Result<Begun, Answer> {
    match verdict {
        Verdict::Welcome(user) => Ok(End::Enter(user).into()),
        Verdict::Wrong(delay) => {
            context.failed_logins += 1;
            Ok(Begun::before_login(Delay { until: context.now.monotonic + delay }))
        }
        Verdict::Forbidden => Err(Wrong::Forbidden.into()),
        Verdict::TooMany => Err(Wrong::TooManySessions.into()),
        Verdict::Unavailable => Err(Wrong::NoLoginNow.into()),
    }
}

/// The answer to a wrong password: it waits, so that guessing is slow.
struct Delay {
    until: Instant,
}

impl Task<()> for Delay {
    fn go(&mut self, context: &mut Context, (): &mut (), _: &mut Framer) -> Then {
        let answer = Answer::from(Wrong::Password);
        if context.now.monotonic < self.until {
            Then::Wait
        } else if context.failed_logins >= limits::FAILED_LOGINS {
            End::TurnAway(answer, Farewell::TooManyFailedLogins).into()
        } else {
            answer.into()
        }
    }

    fn waits(&self) -> Waits {
        Waits::Until(self.until)
    }
}
