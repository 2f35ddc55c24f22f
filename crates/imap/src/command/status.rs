//! STATUS (RFC 9051 §6.3.11).

use super::Command;
use crate::cursor::{Cursor, Found};
use crate::{Fault, MailboxName};

/// STATUS.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Status {
    /// Which mailbox.
    pub mailbox: MailboxName,
    /// What is wanted, in the client's order, each once.
    pub items: Vec<StatusItem>,
}

/// A number, or id, of a mailbox that STATUS gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum StatusItem {
    /// `MESSAGES`
    Messages,
    /// `RECENT` (RFC 3501 §6.3.10)
    Recent,
    /// `UIDNEXT`
    UidNext,
    /// `UIDVALIDITY`
    UidValidity,
    /// `UNSEEN`
    Unseen,
    /// `DELETED`
    Deleted,
    /// `SIZE` (RFC 8438)
    Size,
    /// `HIGHESTMODSEQ` (RFC 7162 §3.1.7)
    HighestModSeq,
    /// `MAILBOXID` (RFC 8474 §4.3)
    MailboxId,
    /// `APPENDLIMIT` (RFC 7889 §3.1)
    AppendLimit,
}

/// `status`
pub(super) fn status(c: &mut Cursor<'_>) -> Found<Command> {
    c.space()?;
    let mailbox = c.mailbox()?;
    c.space()?;
    let items = status_items(c)?;
    Ok(Command::Status(Status { mailbox, items }))
}

/// `"(" status-att *(SP status-att) ")"`
pub(super) fn status_items(c: &mut Cursor<'_>) -> Found<Vec<StatusItem>> {
    let mut items = Vec::new();
    c.list(|c| {
        let item = status_att(c)?;
        if !items.contains(&item) {
            items.push(item);
        }
        Ok(())
    })?;
    if items.is_empty() { Err(Fault::Expected("a STATUS item")) } else { Ok(items) }
}

/// `status-att`
fn status_att(c: &mut Cursor<'_>) -> Found<StatusItem> {
    let at = c.at();
    Ok(match c.word()?.to_ascii_uppercase().as_str() {
        "MESSAGES" => StatusItem::Messages,
        "RECENT" => StatusItem::Recent,
        "UIDNEXT" => StatusItem::UidNext,
        "UIDVALIDITY" => StatusItem::UidValidity,
        "UNSEEN" => StatusItem::Unseen,
        "DELETED" => StatusItem::Deleted,
        "SIZE" => StatusItem::Size,
        "HIGHESTMODSEQ" => StatusItem::HighestModSeq,
        "MAILBOXID" => StatusItem::MailboxId,
        "APPENDLIMIT" => StatusItem::AppendLimit,
        _ => {
            c.back_to(at);
            return Err(Fault::Unknown("STATUS item"));
        }
    })
}
