//! Random lives of accounts: the same in memory and in a file, through openings, sweeps and other processes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::time::Duration;

use account::{Flags, Permit, Planned, Refusal, Rights, State, SystemFlags, plan};
use imap::{MailboxName, StoreMode, UidSet};
use proptest::prelude::*;
use store::{Account, CommitError, Options, Store};
use support::{Folder, NOW, assert_clean, mail, name, octets, upload, user};

#[derive(Clone, Debug)]
enum Step {
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

fn step() -> impl Strategy<Value = Step> {
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
    match account.commit(&support::actor(), at, emails, plan) {
        Ok(_) => true,
        Err(CommitError::Refused(_)) => false,
        Err(error) => panic!("{error}"),
    }
}

fn uids(list: &[u32]) -> UidSet {
    support::uids(list)
}

fn run(store: &Store, step: &Step, at: i64) -> bool {
    let account = user(store, "alice");
    let permit = |state: &State, which: usize| {
        state.named(&named(which)).map(|mailbox| Permit::owner(mailbox.id)).ok_or(Refusal::NoSuchMailbox)
    };
    match step.clone() {
        Step::Append(to, mails) => {
            let messages: Vec<_> = mails.iter().map(|n| upload(store, &mail(*n))).collect();
            let news: Vec<_> = messages.iter().map(support::new_message).collect();
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
fn assert_whole(store: &Store) {
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

/// A few lives; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() { default } else { ProptestConfig { cases: 64, ..default } }
}

proptest! {
    #![proptest_config(config())]

    /// Steps go to one of two processes on a file in turn, and to one in memory: all see the same.
    #[test]
    fn lives_are_the_same_everywhere(
        steps in proptest::collection::vec((step(), any::<bool>()), 1..60),
        keep in any::<bool>(),
    ) {
        // Either all of the log is kept, or nothing for longer than the sweep after next.
        let retention = if keep { Duration::from_secs(1 << 30) } else { Duration::from_secs(1) };
        // The same origin in both, so that their states are the same.
        let options = Options { retention, tail: 5, random: || Ok(7), ..Options::default() };
        let folder = Folder::new();
        let files = [folder.open_with(options.clone()), folder.open_with(options.clone())];
        let memory = Store::memory_with(options);
        for (n, (step, other)) in (0..).zip(&steps) {
            let at = NOW + n * 4000;
            let ours = run(&files[usize::from(*other)], step, at);
            prop_assert_eq!(ours, run(&memory, step, at), "step {}", n);
        }
        let expected = user(&memory, "alice").state().unwrap();
        for store in files.iter().chain([&memory, &folder.open()]) {
            let account = user(store, "alice");
            account.poll().unwrap();
            prop_assert_eq!(&*account.state().unwrap(), &*expected);
            if keep {
                prop_assert_eq!(&State::replay(&account.log(None).unwrap()).unwrap(), &*expected);
            }
            assert_whole(store);
        }
    }
}
