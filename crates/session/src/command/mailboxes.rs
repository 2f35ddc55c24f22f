//! CREATE, DELETE, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 §6.3).

use account::plan;
use imap::{MailboxName, SpecialUse};

use crate::context::Context;
use crate::reply::{Answer, Done};
use crate::state::LoggedIn;

/// CREATE.
pub(crate) fn create(
    context: &mut Context,
    login: &mut LoggedIn,
    (name, special_use): (MailboxName, Vec<SpecialUse>),
) -> Result<Done, Answer> {
    let now = context.now.unix;
    let done = context.commit(&login.user, Vec::new(), move |state| plan::create(state, &name, &special_use, now))?;
    Ok(Done::Created(done.state.ids().mailbox(done.outcome).to_string()))
}

/// DELETE. Those who have the mailbox selected see it emptied.
pub(crate) fn delete(context: &mut Context, login: &mut LoggedIn, name: MailboxName) -> Result<Done, Answer> {
    context.commit(&login.user, Vec::new(), move |state| plan::delete(state, &name))?;
    Ok(Done::Deleted)
}

/// SUBSCRIBE.
pub(crate) fn subscribe(context: &mut Context, login: &mut LoggedIn, name: MailboxName) -> Result<Done, Answer> {
    context.commit(&login.user, Vec::new(), move |state| plan::subscribe(state, &name))?;
    Ok(Done::Subscribed)
}

/// UNSUBSCRIBE.
pub(crate) fn unsubscribe(context: &mut Context, login: &mut LoggedIn, name: MailboxName) -> Result<Done, Answer> {
    context.commit(&login.user, Vec::new(), move |state| plan::unsubscribe(state, &name))?;
    Ok(Done::Unsubscribed)
}
