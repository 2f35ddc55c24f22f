//! What each change does to a state.

use std::collections::HashMap;
use std::sync::Arc;

use imap::{ModSeq, StoreMode, Uid, UidSet, UidValidity};

use super::{Slot, State, renew};
use crate::change::{Added, Change, Commit};
use crate::{EmailId, FlagSetId, FlagTable, Flags, Mailbox, MailboxId, Messages, Record, Vanished};

/// A commit that does not follow from the state before it: the log is damaged, or a plan is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistent {
    /// Its modseq is not the next one.
    #[error("commit {got} where {wanted} was due")]
    OutOfOrder {
        /// What the commit says.
        got: ModSeq,
        /// What would follow.
        wanted: ModSeq,
    },
    /// It names a mailbox that is not there.
    #[error("commit {0} names mailbox {1}, which is not there")]
    NoSuchMailbox(ModSeq, MailboxId),
    /// It gives a name, an id, a UID or a UIDVALIDITY that has been given before.
    #[error("commit {0} gives {1} a second time")]
    GivenTwice(ModSeq, String),
    /// It changes messages that are not there.
    #[error("commit {0} changes messages that are not in mailbox {1}")]
    NoSuchMessage(ModSeq, MailboxId),
}

impl State {
    /// Folds one commit into the state. On an error the state may be half changed: throw it away.
    pub fn apply(&mut self, commit: &Commit) -> Result<(), Inconsistent> {
        let wanted = self.next_modseq();
        if commit.modseq != wanted {
            return Err(Inconsistent::OutOfOrder { got: commit.modseq, wanted });
        }
        for change in &commit.changes {
            self.apply_one(commit.modseq, change)?;
        }
        self.modseq = Some(commit.modseq);
        Ok(())
    }

    /// The state that a whole log ends in.
    pub fn replay<'a>(log: impl IntoIterator<Item = &'a Commit>) -> Result<Self, Inconsistent> {
        let mut state = Self::default();
        log.into_iter().try_for_each(|commit| state.apply(commit))?;
        Ok(state)
    }

    fn apply_one(&mut self, modseq: ModSeq, change: &Change) -> Result<(), Inconsistent> {
        match change {
            Change::MailboxCreated { id, name, uid_validity, special_use } => self.create(Mailbox {
                id: *id,
                name: name.clone(),
                uid_validity: *uid_validity,
                uid_next: Some(Uid::MIN),
                modseq,
                special_use: special_use.clone(),
                messages: Messages::default(),
                flags: FlagTable::none(),
                vanished: Vanished::none(),
            })?,
            Change::MailboxRenamed { id, name } => {
                if self.names.contains_key(name) {
                    return Err(Inconsistent::GivenTwice(modseq, name.to_string()));
                }
                let mailbox = self.mailbox_mut(modseq, *id)?;
                let old = std::mem::replace(&mut mailbox.name, name.clone());
                self.names.remove(&old);
                self.names.insert(name.clone(), *id);
            }
            Change::MailboxDeleted { id, .. } => {
                let Slot(gone) = self.mailboxes.remove(id).ok_or(Inconsistent::NoSuchMailbox(modseq, *id))?;
                self.names.remove(&gone.name);
                self.totals = self.totals.without(gone.messages.totals());
            }
            Change::SpecialUseSet { id, special_use } => {
                self.mailbox_mut(modseq, *id)?.special_use.clone_from(special_use);
            }
            Change::Subscribed { name } => {
                self.subscriptions.insert(name.clone());
            }
            Change::Unsubscribed { name } => {
                self.subscriptions.remove(name);
            }
            Change::MessagesAdded { mailbox, messages } => {
                self.change_messages(modseq, *mailbox, |mailbox| add(mailbox, modseq, messages))?;
                self.remember_foreign(modseq, messages)?;
                let last = messages.iter().map(|message| message.email.next()).max();
                self.next_email = self.next_email.max(last.unwrap_or(EmailId::FIRST));
            }
            Change::FlagsChanged { mailbox, uids, mode, flags } => {
                let change = |mailbox: &mut Mailbox| change_flags(mailbox, modseq, uids, (*mode, flags));
                self.change_messages(modseq, *mailbox, change)?;
            }
            Change::Expunged { mailbox, uids, .. } => {
                self.change_messages(modseq, *mailbox, |mailbox| expunge(mailbox, modseq, uids))?;
            }
            Change::OriginGiven { origin } => {
                if !self.ids.give_origin(*origin) {
                    return Err(Inconsistent::GivenTwice(modseq, "its origin".to_owned()));
                }
            }
            Change::NumbersTaken { mailbox, uid_validity, uid_next } => {
                self.last_uid_validity = self.last_uid_validity.max(uid_validity.get());
                let mailbox = self.mailbox_mut(modseq, *mailbox)?;
                mailbox.uid_validity = *uid_validity;
                mailbox.uid_next = mailbox.uid_next.map(|old| old.max(*uid_next));
                mailbox.modseq = modseq;
            }
        }
        Ok(())
    }

    fn create(&mut self, mailbox: Mailbox) -> Result<(), Inconsistent> {
        let Mailbox { id, modseq, uid_validity, ref name, .. } = mailbox;
        self.give_uid_validity(modseq, uid_validity)?;
        if id < self.next_mailbox || self.names.contains_key(name) {
            return Err(Inconsistent::GivenTwice(modseq, format!("{id} {name}")));
        }
        self.next_mailbox = id.next();
        self.names.insert(name.clone(), id);
        self.mailboxes.insert(id, Slot(Arc::new(mailbox)));
        Ok(())
    }

    /// Takes down where emails came from. One that has been here under an id of ours keeps that.
    fn remember_foreign(&mut self, modseq: ModSeq, added: &[Added]) -> Result<(), Inconsistent> {
        for (email, foreign) in added.iter().filter_map(|message| Some((message.email, message.foreign?))) {
            let known = email < self.next_email && !self.ids.is_foreign(email);
            if known || !self.ids.remember(email, foreign) {
                return Err(Inconsistent::GivenTwice(modseq, format!("the id of {email}")));
            }
        }
        Ok(())
    }

    /// Changes a mailbox's messages, and its and the account's numbers with them.
    fn change_messages(
        &mut self,
        modseq: ModSeq,
        id: MailboxId,
        change: impl FnOnce(&mut Mailbox) -> Result<(), Inconsistent>,
    ) -> Result<(), Inconsistent> {
        // A file of format 1 has no place for where the numbers of a table begin; what is in one has no origin.
        let renewable = self.ids.origin().is_some();
        let mailbox = self.mailbox_mut(modseq, id)?;
        let (before, lists) = (mailbox.messages.totals(), mailbox.flags.lists());
        change(mailbox)?;
        mailbox.modseq = modseq;
        if renewable {
            renew::where_crowded(mailbox, lists);
        }
        let after = mailbox.messages.totals();
        self.totals = self.totals.without(before).with(after);
        Ok(())
    }

    fn give_uid_validity(&mut self, modseq: ModSeq, given: UidValidity) -> Result<(), Inconsistent> {
        if given.get() <= self.last_uid_validity {
            return Err(Inconsistent::GivenTwice(modseq, format!("UIDVALIDITY {given}")));
        }
        self.last_uid_validity = given.get();
        Ok(())
    }

    fn mailbox_mut(&mut self, modseq: ModSeq, id: MailboxId) -> Result<&mut Mailbox, Inconsistent> {
        let Slot(mailbox) = self.mailboxes.get_mut(&id).ok_or(Inconsistent::NoSuchMailbox(modseq, id))?;
        Ok(Arc::make_mut(mailbox))
    }
}

fn add(mailbox: &mut Mailbox, modseq: ModSeq, added: &[Added]) -> Result<(), Inconsistent> {
    let mut records = Vec::with_capacity(added.len());
    // Messages that came together share their flags, so most of these are known without a look at any keyword.
    let mut sets: HashMap<*const Flags, FlagSetId> = HashMap::new();
    for message in added {
        if mailbox.uid_next.is_none_or(|next| message.uid < next) {
            return Err(Inconsistent::GivenTwice(modseq, format!("UID {} of {}", message.uid, mailbox.id)));
        }
        mailbox.uid_next = message.uid.next();
        let table = &mut mailbox.flags;
        let set = sets
            .entry(Arc::as_ptr(&message.flags))
            .or_insert_with(|| table.stored(FlagSetId::default(), StoreMode::Replace, &message.flags));
        records.push(Record {
            modseq,
            created: modseq,
            email: message.email,
            internal_date: message.internal_date,
            save_date: message.save_date,
            uid: message.uid,
            size: message.size,
            flags: *set,
        });
    }
    mailbox.messages.append(records, &mailbox.flags);
    Ok(())
}

fn expunge(mailbox: &mut Mailbox, modseq: ModSeq, uids: &UidSet) -> Result<(), Inconsistent> {
    let before = mailbox.messages.len() as u64;
    mailbox.messages.remove(uids, &mailbox.flags);
    if before - mailbox.messages.len() as u64 != uids.len() {
        return Err(Inconsistent::NoSuchMessage(modseq, mailbox.id));
    }
    Arc::<Vanished>::make_mut(&mut mailbox.vanished).add(modseq, uids);
    Ok(())
}

/// Stores flags into messages and gives them the commit's modseq.
fn change_flags(
    mailbox: &mut Mailbox,
    modseq: ModSeq,
    uids: &UidSet,
    (mode, flags): (StoreMode, &Flags),
) -> Result<(), Inconsistent> {
    let mut becomes = HashMap::new();
    let table = &mut mailbox.flags;
    for (_, record) in mailbox.messages.select(uids) {
        becomes.entry(record.flags).or_insert_with(|| table.stored(record.flags, mode, flags));
    }
    let mut changed = 0;
    mailbox.messages.update(uids, &mailbox.flags, |record| {
        record.flags = becomes.get(&record.flags).copied().unwrap_or(record.flags);
        record.modseq = modseq;
        changed += 1;
    });
    if changed == uids.len() { Ok(()) } else { Err(Inconsistent::NoSuchMessage(modseq, mailbox.id)) }
}
