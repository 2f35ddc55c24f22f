//! CLOSE and UNSELECT (RFC 9051 §6.4.1, §6.4.2).

use account::{Refusal, plan};
use imap::command::Access;

use crate::reply::Answer;
use crate::session::Session;

/// CLOSE: expunges without telling, if the mailbox is open for writing.
pub(crate) fn close(session: &mut Session) -> Result<Answer, Answer> {
    let view = session.state.view().ok_or_else(|| Answer::bad("SELECT a mailbox first"))?;
    let (id, access) = (view.id, view.access);
    if access == Access::ReadWrite {
        let done = session.commit(Vec::new(), move |state| plan::expunge(state, id, None));
        // A mailbox that was deleted meanwhile has nothing left to expunge.
        if let Err(answer) = done
            && answer != Answer::from(Refusal::NoSuchMailbox)
        {
            return Err(answer);
        }
    }
    session.state.unselect();
    Ok(Answer::ok("Closed"))
}

/// UNSELECT: leaves the mailbox and expunges nothing.
pub(crate) fn unselect(session: &mut Session) -> Answer {
    session.state.unselect();
    Answer::ok("Unselected")
}
