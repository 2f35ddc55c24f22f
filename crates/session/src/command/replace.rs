//! REPLACE (RFC 8508).

use account::{MailboxId, Refusal, plan};
use imap::command::Replace as Command;
use imap::{Announced, Framer, MailboxName, Uid};

use crate::context::Context;
use crate::reply::{Answer, Done, Notice};
use crate::state::Selected;
use crate::work::{Begun, Task, Then};

use super::upload::{Arrived, Uploads};

/// A REPLACE whose message is coming in.
struct Replace {
    /// What goes.
    old: (MailboxId, Uid),
    /// Where its successor comes to.
    mailbox: MailboxName,
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
    let uploads = Uploads::begin(context, selected.user, &command.append, announced)?;
    Ok(Begun::selected(Replace { old: (selected.view.id, uid), mailbox: command.append.mailbox, uploads }))
}

impl Task<Selected<'_>> for Replace {
    fn go(&mut self, context: &mut Context, selected: &mut Selected<'_>, input: &mut Framer) -> Then {
        let Arrived { new, emails } = match self.uploads.go(context, input) {
            Ok(arrived) => arrived,
            Err(then) => return then,
        };
        let (old, name, now) = (self.old, self.mailbox.clone(), context.now.unix);
        let done = context.commit(selected.user, emails, move |state| {
            let to = state.named(&name).map(|m| m.id);
            match new.first() {
                Some(message) => plan::replace(state, old, to, message, now),
                None => Err(Refusal::NoSuchMessage),
            }
        });
        let told = done.map(|done| {
            context.out.notice(Notice::Replaced(done.outcome));
            Done::Replaced
        });
        told.into()
    }
}
