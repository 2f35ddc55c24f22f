//! The commands about mailboxes that have little but their names: CREATE, DELETE, SUBSCRIBE,
//! UNSUBSCRIBE.

use super::Command;
use crate::cursor::{Cursor, Found};
use crate::{Fault, MailboxName, SpecialUse};

/// `create` (RFC 9051 §6.3.4), with `(USE (...))` (RFC 6154 §3)
pub(super) fn create(c: &mut Cursor<'_>) -> Found<Command> {
    let mailbox = one_name(c)?;
    let mut special_use = Vec::new();
    c.skip_spaces();
    if c.peek() == Some(b'(') {
        c.list(|c| {
            c.literally(b"USE").ok_or(Fault::Unknown("CREATE parameter"))?;
            c.space()?;
            c.list(|c| use_attr(c, &mut special_use))
        })?;
    }
    Ok(Command::Create { mailbox, special_use })
}

/// `use-attr`
fn use_attr(c: &mut Cursor<'_>, uses: &mut Vec<SpecialUse>) -> Found<()> {
    let at = c.at();
    c.expect(b'\\', "a special use")?;
    let name = c.atom()?;
    let Some(special_use) = SpecialUse::parse(&format!("\\{name}")) else {
        c.back_to(at);
        return Err(Fault::SpecialUse);
    };
    if !uses.contains(&special_use) {
        uses.push(special_use);
    }
    Ok(())
}

/// `delete` (RFC 9051 §6.3.5)
pub(super) fn delete(c: &mut Cursor<'_>) -> Found<Command> {
    one_name(c).map(Command::Delete)
}

/// `subscribe` (RFC 9051 §6.3.7)
pub(super) fn subscribe(c: &mut Cursor<'_>) -> Found<Command> {
    one_name(c).map(Command::Subscribe)
}

/// `unsubscribe` (RFC 9051 §6.3.8)
pub(super) fn unsubscribe(c: &mut Cursor<'_>) -> Found<Command> {
    one_name(c).map(Command::Unsubscribe)
}

/// `SP mailbox`
pub(super) fn one_name(c: &mut Cursor<'_>) -> Found<MailboxName> {
    c.space()?;
    c.mailbox()
}
