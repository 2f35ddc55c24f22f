//! The account as of one commit: the fold of its log.
//!
//! A state never changes and shares what it can with the states before it, so a commit costs what it changes and
//! holding an old state is free.

mod apply;
mod renew;

use std::ops::Bound;
use std::sync::Arc;

use imap::{MailboxName, ModSeq, Uid};
use imbl::ordmap::DiffItem;
use imbl::{OrdMap, OrdSet, ordset};

use crate::{EmailId, Mailbox, MailboxId, Messages, ObjectIds, Totals};

pub use apply::Inconsistent;

/// All of an account: its mailboxes, their messages, its subscriptions.
#[derive(Clone, Debug)]
pub struct State {
    modseq: Option<ModSeq>,
    next_mailbox: MailboxId,
    next_email: EmailId,
    last_uid_validity: u32,
    mailboxes: OrdMap<MailboxId, Slot>,
    names: OrdMap<MailboxName, MailboxId>,
    subscriptions: OrdSet<MailboxName>,
    totals: Totals,
    ids: ObjectIds,
}

/// A mailbox in its place. Two are the same if they are the same object: so two states are compared without a look into
/// mailboxes that both share, and without unpacking those that they do not.
#[derive(Clone, Debug)]
struct Slot(Arc<Mailbox>);

impl PartialEq for Slot {
    fn eq(&self, other: &Self) -> bool {
        #[cfg(test)]
        tests::COMPARED.with(|compared| compared.set(compared.get() + 1));
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl PartialEq for State {
    /// Whether all of it is the same, message by message.
    fn eq(&self, other: &Self) -> bool {
        self.to_parts() == other.to_parts()
    }
}

impl Eq for State {}

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
    /// What is known of ids.
    pub ids: ObjectIds,
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
            ids: ObjectIds::default(),
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
            mailboxes: parts.mailboxes.into_iter().map(|m| (m.id, Slot(m))).collect(),
            subscriptions: parts.subscriptions.into_iter().collect(),
            ids: parts.ids,
        }
    }

    /// For a checkpoint to keep.
    pub fn to_parts(&self) -> Parts {
        Parts {
            modseq: self.modseq,
            next_mailbox: self.next_mailbox,
            next_email: self.next_email,
            last_uid_validity: self.last_uid_validity,
            mailboxes: self.mailboxes().cloned().collect(),
            subscriptions: self.subscriptions.iter().cloned().collect(),
            ids: self.ids.clone(),
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

    /// What clients see instead of ids, and back.
    pub fn ids(&self) -> &ObjectIds {
        &self.ids
    }

    /// A mailbox by its lasting id.
    pub fn mailbox(&self, id: MailboxId) -> Option<&Arc<Mailbox>> {
        self.mailboxes.get(&id).map(|slot| &slot.0)
    }

    /// A mailbox by its name.
    pub fn named(&self, name: &MailboxName) -> Option<&Arc<Mailbox>> {
        self.names.get(name).and_then(|id| self.mailbox(*id))
    }

    /// All mailboxes in the order of their names.
    pub fn by_name(&self) -> impl Iterator<Item = &Arc<Mailbox>> {
        self.names.values().filter_map(|id| self.mailbox(*id))
    }

    /// All mailboxes in the order of their ids.
    fn mailboxes(&self) -> impl Iterator<Item = &Arc<Mailbox>> {
        self.mailboxes.values().map(|slot| &slot.0)
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
        let children = self.by_name_after(&name.before_children());
        children.take_while(move |m| m.name.is_child_of(name))
    }

    /// The mailboxes whose names come after this one, in the order of their names.
    pub fn by_name_after<'a>(&'a self, name: &MailboxName) -> impl Iterator<Item = &'a Arc<Mailbox>> + use<'a> {
        let after = (Bound::Excluded(name.clone()), Bound::Unbounded);
        self.names.range(after).filter_map(|(_, id)| self.mailbox(*id))
    }

    /// The subscribed names after this one, in order.
    pub fn subscriptions_after<'a>(&'a self, name: &MailboxName) -> impl Iterator<Item = &'a MailboxName> + use<'a> {
        self.subscriptions.range((Bound::Excluded(name.clone()), Bound::Unbounded))
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
        self.mailboxes().flat_map(move |mailbox| {
            let chunks = mailbox.messages.chunks().iter().filter(move |chunk| chunk.summary().may_hold(email));
            let records = chunks.flat_map(|chunk| chunk.records()).filter(move |record| record.email == email);
            records.map(|record| (mailbox.id, record.uid))
        })
    }

    /// The mailboxes that are not the same object in an older state and in this one, each with what it was and is, in the
    /// order of their ids. Costs what has changed since: what both states share is passed over whole.
    pub(crate) fn mailboxes_since<'a>(
        &'a self,
        old: &'a Self,
    ) -> impl Iterator<Item = (Option<&'a Arc<Mailbox>>, Option<&'a Arc<Mailbox>>)> {
        old.mailboxes.diff(&self.mailboxes).map(|item| match item {
            DiffItem::Add(_, Slot(new)) => (None, Some(new)),
            DiffItem::Update { old: (_, Slot(old)), new: (_, Slot(new)) } => (Some(old), Some(new)),
            DiffItem::Remove(_, Slot(old)) => (Some(old), None),
        })
    }

    /// The names that an older state and this one do not both have among their subscriptions: those that have gone, and
    /// those that have come.
    pub(crate) fn subscriptions_since(&self, old: &Self) -> (Vec<MailboxName>, Vec<MailboxName>) {
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for item in old.subscriptions.diff(&self.subscriptions) {
            match item {
                ordset::DiffItem::Add(name) => come.push(name.clone()),
                ordset::DiffItem::Remove(name) => gone.push(name.clone()),
            }
        }
        (gone, come)
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
        let mut pairs = self.mailboxes().zip(other.mailboxes());
        bare(self) == bare(other) && pairs.all(|(a, b)| a.messages.agree_with(&b.messages))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{Commit, Rights, account_difference, plan};

    thread_local! {
        /// How often two states' mailboxes were compared.
        pub(super) static COMPARED: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn comparing_states_costs_what_has_changed() {
        let mut state = State::default();
        for n in 0..10_000 {
            let name = MailboxName::new(&format!("mailbox {n}")).unwrap();
            let changes = plan::create(&state, (&name, Rights::ALL), &[], 0).unwrap().changes;
            state.apply(&Commit { modseq: state.next_modseq(), at: 0, actor: String::new(), changes }).unwrap();
        }
        let before = state.clone();
        let names = ["mailbox 3", "mailbox 5000", "mailbox 9999"].map(|name| MailboxName::new(name).unwrap());
        let changes =
            names.iter().flat_map(|name| plan::delete(&state, (name, Rights::ALL)).unwrap().changes).collect();
        state.apply(&Commit { modseq: state.next_modseq(), at: 0, actor: String::new(), changes }).unwrap();
        COMPARED.set(0);
        assert_eq!(account_difference(&before, &state).deleted.len(), 3);
        // What stands in the same nodes of the map is looked at, and no more.
        assert!(COMPARED.get() < 500, "{} mailboxes were compared", COMPARED.get());
        COMPARED.set(0);
        assert!(account_difference(&state, &state.clone()).is_empty());
        assert_eq!(COMPARED.get(), 0);
    }
}
