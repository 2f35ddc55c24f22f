//! COPY and MOVE (RFC 9051 §6.4.7, §6.4.8; RFC 6851; RFC 4315 §3).

use account::{Planned, Refusal, State, plan};
use imap::response::{self, Code, Condition};
use imap::{MailboxName, Target, UidSet};
use store::Committed;

use crate::reply::Answer;
use crate::session::Session;

/// COPY.
pub(crate) fn copy(session: &mut Session, target: &Target, to: &MailboxName) -> Result<Answer, Answer> {
    let view = session.state.view().ok_or_else(|| Answer::bad("SELECT a mailbox first"))?;
    let (from, uids, to, now) = (view.id, view.resolve(target)?, to.clone(), session.now.unix);
    let done =
        session.commit(Vec::new(), move |state| plan::copy(state, from, &uids, state.named(&to).map(|m| m.id), now))?;
    let answer = Answer::ok("Copied");
    Ok(match copy_uid(&done) {
        Some(code) => answer.with(code),
        None => answer,
    })
}

/// MOVE. COPYUID goes out before the messages are told to have gone (RFC 6851 §4.3).
pub(crate) fn move_messages(session: &mut Session, target: &Target, to: &MailboxName) -> Result<Answer, Answer> {
    let view = super::writable(session)?;
    let (from, uids, to, now) = (view.id, view.resolve(target)?, to.clone(), session.now.unix);
    let done = session.commit(Vec::new(), move |state| move_within(state, from, &uids, &to, now))?;
    if let Some(code) = copy_uid(&done) {
        response::untagged(&mut session.out, Condition::Ok, Some(&code), "Moved");
    }
    let answer = Answer::ok("Moved");
    let told = session.enabled.qresync && !done.outcome.from.is_empty();
    Ok(match done.state.mailbox(from) {
        Some(mailbox) if told => answer.with(Code::HighestModSeq(mailbox.modseq)),
        _ => answer,
    })
}

fn move_within(
    state: &State,
    from: account::MailboxId,
    uids: &UidSet,
    to: &MailboxName,
    now: i64,
) -> Result<Planned<plan::Copied>, Refusal> {
    plan::move_messages(state, from, uids, state.named(to).map(|m| m.id), now)
}

/// COPYUID, if anything was copied: the sets in it may not be empty.
fn copy_uid(done: &Committed<plan::Copied>) -> Option<Code> {
    let plan::Copied { uid_validity, from, to } = &done.outcome;
    let code = || Code::CopyUid { uid_validity: *uid_validity, from: from.clone(), to: to.clone() };
    (!from.is_empty()).then(code)
}
