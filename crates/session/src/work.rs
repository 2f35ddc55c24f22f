//! What a command still has to do: a long answer that is made a little at a time, or something that waits for the
//! client, the account or the clock. Between two steps it holds no lock.

use std::time::Instant;

use imap::Tag;

use crate::command::authenticate::Authenticate;
use crate::command::fetch::Fetch;
use crate::command::idle::Idle;
use crate::command::search::Search;
use crate::command::upload::Append;
use crate::limits;
use crate::reply::Answer;
use crate::session::Session;

/// A command under way.
pub(crate) enum Work {
    Append(Box<Append>),
    Authenticate(Authenticate),
    Delay(Delay),
    Fetch(Box<Fetch>),
    Idle(Idle),
    Search(Box<Search>),
}

/// How far a piece of work got.
pub(crate) enum Progress {
    /// It is done, and has answered.
    Done,
    /// There is more to do at once.
    Again(Work),
    /// It waits.
    Wait(Work),
}

impl Work {
    /// Does one piece.
    pub(crate) fn go(self, session: &mut Session) -> Progress {
        match self {
            Self::Append(append) => append.go(session),
            Self::Authenticate(authenticate) => authenticate.go(session),
            Self::Delay(delay) => delay.go(session),
            Self::Fetch(fetch) => fetch.go(session),
            Self::Idle(idle) => idle.go(session),
            Self::Search(search) => search.go(session),
        }
    }
}

/// The answer to a wrong password: it waits, so that guessing is slow.
pub(crate) struct Delay {
    pub(crate) until: Instant,
    pub(crate) tag: Tag,
    pub(crate) answer: Answer,
}

impl Delay {
    fn go(self, session: &mut Session) -> Progress {
        if session.now.monotonic < self.until {
            return Progress::Wait(Work::Delay(self));
        }
        session.finish(&self.tag, &self.answer);
        if session.failed_logins >= limits::FAILED_LOGINS {
            session.bye("Too many failed logins");
        }
        Progress::Done
    }
}
