//! IDLE (RFC 2177; RFC 9051 §6.3.13): tells of changes as soon as they are durable.

use imap::{Event, Framer};

use crate::context::Context;
use crate::reply::{Answer, Done, GoOn, Wrong};
use crate::state::LoggedIn;
use crate::view::Expunges;
use crate::work::{Begun, Task, Then, Waits};

/// A client that listens.
struct Idle;

/// The session listens first and the client is told then, so that no change falls between. Only while a mailbox is
/// selected is there something to tell.
pub(crate) fn start(context: &mut Context, login: &mut LoggedIn, (): ()) -> Begun {
    context.out.go_on(&GoOn::Idling);
    if login.view().is_some() {
        login.listen(&context.waker);
    }
    if let Some(mut selected) = login.selected() {
        context.tell(&mut selected, Expunges::Allowed);
    }
    Begun::logged_in(Idle)
}

impl Task<LoggedIn> for Idle {
    fn go(&mut self, context: &mut Context, login: &mut LoggedIn, input: &mut Framer) -> Then {
        if let Some(state) = login.news()
            && let Some(mut selected) = login.selected()
        {
            context.tell_of(&state, &mut selected, Expunges::Allowed);
        }
        input.expect_line();
        let done = match input.next() {
            None => return Then::Wait,
            Some(Event::Line(line)) if line.trim_ascii().eq_ignore_ascii_case(b"DONE") => Ok(Done::Idled),
            Some(_) => Err(Answer::from(Wrong::NotDone)),
        };
        login.stop_listening();
        done.into()
    }

    fn waits(&self) -> Waits {
        Waits::News
    }
}
