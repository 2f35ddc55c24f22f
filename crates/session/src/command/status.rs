//! STATUS (RFC 9051 §6.3.11): all of it comes from memory.

use account::Mailbox;
use imap::command::{Status, StatusItem};
use imap::response::{self, StatusValue};

use crate::context::Context;
use crate::reply::{Answer, Done};
use crate::state::LoggedIn;

/// STATUS of one mailbox.
pub(crate) fn run(context: &mut Context, login: &mut LoggedIn, command: Status) -> Result<Done, Answer> {
    let state = login.account().state()?;
    let mailbox = state.named(&command.mailbox).ok_or(account::Refusal::NoSuchMailbox)?;
    write(context, login, mailbox, &command.items);
    Ok(Done::Status)
}

/// Writes a STATUS response. Who asks for HIGHESTMODSEQ wants CONDSTORE from then on (RFC 7162 §3.1).
pub(super) fn write(context: &mut Context, login: &LoggedIn, mailbox: &Mailbox, items: &[StatusItem]) {
    if items.contains(&StatusItem::HighestModSeq) {
        context.want_condstore(login.view());
    }
    let totals = mailbox.messages.totals();
    let id = mailbox.id.to_string();
    let values: Vec<StatusValue<'_>> = items
        .iter()
        .map(|item| match item {
            StatusItem::Messages => StatusValue::Messages(mailbox.messages.len() as u64),
            StatusItem::Recent => StatusValue::Recent(recent(login, mailbox)),
            StatusItem::UidNext => StatusValue::UidNext(mailbox.uid_next_shown()),
            StatusItem::UidValidity => StatusValue::UidValidity(mailbox.uid_validity),
            StatusItem::Unseen => StatusValue::Unseen(totals.unseen),
            StatusItem::Deleted => StatusValue::Deleted(totals.deleted),
            StatusItem::Size => StatusValue::Size(totals.size),
            StatusItem::HighestModSeq => StatusValue::HighestModSeq(mailbox.modseq),
            StatusItem::MailboxId => StatusValue::MailboxId(&id),
            StatusItem::AppendLimit => StatusValue::AppendLimit(Some(context.settings.append_limit)),
        })
        .collect();
    let names = context.enabled.names();
    context.out.write(|out| response::status(out, &mailbox.name, names, &values));
}

/// How many messages would be `\Recent` to who selects the mailbox now (RFC 3501 §6.3.10).
fn recent(login: &LoggedIn, mailbox: &Mailbox) -> u64 {
    let floor = login.account().recent_floor(mailbox.id, mailbox.uid_next_shown());
    (mailbox.messages.len() - mailbox.messages.places_below(floor)) as u64
}
