//! REPLACE (RFC 8508).

use account::{Permit, Refusal, State, plan};
use imap::command::Replace as Command;
use imap::{Announced, Framer, Uid};

use crate::context::Context;
use crate::place::Place;
use crate::reply::{Answer, Done, Notice, Wrong};
use crate::state::Selected;
use crate::work::{Begun, Task, Then};

use super::upload::{Arrived, Uploads};

/// A REPLACE whose message is coming in.
struct Replace {
    /// What goes.
    old: (Permit, Uid),
    /// Where its successor comes to.
    to: Place,
    uploads: Uploads,
}

/// Begins a REPLACE: which message it is about is settled now, in the numbers that the client knows.
pub(crate) fn start(
    context: &mut Context,
    selected: &mut Selected<'_>,
    (command, announced): (Command, Option<Announced>),
) -> Result<Begun, Answer> {
    selected.must_be_writable()?;
    let uids = selected.view.resolve(&command.target)?;
    // RFC 8508 §3.3: what is not there cannot be replaced.
    let uid = uids.first().filter(|_| uids.len() == 1).ok_or(Refusal::NoSuchMessage)?;
    let to = Place::of(selected.user, command.append.mailbox);
    // An atomic step is one of one account.
    if !to.is_in(&selected.view.account) {
        return Err(Wrong::AcrossAccounts.into());
    }
    let uploads = Uploads::begin(context, &to, command.append.message, announced)?;
    Ok(Begun::selected(Replace { old: (selected.view.permit(), uid), to, uploads }))
}

impl Task<Selected<'_>> for Replace {
    fn go(&mut self, context: &mut Context, selected: &mut Selected<'_>, input: &mut Framer) -> Then {
        let Arrived { new, emails } = match self.uploads.go(context, input) {
            Ok(arrived) => arrived,
            Err(then) => return then,
        };
        let (old, to, now) = (self.old, self.to.clone(), context.now.unix);
        let plan = move |state: &State| match new.first() {
            Some(message) => plan::replace(state, old, to.permit(state), message, now),
            None => Err(Refusal::NoSuchMessage),
        };
        let done = context.commit(selected.user, &self.to.account, emails, plan);
        let told = done.map(|done| {
            context.out.notice(Notice::Replaced(done.outcome));
            Done::Replaced
        });
        told.into()
    }
}
