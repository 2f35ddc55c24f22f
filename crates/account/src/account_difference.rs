//! What has changed in an account: the difference of two of its states.

use std::sync::Arc;

use imap::{MailboxName, ModSeq, SpecialUse, Uid, UidValidity};

use crate::{Mailbox, MailboxId, State};

/// How a state differs from an older one of the same account: what NOTIFY, JMAP and a console tell of, each in its words.
///
/// It says what is otherwise, not what happened: a mailbox that was made and deleted in between is not here, one that was
/// renamed there and back is not `changed`, and however often a name was subscribed it is here once. Who wants what
/// happened reads the log between the two modseqs.
///
/// Which messages of a mailbox changed is [`difference`](crate::difference) of its messages in the two states; it costs
/// more, and not everybody who listens wants to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountDifference {
    /// Mailboxes that only the new state has, as they are there, in the order of their ids.
    pub created: Vec<Arc<Mailbox>>,
    /// Mailboxes that only the old state has, as they were, in the order of their ids. Their names may be another
    /// mailbox's by now.
    pub deleted: Vec<Arc<Mailbox>>,
    /// Mailboxes that both have and that are not the same, in the order of their ids.
    pub changed: Vec<MailboxDifference>,
    /// Names that are subscribed now and were not, in order, whether a mailbox has them or not.
    pub subscribed: Vec<MailboxName>,
    /// Names that were subscribed and are not now, in order.
    pub unsubscribed: Vec<MailboxName>,
}

/// How a mailbox differs from what it was. What is `None` is the same; at least one is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxDifference {
    /// Which mailbox.
    pub id: MailboxId,
    /// What it was and is called.
    pub name: Option<Shift<MailboxName>>,
    /// What it was and is for.
    pub special_use: Option<Shift<Vec<SpecialUse>>>,
    /// Its numbers: messages came, went or changed their flags, or it took over another server's numbers.
    pub counts: Option<Shift<Counts>>,
}

/// From one value to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift<T> {
    /// In the old state.
    pub before: T,
    /// In the new state.
    pub after: T,
}

/// What STATUS tells of a mailbox (RFC 9051 §6.3.11, RFC 7162 §3.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// MESSAGES
    pub messages: u64,
    /// UNSEEN
    pub unseen: u64,
    /// DELETED
    pub deleted: u64,
    /// SIZE
    pub size: u64,
    /// UIDNEXT, as clients see it.
    pub uid_next: Uid,
    /// UIDVALIDITY
    pub uid_validity: UidValidity,
    /// HIGHESTMODSEQ
    pub modseq: ModSeq,
}

impl AccountDifference {
    /// Whether the states are the same to everybody who is told of differences.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares two states of the same account. Mailboxes that both share are passed over, so this costs what has changed
/// between them, not how many mailboxes there are; no message is looked at. States that share nothing, as one before and
/// one after the account was closed, cost a look at each mailbox's numbers.
pub fn account_difference(old: &State, new: &State) -> AccountDifference {
    let mut found = AccountDifference::default();
    for pair in new.mailboxes_since(old) {
        match pair {
            (Some(before), Some(after)) => found.changed.extend(mailbox_difference(before, after)),
            (before, after) => {
                found.deleted.extend(before.cloned());
                found.created.extend(after.cloned());
            }
        }
    }
    (found.unsubscribed, found.subscribed) = new.subscriptions_since(old);
    found
}

fn mailbox_difference(before: &Mailbox, after: &Mailbox) -> Option<MailboxDifference> {
    let found = MailboxDifference {
        id: after.id,
        name: shift(&before.name, &after.name),
        special_use: shift(&before.special_use, &after.special_use),
        // Each commit that does anything to a mailbox's messages gives it its modseq, so equal ones say that all is equal.
        counts: shift(&before.counts(), &after.counts()),
    };
    (found.name.is_some() || found.special_use.is_some() || found.counts.is_some()).then_some(found)
}

fn shift<T: Clone + PartialEq>(before: &T, after: &T) -> Option<Shift<T>> {
    (before != after).then(|| Shift { before: before.clone(), after: after.clone() })
}

impl Mailbox {
    /// Its numbers. They are kept, so asking costs nothing.
    pub fn counts(&self) -> Counts {
        let totals = self.messages.totals();
        Counts {
            messages: totals.messages,
            unseen: totals.unseen,
            deleted: totals.deleted,
            size: totals.size,
            uid_next: self.uid_next_shown(),
            uid_validity: self.uid_validity,
            modseq: self.modseq,
        }
    }
}
