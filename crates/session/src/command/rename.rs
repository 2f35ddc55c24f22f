//! RENAME (RFC 9051 §6.3.6).

use account::plan;
use imap::MailboxName;
use imap::response::{self, Attribute, ListLine, ListWord};

use crate::context::Context;
use crate::reply::{Answer, Done};
use crate::state::LoggedIn;

/// A rev2 client is told the new name with the old one (RFC 9051 §6.3.9.7).
pub(crate) fn run(
    context: &mut Context,
    login: &mut LoggedIn,
    (from, to): (MailboxName, MailboxName),
) -> Result<Done, Answer> {
    let now = context.now.unix;
    let (old, new) = (from.clone(), to.clone());
    context.commit(&login.user, Vec::new(), move |state| plan::rename(state, &from, &to, now))?;
    if context.enabled.rev2 && old != MailboxName::Inbox {
        let names = context.enabled.names();
        let line = ListLine {
            word: ListWord::List,
            attributes: &[] as &[Attribute],
            name: &new,
            child_info: &[],
            old_name: Some(&old),
        };
        context.out.write(|out| response::list(out, &line, names));
    }
    Ok(Done::Renamed)
}
