//! COPY and MOVE (RFC 9051 §6.4.7, §6.4.8; RFC 6851; RFC 4315 §3).

use account::{MailboxId, Planned, Refusal, State, plan};
use imap::{MailboxName, Target, UidSet};

use crate::context::Context;
use crate::reply::{Answer, Done, Notice};
use crate::state::Selected;

/// COPY.
pub(crate) fn copy(
    context: &mut Context,
    selected: &mut Selected<'_>,
    (target, to): (Target, MailboxName),
) -> Result<Done, Answer> {
    let (from, uids, now) = (selected.view.id, selected.view.resolve(&target)?, context.now.unix);
    let done = context.commit(selected.user, Vec::new(), move |state| {
        plan::copy(state, from, &uids, state.named(&to).map(|m| m.id), now)
    })?;
    Ok(Done::Copied(done.outcome))
}

/// MOVE. COPYUID goes out before the messages are told to have gone (RFC 6851 §4.3).
pub(crate) fn move_messages(
    context: &mut Context,
    selected: &mut Selected<'_>,
    (target, to): (Target, MailboxName),
) -> Result<Done, Answer> {
    selected.must_be_writable()?;
    let (from, uids, now) = (selected.view.id, selected.view.resolve(&target)?, context.now.unix);
    let done = context.commit(selected.user, Vec::new(), move |state| move_within(state, from, &uids, (&to, now)))?;
    let told = context.enabled.qresync && !done.outcome.from.is_empty();
    let modseq = done.state.mailbox(from).filter(|_| told).map(|mailbox| mailbox.modseq);
    context.out.notice(Notice::Moved(done.outcome));
    Ok(Done::Moved(modseq))
}

fn move_within(
    state: &State,
    from: MailboxId,
    uids: &UidSet,
    (to, now): (&MailboxName, i64),
) -> Result<Planned<plan::Copied>, Refusal> {
    plan::move_messages(state, from, uids, state.named(to).map(|m| m.id), now)
}
