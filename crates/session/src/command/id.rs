//! ID (RFC 2971).

use imap::response;

use crate::reply::Answer;
use crate::session::Session;

/// The most octets of what a client calls itself that are kept.
const CLIENT_NAME: usize = 100;

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
