//! RENAME (RFC 9051 §6.3.6).

use account::plan;
use imap::MailboxName;
use imap::response::{self, Attribute, ListLine, ListWord};

use crate::reply::Answer;
use crate::session::Session;

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
