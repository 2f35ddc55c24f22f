//! COPY and MOVE (RFC 9051 §6.4.7, §6.4.8; RFC 6851; RFC 4315 §3).

use account::{State, plan};
use imap::{MailboxName, Target};

use crate::context::Context;
use crate::place::Place;
use crate::reply::{Answer, Done, Notice};
use crate::state::Selected;

/// COPY.
pub(crate) fn copy(
    context: &mut Context,
    selected: &mut Selected<'_>,
    (target, to): (Target, MailboxName),
) -> Result<Done, Answer> {
    let (from, uids, now) = (selected.view.permit(), selected.view.resolve(&target)?, context.now.unix);
    let to = Place::of(selected.user, to);
    let plan = move |state: &State| plan::copy(state, from, &uids, to.permit(state), now);
    let done = context.commit(selected.user, &selected.view.account, Vec::new(), plan)?;
    Ok(Done::Copied(done.outcome))
}

/// MOVE. COPYUID goes out before the messages are told to have gone (RFC 6851 §4.3).
pub(crate) fn move_messages(
    context: &mut Context,
    selected: &mut Selected<'_>,
    (target, to): (Target, MailboxName),
) -> Result<Done, Answer> {
    selected.must_be_writable()?;
    let (from, uids, now) = (selected.view.permit(), selected.view.resolve(&target)?, context.now.unix);
    let to = Place::of(selected.user, to);
    let plan = move |state: &State| plan::move_messages(state, from, &uids, to.permit(state), now);
    let done = context.commit(selected.user, &selected.view.account, Vec::new(), plan)?;
    let told = context.enabled.qresync && !done.outcome.from.is_empty();
    let modseq = done.state.mailbox(from.mailbox).filter(|_| told).map(|mailbox| mailbox.modseq);
    context.out.notice(Notice::Moved(done.outcome));
    Ok(Done::Moved(modseq))
}
