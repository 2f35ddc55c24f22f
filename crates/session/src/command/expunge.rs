//! EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9).

use account::{Planned, State, plan};
use imap::{SetArg, Target};

use crate::context::Context;
use crate::reply::{Answer, Done};
use crate::state::Selected;

/// Takes out what has `\Deleted`. The client is told what went when the command ends, with all else that changed.
pub(crate) fn run(context: &mut Context, selected: &mut Selected<'_>, only: Option<SetArg>) -> Result<Done, Answer> {
    selected.must_be_writable()?;
    let from = selected.view.permit();
    let only = only.map(|set| selected.view.resolve(&Target::Uid(set))).transpose()?;
    // With UIDs, only those that the client can know of; without, all: it is told of them by EXISTS first.
    let plan = move |state: &State| match state.mailbox(from.mailbox) {
        Some(_) => plan::expunge(state, from, only.as_ref()),
        None => Ok(Planned { changes: Vec::new(), outcome: imap::UidSet::new() }),
    };
    let done = context.commit(selected.user, &selected.view.account, Vec::new(), plan)?;
    let told = context.enabled.qresync && !done.outcome.is_empty();
    Ok(Done::Expunged(done.state.mailbox(from.mailbox).filter(|_| told).map(|mailbox| mailbox.modseq)))
}
