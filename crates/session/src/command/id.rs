//! ID (RFC 2971).

use imap::response;

use crate::context::Context;
use crate::reply::Done;
use crate::state::State;

/// The most octets of what a client calls itself that are kept.
const CLIENT_NAME: usize = 100;

/// A field with its value.
type Field = (Vec<u8>, Option<Vec<u8>>);

/// What the client says is for logs only, and nothing depends on it (RFC 2971 §3.1).
pub(crate) fn run(context: &mut Context, _: &State, fields: Vec<Field>) -> Done {
    let field = |wanted: &str| {
        let found = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes()));
        let text = found.and_then(|(_, value)| value.as_deref()).map(String::from_utf8_lossy);
        text.map(|text| text.chars().filter(|c| !c.is_control()).take(CLIENT_NAME).collect::<String>())
    };
    context.client = [field("name"), field("version")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let version = env!("CARGO_PKG_VERSION");
    context.out.write(|out| response::id(out, &[("name", Some("Posthorn")), ("version", Some(version))]));
    Done::Met
}
