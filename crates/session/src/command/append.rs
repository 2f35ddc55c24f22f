//! APPEND and MULTIAPPEND (RFC 9051 §6.3.12; RFC 3502).

use account::{State, plan};
use imap::command::Append as Command;
use imap::{Announced, Framer};

use crate::context::Context;
use crate::place::Place;
use crate::reply::{Answer, Done};
use crate::state::LoggedIn;
use crate::work::{Begun, Task, Then};

use super::upload::{Arrived, Uploads};

/// An APPEND whose messages are coming in.
struct Append {
    to: Place,
    uploads: Uploads,
}

/// Begins an APPEND.
pub(crate) fn start(
    context: &mut Context,
    login: &mut LoggedIn,
    (command, announced): (Command, Option<Announced>),
) -> Result<Begun, Answer> {
    let to = login.place(command.mailbox);
    let uploads = Uploads::begin(context, &to, command.message, announced)?;
    Ok(Begun::logged_in(Append { to, uploads }))
}

impl Task<LoggedIn> for Append {
    fn go(&mut self, context: &mut Context, login: &mut LoggedIn, input: &mut Framer) -> Then {
        let Arrived { new, emails } = match self.uploads.go(context, input) {
            Ok(arrived) => arrived,
            Err(then) => return then,
        };
        let (to, now) = (self.to.clone(), context.now.unix);
        let plan = move |state: &State| plan::append(state, to.permit(state), &new, now);
        let done = context.commit(&login.user, &self.to.account, emails, plan);
        done.map(|done| Done::Appended(done.outcome)).into()
    }
}
