//! CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, NAMESPACE (RFC 9051 §6.3).

use account::plan;
use imap::response::{self, Attribute, Code, ListLine, ListWord};
use imap::{MailboxName, SpecialUse};

use crate::reply::Answer;
use crate::session::Session;

/// CREATE, with the new mailbox's id (RFC 8474 §4.2).
pub(crate) fn create(session: &mut Session, name: MailboxName, special_use: Vec<SpecialUse>) -> Result<Answer, Answer> {
    let now = session.now.unix;
    let done = session.commit(Vec::new(), move |state| plan::create(state, &name, &special_use, now))?;
    Ok(Answer::ok("Created").with(Code::MailboxId(done.state.ids().mailbox(done.outcome).to_string())))
}

/// DELETE. Those who have the mailbox selected see it emptied.
pub(crate) fn delete(session: &mut Session, name: MailboxName) -> Result<Answer, Answer> {
    session.commit(Vec::new(), move |state| plan::delete(state, &name))?;
    Ok(Answer::ok("Deleted"))
}

/// RENAME. A rev2 client is told the new name with the old one (RFC 9051 §6.3.9.7).
pub(crate) fn rename(session: &mut Session, from: MailboxName, to: MailboxName) -> Result<Answer, Answer> {
    let now = session.now.unix;
    let (old, new) = (from.clone(), to.clone());
    session.commit(Vec::new(), move |state| plan::rename(state, &from, &to, now))?;
    if session.enabled.rev2 && old != MailboxName::Inbox {
        let names = session.enabled.names();
        let line = ListLine {
            word: ListWord::List,
            attributes: &[] as &[Attribute],
            name: &new,
            child_info: &[],
            old_name: Some(&old),
        };
        response::list(&mut session.out, &line, names);
    }
    Ok(Answer::ok("Renamed"))
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

/// NAMESPACE: all mailboxes are personal ones (RFC 2342 §5).
pub(crate) fn namespace(session: &mut Session) -> Answer {
    response::namespace(&mut session.out, &[""], &[], &[]);
    Answer::ok("That is all")
}
