//! CAPABILITY (RFC 9051 §6.1.1).

use imap::response;

use crate::reply::Answer;
use crate::session::Session;

/// CAPABILITY (RFC 9051 §6.1.1).
pub(crate) fn capability(session: &mut Session) -> Answer {
    let names = session.capabilities();
    response::capability(&mut session.out, names.iter().map(String::as_str));
    Answer::ok("That is all")
}
