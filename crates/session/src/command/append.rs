//! APPEND and MULTIAPPEND (RFC 9051 §6.3.12; RFC 3502).

use account::plan;
use imap::command::Append as Command;
use imap::{Announced, Framer, MailboxName};

use crate::context::Context;
use crate::reply::{Answer, Done};
use crate::state::LoggedIn;
use crate::work::{Begun, Task, Then};

use super::upload::{Arrived, Uploads};

/// An APPEND whose messages are coming in.
struct Append {
    mailbox: MailboxName,
    uploads: Uploads,
}

/// Begins an APPEND.
pub(crate) fn start(
    context: &mut Context,
    login: &mut LoggedIn,
    (command, announced): (Command, Option<Announced>),
) -> Result<Begun, Answer> {
    let uploads = Uploads::begin(context, &login.user, &command, announced)?;
    Ok(Begun::logged_in(Append { mailbox: command.mailbox, uploads }))
}

impl Task<LoggedIn> for Append {
    fn go(&mut self, context: &mut Context, login: &mut LoggedIn, input: &mut Framer) -> Then {
        let Arrived { new, emails } = match self.uploads.go(context, input) {
            Ok(arrived) => arrived,
            Err(then) => return then,
        };
        let (name, now) = (self.mailbox.clone(), context.now.unix);
        let done = context
            .commit(&login.user, emails, move |state| plan::append(state, state.named(&name).map(|m| m.id), &new, now));
        done.map(|done| Done::Appended(done.outcome)).into()
    }
}
