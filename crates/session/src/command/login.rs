//! LOGIN (RFC 9051 §6.2.3), and what becomes of a login.

use imap::command::Login;
use imap::response::Code;
use imap::{Limits, Tag};

use crate::reply::Answer;
use crate::session::Session;
use crate::state::State;
use crate::work::{Delay, Work};
use crate::{Transport, Verdict};

/// LOGIN.
pub(crate) fn login(session: &mut Session, tag: &Tag, command: &Login) -> Result<Option<Work>, Answer> {
    if session.transport == Transport::Plain {
        return Err(needs_tls());
    }
    let gate = session.settings.gate.clone();
    let verdict = gate.login(&session.peer, &session.transport, &command.user, command.password.as_bytes());
    Ok(judge(session, tag, verdict))
}

/// Lets a user in, or not. Which of name and password was wrong is not told.
pub(super) fn judge(session: &mut Session, tag: &Tag, verdict: Verdict) -> Option<Work> {
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

pub(super) fn needs_tls() -> Answer {
    Answer::no(Code::PrivacyRequired, "Passwords are taken only over TLS: use STARTTLS, or port 993")
}
