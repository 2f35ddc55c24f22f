//! What an account may hold, at the limit and one above.

#![allow(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

use account::plan::{self, NewMessage, Planned};
use account::{Commit, Flags, Limits, Permit, Refusal, Rights, State, limits};
use imap::{InternalDate, MailboxName, UidSet};

fn apply<T>(state: &mut State, planned: Planned<T>) -> T {
    let commit = Commit { modseq: state.next_modseq(), at: 0, actor: "test".to_owned(), changes: planned.changes };
    state.apply(&commit).unwrap();
    planned.outcome
}

fn messages(count: usize) -> Vec<NewMessage> {
    let message = NewMessage {
        uid: None,
        size: 1,
        internal_date: InternalDate::new(0, 0),
        flags: Flags::default(),
        foreign: None,
    };
    vec![message; count]
}

#[test]
fn an_account_has_so_many_messages_and_no_more() {
    let mut state = State::default();
    let made = plan::create(&state, (&MailboxName::new("Box").unwrap(), Rights::ALL), &[], 1).unwrap();
    apply(&mut state, made);
    let id = state.by_name().next().unwrap().id;
    let permit = Permit { limits: Limits { work: u64::MAX, ..Limits::default() }, ..Permit::owner(id) };
    let most = permit.limits.messages;
    let mut have = 1_000;
    let first = plan::append(&state, Some(permit), &messages(have), 0).unwrap();
    apply(&mut state, first);
    while 2 * have as u64 <= most {
        let there: UidSet = state.mailbox(id).unwrap().messages.iter().map(|record| record.uid).collect();
        let doubled = plan::copy(&state, permit, &there, Some(permit), 0).unwrap();
        apply(&mut state, doubled);
        have *= 2;
    }
    let there: UidSet = state.mailbox(id).unwrap().messages.iter().map(|record| record.uid).collect();
    assert_eq!(plan::copy(&state, permit, &there, Some(permit), 0).unwrap_err(), Refusal::AccountFull);
    assert!(plan::move_messages(&state, permit, &there, Some(permit), 0).is_ok(), "it adds nothing");
    let room = usize::try_from(most).unwrap() - have;
    assert_eq!(plan::append(&state, Some(permit), &messages(room + 1), 0).unwrap_err(), Refusal::AccountFull);
    assert!(plan::append(&state, Some(permit), &messages(room), 0).is_ok());
}

#[test]
fn a_copy_is_of_so_many_messages_and_no_more() {
    let mut state = State::default();
    let made = plan::create(&state, (&MailboxName::new("Box").unwrap(), Rights::ALL), &[], 1).unwrap();
    let id = apply(&mut state, made);
    let limits = Limits { work: 1_000 * limits::COPIED, ..Limits::default() };
    let permit = Permit { limits, ..Permit::owner(id) };
    let added = plan::append(&state, Some(permit), &messages(1_001), 0).unwrap();
    apply(&mut state, added);
    let there: UidSet = state.mailbox(id).unwrap().messages.uids();
    let most: UidSet = there.iter().take(1_000).collect();
    for act in [plan::copy, plan::move_messages] {
        assert_eq!(act(&state, permit, &there, Some(permit), 0).unwrap_err(), Refusal::TooManyMessages);
        assert_eq!(act(&state, permit, &most, Some(permit), 0).unwrap().outcome.to.len(), 1_000);
    }
    // Flags are stored into any number.
    let flags = Flags::new(account::SystemFlags::SEEN, Vec::new());
    let stored = plan::store(&state, permit, &there, (imap::StoreMode::Add, &flags), plan::Condition::Always);
    assert_eq!(stored.unwrap().outcome.changed, there);
}
