//! The mails that a trial begins with.

use account::plan::{self, NewMessage};
use account::{Flags, Permit, SystemFlags};
use anyhow::Result;
use imap::{InternalDate, MailboxName};
use store::{Account, Message, Store};

use crate::dates;
use crate::place;

/// Each with its flags: a plain one, one in HTML, one with attachments and two that answer it, one in Japanese.
const SAMPLES: [(&str, Option<SystemFlags>); 6] = [
    (include_str!("../../samples/1-welcome.eml"), Some(SystemFlags::FLAGGED)),
    (include_str!("../../samples/2-html.eml"), Some(SystemFlags::SEEN)),
    (include_str!("../../samples/3-attachment.eml"), Some(SystemFlags::ANSWERED)),
    (include_str!("../../samples/4-reply.eml"), Some(SystemFlags::SEEN)),
    (include_str!("../../samples/5-reply.eml"), None),
    (include_str!("../../samples/6-utf8.eml"), None),
];

/// Puts the samples into INBOX, in one commit.
pub(super) fn add(store: &Store, account: &Account) -> Result<()> {
    let now = dates::now();
    let (mut emails, mut new): (Vec<Message>, Vec<NewMessage>) = (Vec::new(), Vec::new());
    for (text, flags) in SAMPLES {
        let mut upload = store.upload();
        // They stand in the repository with bare LFs; mail has CR LF.
        upload.push(text.replace('\n', "\r\n").as_bytes())?;
        let message = upload.finish()?;
        let sent = message.structure().sent().unwrap_or(now);
        new.push(NewMessage {
            size: message.size(),
            internal_date: InternalDate::new(sent, 0),
            flags: Flags::new(flags.unwrap_or_default(), Vec::new()),
            uid: None,
            foreign: None,
        });
        emails.push(message);
    }
    account.commit(&place::actor("try"), now, emails, move |state| {
        plan::append(state, state.named(&MailboxName::Inbox).map(|inbox| Permit::owner(inbox.id)), &new, now)
    })?;
    Ok(())
}
