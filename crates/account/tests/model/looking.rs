//! What looking at every message of an account gives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use account::{
    AccountDifference, Counts, Difference, EmailId, Mailbox, MailboxDifference, Messages, Shift, State, SystemFlags,
    Totals, difference,
};
use imap::{ModSeq, Uid};

/// The difference of two states, mailbox by mailbox, is what comparing message with message gives.
pub(crate) fn compare_differences(before: &State, after: &State) {
    for old in before.by_name() {
        let Some(new) = after.mailbox(old.id) else { continue };
        let uids = |messages: &Messages| messages.iter().map(|r| (r.uid, r.modseq)).collect::<Vec<_>>();
        let (a, b) = (uids(&old.messages), uids(&new.messages));
        let has = |list: &[(Uid, ModSeq)], uid| list.binary_search_by_key(&uid, |(uid, _)| *uid).ok();
        let naive = Difference {
            gone: a.iter().map(|m| m.0).filter(|uid| has(&b, *uid).is_none()).collect(),
            changed: b.iter().filter(|m| has(&a, m.0).is_some_and(|i| a[i].1 != m.1)).map(|m| m.0).collect(),
            added: b.iter().map(|m| m.0).filter(|uid| has(&a, *uid).is_none()).collect(),
        };
        assert_eq!(difference(&old.messages, &new.messages), naive);
    }
}

/// The difference of two states of an account, by looking at everything.
pub(crate) fn naive_account_difference(before: &State, after: &State) -> AccountDifference {
    let only_in = |a: &State, b: &State| {
        let mut list: Vec<_> = a.by_name().filter(|m| b.mailbox(m.id).is_none()).cloned().collect();
        list.sort_by_key(|m| m.id);
        list
    };
    let names = |a: &State, b: &State| a.subscriptions().filter(|n| !b.is_subscribed(n)).cloned().collect();
    let counts = |m: &Mailbox| {
        let has = |flag| m.messages.iter().filter(|r| m.flags.set(r.flags).system.contains(flag)).count() as u64;
        Counts {
            messages: m.messages.iter().count() as u64,
            unseen: m.messages.iter().count() as u64 - has(SystemFlags::SEEN),
            deleted: has(SystemFlags::DELETED),
            size: m.messages.iter().map(|r| u64::from(r.size)).sum(),
            uid_next: m.uid_next_shown(),
            uid_validity: m.uid_validity,
            modseq: m.modseq,
        }
    };
    let changed = |old: &Arc<Mailbox>| {
        let new = after.mailbox(old.id)?;
        let found = MailboxDifference {
            id: old.id,
            name: (old.name != new.name).then(|| Shift { before: old.name.clone(), after: new.name.clone() }),
            special_use: None,
            counts: (counts(old) != counts(new)).then(|| Shift { before: counts(old), after: counts(new) }),
        };
        assert_eq!(found.counts.is_some(), old.modseq != new.modseq);
        (found.name.is_some() || found.counts.is_some()).then_some(found)
    };
    let mut changed: Vec<_> = before.by_name().filter_map(changed).collect();
    changed.sort_by_key(|m| m.id);
    AccountDifference {
        created: only_in(after, before),
        deleted: only_in(before, after),
        changed,
        subscribed: names(after, before),
        unsubscribed: names(before, after),
    }
}

/// The sums of a state, by looking at every message.
pub(crate) fn recount(state: &State) -> Totals {
    let mut totals = Totals::default();
    for mailbox in state.by_name() {
        for record in mailbox.messages.iter() {
            let system = mailbox.flags.set(record.flags).system;
            totals.messages += 1;
            totals.size += u64::from(record.size);
            totals.unseen += u64::from(!system.contains(SystemFlags::SEEN));
            if system.contains(SystemFlags::DELETED) {
                totals.deleted += 1;
                totals.deleted_size += u64::from(record.size);
            }
        }
    }
    totals
}

/// Each email is found where looking at every message finds it.
pub(crate) fn find_emails(state: &State) {
    let all = state.by_name().flat_map(|m| m.messages.iter().map(|r| (r.email, (m.id, r.uid))));
    let mut by_email: BTreeMap<EmailId, BTreeSet<_>> = BTreeMap::new();
    for (email, place) in all {
        by_email.entry(email).or_default().insert(place);
    }
    for n in (1..state.next_email().get() + 2).step_by(1 + usize::try_from(state.next_email().get() / 50).unwrap()) {
        let email = EmailId::new(n).unwrap();
        let found: BTreeSet<_> = state.find_email(email).collect();
        assert_eq!(found, by_email.remove(&email).unwrap_or_default());
    }
}
