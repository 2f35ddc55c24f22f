//! ENABLE (RFC 5161; RFC 9051 §6.3.1).

use imap::response::{self, Code, Condition};

use crate::reply::Answer;
use crate::session::Session;

/// ENABLE (RFC 5161 §3.1): what is not known is ignored, what is on already is not told again.
pub(crate) fn enable(session: &mut Session, names: &[String]) -> Answer {
    let before = session.enabled;
    let enabled = &mut session.enabled;
    let mut told: Vec<&str> = Vec::new();
    for name in names {
        let news = match name.as_str() {
            "IMAP4REV2" if !enabled.rev2 => {
                enabled.rev2 = true;
                "IMAP4rev2"
            }
            "CONDSTORE" if !enabled.condstore => {
                enabled.condstore = true;
                "CONDSTORE"
            }
            // QRESYNC enables CONDSTORE as well (RFC 7162 §3.2.3).
            "QRESYNC" if !enabled.qresync => {
                (enabled.qresync, enabled.condstore) = (true, true);
                "QRESYNC"
            }
            _ => continue,
        };
        told.push(news);
    }
    response::enabled(&mut session.out, told);
    if session.enabled.condstore && !before.condstore {
        tell_highest_modseq(session);
    }
    Answer::ok("Enabled")
}

/// A client that enables CONDSTORE while a mailbox is selected is told where it stands (RFC 7162 §3.1).
pub(crate) fn tell_highest_modseq(session: &mut Session) {
    if let Some(view) = session.state.view() {
        let code = Code::HighestModSeq(view.modseq());
        response::untagged(&mut session.out, Condition::Ok, Some(&code), "Highest");
    }
}
