//! COPY and MOVE (RFC 9051 §6.4.7, §6.4.8; RFC 6851; RFC 4315 §3).

use imap::{MailboxName, Target};
use store::{Destination, Picked};

use crate::context::Context;
use crate::place::Place;
use crate::reply::{Answer, Done, Notice, Wrong};
use crate::state::Selected;

/// COPY.
pub(crate) fn copy(
    context: &mut Context,
    selected: &mut Selected<'_>,
    (target, to): (Target, MailboxName),
) -> Result<Done, Answer> {
    let (who, picked, to) = (context.actor(selected.user), pick(selected, &target)?, destination(selected, to));
    let copied = context.settings.store.copy(&who, context.now.unix, &picked, &to)?;
    Ok(Done::Copied(copied))
}

/// MOVE. COPYUID goes out before the messages are told to have gone (RFC 6851 §4.3).
pub(crate) fn move_messages(
    context: &mut Context,
    selected: &mut Selected<'_>,
    (target, to): (Target, MailboxName),
) -> Result<Done, Answer> {
    selected.must_be_writable()?;
    let (who, picked, to) = (context.actor(selected.user), pick(selected, &target)?, destination(selected, to));
    let moved = context.settings.store.move_messages(&who, context.now.unix, &picked, &to)?;
    let told = context.enabled.qresync && !moved.copied.from.is_empty();
    context.out.notice(Notice::Moved(moved.copied));
    let state = moved.taken_away.map_err(|_| Wrong::OnlyCopied)?;
    Ok(Done::Moved(state.mailbox(picked.from.mailbox).filter(|_| told).map(|mailbox| mailbox.modseq)))
}

fn pick(selected: &Selected<'_>, target: &Target) -> Result<Picked, Answer> {
    let view = &*selected.view;
    Ok(Picked { account: view.account.clone(), from: view.permit(), uids: view.resolve(target)? })
}

fn destination(selected: &Selected<'_>, name: MailboxName) -> Destination {
    Place::of(selected.user, name).into()
}
