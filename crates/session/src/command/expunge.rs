//! EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9).

use account::plan;
use imap::response::Code;
use imap::{SetArg, Target};

use crate::reply::Answer;
use crate::session::Session;

/// Takes out what has `\Deleted`. The client is told what went when the command ends, with all else that changed.
pub(crate) fn run(session: &mut Session, only: Option<SetArg>) -> Result<Answer, Answer> {
    let view = super::writable(session)?;
    let id = view.id;
    let only = only.map(|set| view.resolve(&Target::Uid(set))).transpose()?;
    // With UIDs, only those that the client can know of; without, all: it is told of them by EXISTS first.
    let done = session.commit(Vec::new(), move |state| match state.mailbox(id) {
        Some(_) => plan::expunge(state, id, only.as_ref()),
        None => Ok(plan::Planned { changes: Vec::new(), outcome: imap::UidSet::new() }),
    })?;
    let answer = Answer::ok("Expunged");
    // RFC 7162 §3.2.8: who keeps VANISHED is told how far it has come.
    let told = session.enabled.qresync && !done.outcome.is_empty();
    Ok(match done.state.mailbox(id) {
        Some(mailbox) if told => answer.with(Code::HighestModSeq(mailbox.modseq)),
        _ => answer,
    })
}
