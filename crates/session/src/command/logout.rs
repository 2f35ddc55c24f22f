//! LOGOUT (RFC 9051 §6.1.3).

use imap::Tag;
use imap::response::{self, Condition};

use crate::session::Session;
use crate::work::Work;

/// LOGOUT (RFC 9051 §6.1.3).
pub(crate) fn logout(session: &mut Session, tag: &Tag) -> Option<Work> {
    response::untagged(&mut session.out, Condition::Bye, None, "Until next time");
    response::tagged(&mut session.out, tag, Condition::Ok, None, "Logged out");
    session.close();
    None
}
