//! REPLACE (RFC 8508).

use imap::command::Replace;
use imap::{Announced, Tag};

use crate::reply::Answer;
use crate::session::Session;
use crate::work::Work;

/// Begins a REPLACE: which message it is about is settled now, in the numbers that the client knows.
pub(crate) fn start(
    session: &mut Session,
    tag: &Tag,
    command: Replace,
    announced: Option<Announced>,
) -> Result<Work, Answer> {
    let view = super::writable(session)?;
    let uids = view.resolve(&command.target)?;
    let uid = uids.first().filter(|_| uids.len() == 1);
    // RFC 8508 §3.3: what is not there cannot be replaced.
    let uid = uid.ok_or_else(|| Answer::from(account::Refusal::NoSuchMessage))?;
    let replaces = Some((view.id, uid));
    super::upload::start(session, tag, command.append, replaces, announced)
}
