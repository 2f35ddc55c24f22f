//! STARTTLS (RFC 9051 §6.2.1).

use imap::Tag;

use crate::Transport;
use crate::reply::Answer;
use crate::session::Session;

/// STARTTLS (RFC 9051 §6.2.1). What the client has sent behind it is thrown away, never run.
pub(crate) fn start_tls(session: &mut Session, tag: &Tag) -> Result<(), Answer> {
    if matches!(session.transport, Transport::Tls { .. }) {
        return Err(Answer::bad("TLS is up already"));
    }
    session.finish(tag, &Answer::ok("Begin TLS now"));
    session.start_tls();
    Ok(())
}
