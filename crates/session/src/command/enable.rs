//! CAPABILITY, ID, ENABLE, STARTTLS, LOGOUT.

use imap::Tag;
use imap::response::{self, Code, Condition};

use crate::Transport;
use crate::reply::Answer;
use crate::session::Session;
use crate::work::Work;

/// The most octets of what a client calls itself that are kept.
const CLIENT_NAME: usize = 100;

/// CAPABILITY (RFC 9051 §6.1.1).
pub(crate) fn capability(session: &mut Session) -> Answer {
    let names = session.capabilities();
    response::capability(&mut session.out, names.iter().map(String::as_str));
    Answer::ok("That is all")
}

/// ID (RFC 2971 §3.1): what the client says is for logs only, and nothing depends on it.
pub(crate) fn id(session: &mut Session, fields: &[(Vec<u8>, Option<Vec<u8>>)]) -> Answer {
    let field = |wanted: &str| {
        let found = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
        let text = found.and_then(|(_, value)| value.as_deref()).map(String::from_utf8_lossy);
        text.map(|text| text.chars().filter(|c| !c.is_control()).take(CLIENT_NAME).collect::<String>())
    };
    session.client = [field("name"), field("version")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let version = env!("CARGO_PKG_VERSION");
    response::id(&mut session.out, &[("name", Some("Posthorn")), ("version", Some(version))]);
    Answer::ok("Pleased to meet you")
}

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

/// STARTTLS (RFC 9051 §6.2.1). What the client has sent behind it is thrown away, never run.
pub(crate) fn start_tls(session: &mut Session, tag: &Tag) -> Result<(), Answer> {
    if matches!(session.transport, Transport::Tls { .. }) {
        return Err(Answer::bad("TLS is up already"));
    }
    session.finish(tag, &Answer::ok("Begin TLS now"));
    session.start_tls();
    Ok(())
}

/// LOGOUT (RFC 9051 §6.1.3).
pub(crate) fn logout(session: &mut Session, tag: &Tag) -> Option<Work> {
    response::untagged(&mut session.out, Condition::Bye, None, "Until next time");
    response::tagged(&mut session.out, tag, Condition::Ok, None, "Logged out");
    session.close();
    None
}
