//! CREATE, DELETE, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 §6.3).

use account::{State, plan};
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
    let (place, now) = (login.place(name), context.now.unix);
    let account = place.account.clone();
    let plan = move |state: &State| plan::create(state, place.free(), &special_use, now);
    let done = context.commit(&login.user, &account, Vec::new(), plan)?;
    Ok(Done::Created(done.state.ids().mailbox(done.outcome).to_string()))
}

/// DELETE. Those who have the mailbox selected see it emptied.
pub(crate) fn delete(context: &mut Context, login: &mut LoggedIn, name: MailboxName) -> Result<Done, Answer> {
    let place = login.place(name);
    let account = place.account.clone();
    context.commit(&login.user, &account, Vec::new(), move |state| plan::delete(state, place.there()))?;
    Ok(Done::Deleted)
}

/// SUBSCRIBE. Subscriptions are the user's, wherever the names lead.
pub(crate) fn subscribe(context: &mut Context, login: &mut LoggedIn, name: MailboxName) -> Result<Done, Answer> {
    context.commit(&login.user, &login.user.account, Vec::new(), move |state| plan::subscribe(state, &name))?;
    Ok(Done::Subscribed)
}

/// UNSUBSCRIBE.
pub(crate) fn unsubscribe(context: &mut Context, login: &mut LoggedIn, name: MailboxName) -> Result<Done, Answer> {
    context.commit(&login.user, &login.user.account, Vec::new(), move |state| plan::unsubscribe(state, &name))?;
    Ok(Done::Unsubscribed)
}
