//! RENAME (RFC 9051 §6.3.6).

use account::{State, plan};
use imap::MailboxName;
use imap::response::{self, Attribute, ListLine, ListWord};

use crate::context::Context;
use crate::reply::{Answer, Done, Wrong};
use crate::state::LoggedIn;

/// A rev2 client is told the new name with the old one (RFC 9051 §6.3.9.7).
pub(crate) fn run(
    context: &mut Context,
    login: &mut LoggedIn,
    (from, to): (MailboxName, MailboxName),
) -> Result<Done, Answer> {
    let (old, new, now) = (login.place(from), login.place(to), context.now.unix);
    if !new.is_in(&old.account) {
        return Err(Wrong::AcrossAccounts.into());
    }
    let (account, from, to) = (old.account.clone(), old.said.clone(), new.said.clone());
    let plan = move |state: &State| plan::rename(state, old.there(), new.free(), now);
    context.commit(&login.user, &account, Vec::new(), plan)?;
    if context.enabled.rev2 && from != MailboxName::Inbox {
        let names = context.enabled.names();
        let line = ListLine {
            word: ListWord::List,
            attributes: &[] as &[Attribute],
            name: &to,
            child_info: &[],
            old_name: Some(&from),
        };
        context.out.write(|out| response::list(out, &line, names));
    }
    Ok(Done::Renamed)
}
