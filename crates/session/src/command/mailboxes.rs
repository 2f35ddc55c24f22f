//! CREATE, DELETE, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 §6.3).

use account::plan;
use imap::response::Code;
use imap::{MailboxName, SpecialUse};

use crate::reply::Answer;
use crate::session::Session;

/// CREATE, with the new mailbox's id (RFC 8474 §4.2).
pub(crate) fn create(session: &mut Session, name: MailboxName, special_use: Vec<SpecialUse>) -> Result<Answer, Answer> {
    let now = session.now.unix;
    let done = session.commit(Vec::new(), move |state| plan::create(state, &name, &special_use, now))?;
    Ok(Answer::ok("Created").with(Code::MailboxId(done.outcome.to_string())))
}

/// DELETE. Those who have the mailbox selected see it emptied.
pub(crate) fn delete(session: &mut Session, name: MailboxName) -> Result<Answer, Answer> {
    session.commit(Vec::new(), move |state| plan::delete(state, &name))?;
    Ok(Answer::ok("Deleted"))
}

/// SUBSCRIBE.
pub(crate) fn subscribe(session: &mut Session, name: MailboxName) -> Result<Answer, Answer> {
    session.commit(Vec::new(), move |state| plan::subscribe(state, &name))?;
    Ok(Answer::ok("Subscribed"))
}

/// UNSUBSCRIBE.
pub(crate) fn unsubscribe(session: &mut Session, name: MailboxName) -> Result<Answer, Answer> {
    session.commit(Vec::new(), move |state| plan::unsubscribe(state, &name))?;
    Ok(Answer::ok("Unsubscribed"))
}
