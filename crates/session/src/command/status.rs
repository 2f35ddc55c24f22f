//! STATUS (RFC 9051 §6.3.11): all of it comes from memory.

use account::{Mailbox, State};
use imap::command::{Status, StatusItem};
use imap::response::{self, StatusValue};

use crate::reply::Answer;
use crate::session::Session;

/// STATUS of one mailbox.
pub(crate) fn run(session: &mut Session, command: &Status) -> Result<Answer, Answer> {
    let state = session.account()?.state()?;
    let mailbox = state.named(&command.mailbox).ok_or(account::Refusal::NoSuchMailbox)?;
    write(session, &state, mailbox, &command.items);
    Ok(Answer::ok("That is it"))
}

/// Writes a STATUS response. Who asks for HIGHESTMODSEQ wants CONDSTORE from then on (RFC 7162 §3.1).
pub(crate) fn write(session: &mut Session, state: &State, mailbox: &Mailbox, items: &[StatusItem]) {
    if items.contains(&StatusItem::HighestModSeq) {
        session.want_condstore();
    }
    let totals = mailbox.messages.totals();
    let id = state.ids().mailbox(mailbox.id).to_string();
    let values: Vec<StatusValue<'_>> = items
        .iter()
        .map(|item| match item {
            StatusItem::Messages => StatusValue::Messages(mailbox.messages.len() as u64),
            StatusItem::Recent => StatusValue::Recent(recent(session, mailbox)),
            StatusItem::UidNext => StatusValue::UidNext(mailbox.uid_next_shown()),
            StatusItem::UidValidity => StatusValue::UidValidity(mailbox.uid_validity),
            StatusItem::Unseen => StatusValue::Unseen(totals.unseen),
            StatusItem::Deleted => StatusValue::Deleted(totals.deleted),
            StatusItem::Size => StatusValue::Size(totals.size),
            StatusItem::HighestModSeq => StatusValue::HighestModSeq(mailbox.modseq),
            StatusItem::MailboxId => StatusValue::MailboxId(&id),
            StatusItem::AppendLimit => StatusValue::AppendLimit(Some(session.settings.append_limit)),
        })
        .collect();
    response::status(&mut session.out, &mailbox.name, session.enabled.names(), &values);
}

/// How many messages would be `\Recent` to who selects the mailbox now (RFC 3501 §6.3.10).
fn recent(session: &Session, mailbox: &Mailbox) -> u64 {
    let Some(user) = session.state.user() else { return 0 };
    let floor = user.account.recent_floor(mailbox.id, mailbox.uid_next_shown());
    (mailbox.messages.len() - mailbox.messages.places_below(floor)) as u64
}
