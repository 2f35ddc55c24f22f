//! Steps in random lives of accounts.

use account::{Flags, Permit, Planned, Refusal, Rights, State, SystemFlags, plan};
use imap::{MailboxName, StoreMode, UidSet};
use proptest::prelude::*;
use store::{Account, CommitError, Store};

use super::{assert_clean, mail, name, octets, upload, user};

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Append(usize, Vec<usize>),
    Flags(usize, Vec<u32>, StoreMode, u8),
    Expunge(usize),
    Copy(usize, Vec<u32>, usize),
    Move(usize, Vec<u32>, usize),
    Create(usize),
    Delete(usize),
    Rename(usize, usize),
    Sweep,
    Close,
    Poll,
}

const NAMES: [&str; 6] = ["INBOX", "Archive", "One", "Two", "Two/Three", "One/Four"];

fn mailbox() -> impl Strategy<Value = usize> {
    0..NAMES.len()
}

fn set() -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(1..12u32, 1..6)
}

fn mode() -> impl Strategy<Value = StoreMode> {
    prop_oneof![Just(StoreMode::Add), Just(StoreMode::Remove), Just(StoreMode::Replace)]
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (mailbox(), proptest::collection::vec(0..50usize, 1..4)).prop_map(|(m, n)| Step::Append(m, n)),
        3 => (mailbox(), set(), mode(), 0..32u8).prop_map(|(m, s, mode, f)| Step::Flags(m, s, mode, f)),
        2 => mailbox().prop_map(Step::Expunge),
        2 => (mailbox(), set(), mailbox()).prop_map(|(a, s, b)| Step::Copy(a, s, b)),
        2 => (mailbox(), set(), mailbox()).prop_map(|(a, s, b)| Step::Move(a, s, b)),
        1 => mailbox().prop_map(Step::Create),
        1 => mailbox().prop_map(Step::Delete),
        1 => (mailbox(), mailbox()).prop_map(|(a, b)| Step::Rename(a, b)),
        1 => Just(Step::Sweep),
        1 => Just(Step::Close),
        1 => Just(Step::Poll),
    ]
}

fn named(which: usize) -> MailboxName {
    name(NAMES[which])
}

/// Commits; a refusal is as good as anything, as long as it is the same everywhere.
fn commit<T>(
    account: &Account,
    at: i64,
    emails: Vec<store::Message>,
    mut plan: impl FnMut(&State) -> Result<Planned<T>, Refusal> + Send + 'static,
) -> bool {
    let plan = move |state: &State| plan(state).map(|planned| Planned { changes: planned.changes, outcome: () });
    match account.commit(&super::actor(), at, emails, plan) {
        Ok(_) => true,
        Err(CommitError::Refused(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

fn uids(list: &[u32]) -> UidSet {
    super::uids(list)
}

pub(crate) fn run(store: &Store, step: &Step, at: i64) -> bool {
    let account = user(store, "alice");
    let permit = |state: &State, which: usize| {
        state.named(&named(which)).map(|mailbox| Permit::owner(mailbox.id)).ok_or(Refusal::NoSuchMailbox)
    };
    match step.clone() {
        Step::Append(to, mails) => {
            let messages: Vec<_> = mails.iter().map(|n| upload(store, &mail(*n))).collect();
            let news: Vec<_> = messages.iter().map(super::new_message).collect();
            commit(&account, at, messages, move |state| plan::append(state, permit(state, to).ok(), &news, at))
        }
        Step::Flags(of, set, mode, bits) => {
            let keywords = ["$Junk", "work"].iter().take(usize::from(bits % 3));
            let keywords = keywords.map(|keyword| imap::Keyword::new(keyword).unwrap()).collect();
            let flags = Flags::new(SystemFlags::from_bits(bits), keywords);
            commit(&account, at, Vec::new(), move |state| {
                plan::store(state, permit(state, of)?, &uids(&set), (mode, &flags), plan::Condition::Always)
            })
        }
        Step::Expunge(of) => {
            commit(&account, at, Vec::new(), move |state| plan::expunge(state, permit(state, of)?, None))
        }
        Step::Copy(from, set, to) => commit(&account, at, Vec::new(), move |state| {
            plan::copy(state, permit(state, from)?, &uids(&set), permit(state, to).ok(), at)
        }),
        Step::Move(from, set, to) => commit(&account, at, Vec::new(), move |state| {
            plan::move_messages(state, permit(state, from)?, &uids(&set), permit(state, to).ok(), at)
        }),
        Step::Create(which) => {
            commit(&account, at, Vec::new(), move |state| plan::create(state, (&named(which), Rights::ALL), &[], at))
        }
        Step::Delete(which) => {
            commit(&account, at, Vec::new(), move |state| plan::delete(state, (&named(which), Rights::ALL)))
        }
        Step::Rename(from, to) => commit(&account, at, Vec::new(), move |state| {
            plan::rename(state, (&named(from), Rights::ALL), (&named(to), Rights::ALL), at)
        }),
        Step::Sweep => {
            let swept = store.sweep(at);
            assert!(swept.failed.is_empty(), "{:?}", swept.failed);
            true
        }
        Step::Close => {
            store.close().unwrap();
            true
        }
        Step::Poll => {
            account.poll().unwrap();
            true
        }
    }
}

/// All octets of all messages can be read, and the account is sound.
pub(crate) fn assert_whole(store: &Store) {
    let account = user(store, "alice");
    let state = account.state().unwrap();
    for mailbox in state.by_name() {
        for record in mailbox.messages.iter() {
            let octets = octets(&account, mailbox.name.as_str(), record.uid.get()).unwrap();
            assert_eq!(octets.len(), record.size as usize);
        }
    }
    assert_clean(&account);
}
