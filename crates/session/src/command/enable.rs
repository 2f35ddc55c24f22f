//! ENABLE (RFC 5161; RFC 9051 §6.3.1).

use imap::response;

use crate::context::Context;
use crate::reply::Done;
use crate::state::LoggedIn;

/// What is not known is ignored, what is on already is not told again (RFC 5161 §3.1).
pub(crate) fn run(context: &mut Context, login: &mut LoggedIn, names: Vec<String>) -> Done {
    let before = context.enabled;
    let enabled = &mut context.enabled;
    let mut told: Vec<&str> = Vec::new();
    for name in &names {
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
    context.out.write(|out| response::enabled(out, told));
    if context.enabled.condstore && !before.condstore {
        context.tell_highest(login.view());
    }
    Done::Enabled
}
