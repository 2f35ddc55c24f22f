//! The account as of one commit: the fold of its log.
//!
//! A state never changes and shares what it can with the states before it, so a commit costs what it changes and
//! holding an old state is free.

use std::collections::HashMap;
use std::sync::Arc;

use imap::{MailboxName, ModSeq, StoreMode, Uid, UidSet, UidValidity};
use imbl::{OrdMap, OrdSet};

use crate::change::{Added, Change, Commit};
use crate::{EmailId, FlagSetId, FlagTable, Flags, Mailbox, MailboxId, Messages, Record, Totals, Vanished};

/// All of an account: its mailboxes, their messages, its subscriptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    modseq: Option<ModSeq>,
    next_mailbox: MailboxId,
    next_email: EmailId,
    last_uid_validity: u32,
    mailboxes: OrdMap<MailboxId, Arc<Mailbox>>,
    names: OrdMap<MailboxName, MailboxId>,
    subscriptions: OrdSet<MailboxName>,
    totals: Totals,
}

/// What a [`State`] is made of, for a checkpoint to keep and to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The last commit in it.
    pub modseq: Option<ModSeq>,
    /// The id that the next mailbox gets.
    pub next_mailbox: MailboxId,
    /// The id that the next email gets.
    pub next_email: EmailId,
    /// The highest UIDVALIDITY given; 0 before the first.
    pub last_uid_validity: u32,
    /// The mailboxes, in any order.
    pub mailboxes: Vec<Arc<Mailbox>>,
    /// The subscribed names.
    pub subscriptions: Vec<MailboxName>,
}

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

impl Default for State {
    fn default() -> Self {
        Self {
            modseq: None,
            next_mailbox: MailboxId::FIRST,
            next_email: EmailId::FIRST,
            last_uid_validity: 0,
            mailboxes: OrdMap::new(),
            names: OrdMap::new(),
            subscriptions: OrdSet::new(),
            totals: Totals::default(),
        }
    }
}

impl State {
    /// From what a checkpoint kept.
    pub fn from_parts(parts: Parts) -> Self {
        Self {
            modseq: parts.modseq,
            next_mailbox: parts.next_mailbox,
            next_email: parts.next_email,
            last_uid_validity: parts.last_uid_validity,
            totals: parts.mailboxes.iter().fold(Totals::default(), |sum, m| sum.with(m.messages.totals())),
            names: parts.mailboxes.iter().map(|m| (m.name.clone(), m.id)).collect(),
            mailboxes: parts.mailboxes.into_iter().map(|m| (m.id, m)).collect(),
            subscriptions: parts.subscriptions.into_iter().collect(),
        }
    }

    /// For a checkpoint to keep.
    pub fn to_parts(&self) -> Parts {
        Parts {
            modseq: self.modseq,
            next_mailbox: self.next_mailbox,
            next_email: self.next_email,
            last_uid_validity: self.last_uid_validity,
            mailboxes: self.mailboxes.values().cloned().collect(),
            subscriptions: self.subscriptions.iter().cloned().collect(),
        }
    }

    /// The last commit in this state; `None` before the first.
    pub fn modseq(&self) -> Option<ModSeq> {
        self.modseq
    }

    /// The modseq of the commit that comes next.
    pub fn next_modseq(&self) -> ModSeq {
        self.modseq.map_or(ModSeq::MIN, ModSeq::next)
    }

    /// The id that the next mailbox gets.
    pub fn next_mailbox(&self) -> MailboxId {
        self.next_mailbox
    }

    /// The id that the next email gets.
    pub fn next_email(&self) -> EmailId {
        self.next_email
    }

    /// The highest UIDVALIDITY that this account has given; 0 before the first.
    pub fn last_uid_validity(&self) -> u32 {
        self.last_uid_validity
    }

    /// A mailbox by its lasting id.
    pub fn mailbox(&self, id: MailboxId) -> Option<&Arc<Mailbox>> {
        self.mailboxes.get(&id)
    }

    /// A mailbox by its name.
    pub fn named(&self, name: &MailboxName) -> Option<&Arc<Mailbox>> {
        self.names.get(name).and_then(|id| self.mailboxes.get(id))
    }

    /// All mailboxes in the order of their names.
    pub fn by_name(&self) -> impl Iterator<Item = &Arc<Mailbox>> {
        self.names.values().filter_map(|id| self.mailboxes.get(id))
    }

    /// How many mailboxes there are.
    pub fn mailbox_count(&self) -> usize {
        self.mailboxes.len()
    }

    /// Sums over all messages of the account, as often as mailboxes have them. They are kept, so asking costs nothing.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The mailboxes below a name, in the order of their names.
    pub fn below<'a>(&'a self, name: &'a MailboxName) -> impl Iterator<Item = &'a Arc<Mailbox>> {
        self.by_name().filter(move |m| m.name.is_child_of(name))
    }

    /// The subscribed names, in order, whether a mailbox has them or not.
    pub fn subscriptions(&self) -> impl Iterator<Item = &MailboxName> {
        self.subscriptions.iter()
    }

    /// Whether a name is subscribed.
    pub fn is_subscribed(&self, name: &MailboxName) -> bool {
        self.subscriptions.contains(name)
    }

    /// The messages that have an email, wherever they are. Looks only into chunks whose summaries say that they may have
    /// it: emails grow with time, so those are few.
    pub fn find_email(&self, email: EmailId) -> impl Iterator<Item = (MailboxId, Uid)> {
        self.mailboxes.values().flat_map(move |mailbox| {
            let chunks = mailbox.messages.chunks().iter().filter(move |chunk| chunk.summary().may_hold(email));
            let records = chunks.flat_map(|chunk| chunk.records()).filter(move |record| record.email == email);
            records.map(|record| (mailbox.id, record.uid))
        })
    }

    /// Whether this is the same state as another, as far as both know: a message's [`Record::created`] is left out
    /// where one of them does not know it.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let bare = |state: &Self| {
            let bare =
                |mailbox: &Arc<Mailbox>| Arc::new(Mailbox { messages: Messages::default(), ..(**mailbox).clone() });
            let mut parts = state.to_parts();
            parts.mailboxes = parts.mailboxes.iter().map(bare).collect();
            parts
        };
        let mut pairs = self.mailboxes.values().zip(other.mailboxes.values());
        bare(self) == bare(other) && pairs.all(|(a, b)| a.messages.agree_with(&b.messages))
    }

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
            Change::MailboxCreated { id, name, uid_validity, special_use } => {
                self.give_uid_validity(modseq, *uid_validity)?;
                if *id < self.next_mailbox || self.names.contains_key(name) {
                    return Err(Inconsistent::GivenTwice(modseq, format!("{id} {name}")));
                }
                self.next_mailbox = id.next();
                self.names.insert(name.clone(), *id);
                let mailbox = Mailbox {
                    id: *id,
                    name: name.clone(),
                    uid_validity: *uid_validity,
                    uid_next: Some(Uid::MIN),
                    modseq,
                    special_use: special_use.clone(),
                    messages: Messages::default(),
                    flags: Arc::default(),
                    vanished: Arc::default(),
                };
                self.mailboxes.insert(*id, Arc::new(mailbox));
            }
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
                let gone = self.mailboxes.remove(id).ok_or(Inconsistent::NoSuchMailbox(modseq, *id))?;
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
                let last = messages.iter().map(|message| message.email.next()).max();
                self.next_email = self.next_email.max(last.unwrap_or(EmailId::FIRST));
            }
            Change::FlagsChanged { mailbox, uids, mode, flags } => {
                let store = |table: &mut FlagTable, old| table.store(old, *mode, flags);
                self.change_messages(modseq, *mailbox, |mailbox| change_flags(mailbox, modseq, uids, store))?;
            }
            Change::Expunged { mailbox, uids, .. } => {
                self.change_messages(modseq, *mailbox, |mailbox| expunge(mailbox, modseq, uids))?;
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

    /// Changes a mailbox's messages, and its and the account's numbers with them.
    fn change_messages(
        &mut self,
        modseq: ModSeq,
        id: MailboxId,
        change: impl FnOnce(&mut Mailbox) -> Result<(), Inconsistent>,
    ) -> Result<(), Inconsistent> {
        let mailbox = self.mailbox_mut(modseq, id)?;
        let before = mailbox.messages.totals();
        change(mailbox)?;
        mailbox.modseq = modseq;
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
        let mailbox = self.mailboxes.get_mut(&id).ok_or(Inconsistent::NoSuchMailbox(modseq, id))?;
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
        let flags = &mut mailbox.flags;
        let set = sets.entry(Arc::as_ptr(&message.flags)).or_insert_with(|| {
            if message.flags.is_empty() {
                FlagSetId::default()
            } else {
                Arc::make_mut(flags).store(FlagSetId::default(), StoreMode::Replace, &message.flags)
            }
        });
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
    mut store: impl FnMut(&mut FlagTable, FlagSetId) -> FlagSetId,
) -> Result<(), Inconsistent> {
    let mut becomes = HashMap::new();
    let table = Arc::make_mut(&mut mailbox.flags);
    for (_, record) in mailbox.messages.select(uids) {
        becomes.entry(record.flags).or_insert_with(|| store(table, record.flags));
    }
    let mut changed = 0;
    mailbox.messages.update(uids, &mailbox.flags, |record| {
        record.flags = becomes.get(&record.flags).copied().unwrap_or(record.flags);
        record.modseq = modseq;
        changed += 1;
    });
    if changed == uids.len() { Ok(()) } else { Err(Inconsistent::NoSuchMessage(modseq, mailbox.id)) }
}
