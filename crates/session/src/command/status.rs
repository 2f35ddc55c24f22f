//! STATUS (RFC 9051 §6.3.11): all of it comes from memory.

use account::{Mailbox, ObjectIds};
use imap::command::{Status, StatusItem};
use imap::response::{self, StatusValue};
use imap::{MailboxName, NameForm};
use store::Account;

use crate::context::Context;
use crate::outbox::Outbox;
use crate::reply::{Answer, Done, Notice};
use crate::state::LoggedIn;

/// STATUS of one mailbox.
pub(crate) fn run(context: &mut Context, login: &mut LoggedIn, command: Status) -> Result<Done, Answer> {
    let place = login.place(command.mailbox);
    let state = place.account.state()?;
    let (mailbox, _) = place.read(&state)?;
    let mut status = Statuses::new(context, login, command.items);
    status.write(&mut context.out, (&place.account, state.ids()), (&place.said, mailbox));
    Ok(Done::Status)
}

/// STATUS responses to a command, with what they are made of.
pub(super) struct Statuses {
    items: Vec<StatusItem>,
    append_limit: u64,
    names: NameForm,
    /// To be told ahead of the first one.
    notice: Option<Notice>,
}

impl Statuses {
    /// Who asks for HIGHESTMODSEQ wants CONDSTORE from then on (RFC 7162 §3.1).
    pub(super) fn new(context: &mut Context, login: &LoggedIn, items: Vec<StatusItem>) -> Self {
        let wants_modseqs = items.contains(&StatusItem::HighestModSeq);
        Self {
            append_limit: context.settings.append_limit,
            names: context.enabled.names(),
            notice: if wants_modseqs { context.turn_condstore_on(login.view()) } else { None },
            items,
        }
    }

    /// Writes the one of a mailbox of this account, which the client calls by this name.
    pub(super) fn write(
        &mut self,
        out: &mut Outbox,
        (account, ids): (&Account, &ObjectIds),
        (name, mailbox): (&MailboxName, &Mailbox),
    ) {
        if let Some(notice) = self.notice.take() {
            out.notice(notice);
        }
        let totals = mailbox.messages.totals();
        let id = ids.mailbox(mailbox.id).to_string();
        let values: Vec<StatusValue<'_>> = self
            .items
            .iter()
            .map(|item| match item {
                StatusItem::Messages => StatusValue::Messages(mailbox.messages.len() as u64),
                StatusItem::Recent => StatusValue::Recent(recent(account, mailbox)),
                StatusItem::UidNext => StatusValue::UidNext(mailbox.uid_next_shown()),
                StatusItem::UidValidity => StatusValue::UidValidity(mailbox.uid_validity),
                StatusItem::Unseen => StatusValue::Unseen(totals.unseen),
                StatusItem::Deleted => StatusValue::Deleted(totals.deleted),
                StatusItem::Size => StatusValue::Size(totals.size),
                StatusItem::HighestModSeq => StatusValue::HighestModSeq(mailbox.modseq),
                StatusItem::MailboxId => StatusValue::MailboxId(&id),
                StatusItem::AppendLimit => StatusValue::AppendLimit(Some(self.append_limit)),
            })
            .collect();
        out.write(|out| response::status(out, name, self.names, &values));
    }
}

/// How many messages would be `\Recent` to who selects the mailbox now (RFC 3501 §6.3.10).
fn recent(account: &Account, mailbox: &Mailbox) -> u64 {
    let floor = account.recent_floor(mailbox.id, mailbox.uid_next_shown());
    (mailbox.messages.len() - mailbox.messages.places_below(floor)) as u64
}
