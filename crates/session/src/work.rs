//! What a command comes to: an end, or work that goes on a step at a time because it makes a long answer or waits for
//! the client or the clock. Between two steps it holds no lock.

use std::time::Instant;

use imap::Framer;

use crate::context::Context;
use crate::reply::{Answer, Done, Farewell};
use crate::state::{LoggedIn, Selected, State};
use crate::{Ending, User};

/// How a command ends. The session carries it out.
pub(crate) enum End {
    /// The client is told what has changed, and then this.
    Answer(Answer),
    /// A user has proven who they are.
    Enter(User),
    /// No mailbox is selected any more; then as an answer.
    Leave(Done),
    /// TLS begins behind the answer.
    StartTls,
    /// BYE, the answer, and the connection is closed.
    Logout,
    /// The answer, BYE, and the connection is closed.
    TurnAway(Answer, Farewell),
    /// BYE instead of an answer.
    Bye(Farewell),
    /// The same, because octets that were promised cannot be read.
    Broken(store::Error),
}

impl From<Done> for End {
    fn from(done: Done) -> Self {
        Self::Answer(done.into())
    }
}

/// What a command has come to when it has begun.
pub(crate) enum Begun {
    /// It is over already.
    End(End),
    /// It goes on.
    Work(Work),
}

impl Begun {
    pub(crate) fn before_login(task: impl Task<()> + 'static) -> Self {
        Self::Work(Work::BeforeLogin(Box::new(task)))
    }

    pub(crate) fn logged_in(task: impl Task<LoggedIn> + 'static) -> Self {
        Self::Work(Work::LoggedIn(Box::new(task)))
    }

    pub(crate) fn selected(task: impl for<'a> Task<Selected<'a>> + 'static) -> Self {
        Self::Work(Work::Selected(Box::new(task)))
    }
}

impl From<Done> for Begun {
    fn from(done: Done) -> Self {
        Self::End(done.into())
    }
}

impl From<End> for Begun {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl From<Answer> for Begun {
    fn from(answer: Answer) -> Self {
        Self::End(End::Answer(answer))
    }
}

impl<B: Into<Begun>> From<Result<B, Answer>> for Begun {
    fn from(result: Result<B, Answer>) -> Self {
        result.map_or_else(Self::from, B::into)
    }
}

/// A command under way, in the part of the session in which it is legal.
pub(crate) enum Work {
    BeforeLogin(Box<dyn Task<()>>),
    LoggedIn(Box<dyn Task<LoggedIn>>),
    Selected(Box<dyn for<'a> Task<Selected<'a>>>),
}

/// What goes on a step at a time, with what is there in its part of the session.
pub(crate) trait Task<S>: Send {
    /// Does one step. What the client sends on is taken from `input`.
    fn go(&mut self, context: &mut Context, state: &mut S, input: &mut Framer) -> Then;

    /// What it waits for when it waits.
    fn waits(&self) -> Waits {
        Waits::Client
    }
}

/// What comes after a step.
pub(crate) enum Then {
    /// The next one, when there is room for what it writes.
    Again,
    /// The next one, after a moment in which others may have this thread, and in which it may be seen that nobody waits for
    /// the answer any more.
    Later,
    /// A wait.
    Wait,
    /// Other work in its place.
    Work(Work),
    End(End),
}

impl<B: Into<Begun>> From<B> for Then {
    fn from(begun: B) -> Self {
        match begun.into() {
            Begun::End(end) => Self::End(end),
            Begun::Work(work) => Self::Work(work),
        }
    }
}

/// What work waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Waits {
    /// The client has to say the rest.
    Client,
    /// News, or the client's word that it has heard enough.
    News,
    /// A time.
    Until(Instant),
}

impl Work {
    pub(crate) fn go(&mut self, context: &mut Context, state: &mut State, input: &mut Framer) -> Then {
        match (self, state) {
            (Self::BeforeLogin(task), State::NotAuthenticated) => return task.go(context, &mut (), input),
            (Self::LoggedIn(task), State::LoggedIn(login)) => return task.go(context, login, input),
            (Self::Selected(task), State::LoggedIn(login)) => {
                if let Some(mut selected) = login.selected() {
                    return task.go(context, &mut selected, input);
                }
            }
            _ => {}
        }
        // No command outlives the part of the session that it began in.
        Then::End(End::Bye(Farewell::Ended(Ending::Broken)))
    }

    pub(crate) fn waits(&self) -> Waits {
        match self {
            Self::BeforeLogin(task) => task.waits(),
            Self::LoggedIn(task) => task.waits(),
            Self::Selected(task) => task.waits(),
        }
    }
}
