//! NAMESPACE (RFC 2342; RFC 9051 §6.3.10).

use imap::response;

use crate::reply::Answer;
use crate::session::Session;

/// NAMESPACE: all mailboxes are personal ones (RFC 2342 §5).
pub(crate) fn namespace(session: &mut Session) -> Answer {
    response::namespace(&mut session.out, &[""], &[], &[]);
    Answer::ok("That is all")
}
