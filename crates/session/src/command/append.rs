//! APPEND and MULTIAPPEND (RFC 9051 §6.3.12; RFC 3502).

use imap::command::Append;
use imap::{Announced, Tag};

use crate::reply::Answer;
use crate::session::Session;
use crate::work::Work;

/// Begins an APPEND.
pub(crate) fn start(
    session: &mut Session,
    tag: &Tag,
    command: Append,
    announced: Option<Announced>,
) -> Result<Work, Answer> {
    super::upload::start(session, tag, command, None, announced)
}
