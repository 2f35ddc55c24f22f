//! What a state takes, and that it weighs about that. Alone in its file: it counts for the whole process.

#![allow(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

use std::alloc::System;

use account::codec::{self, Format};
use account::plan::{self, NewMessage, Planned};
use account::{Chunk, Commit, Flags, Messages, Permit, Rights, State, SystemFlags};
use imap::{InternalDate, Keyword, MailboxName, StoreMode, Uid, UidSet};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The octets that are allocated now.
fn allocated() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

fn apply<T>(state: &mut State, planned: Planned<T>) -> T {
    let commit = Commit { modseq: state.next_modseq(), at: 0, actor: String::new(), changes: planned.changes };
    state.apply(&commit).unwrap();
    planned.outcome
}

fn create(state: &mut State, name: &str) -> Permit {
    let made = plan::create(state, (&MailboxName::new(name).unwrap(), Rights::ALL), &[], 1).unwrap();
    Permit::owner(apply(state, made))
}

fn fill(state: &mut State, to: Permit, messages: usize) {
    let date = InternalDate::new(0, 0);
    let one = NewMessage { uid: None, size: 1, internal_date: date, flags: Flags::default(), foreign: None };
    let added = plan::append(state, Some(to), &vec![one; messages], 0).unwrap();
    apply(state, added);
}

/// Makes a state, and compares what it weighs with what it has allocated.
fn weigh(what: &str, most: usize, make: impl Fn() -> State) {
    let before = allocated();
    let state = make();
    let (took, weight) = (allocated() - before, state.weight());
    eprintln!("{what}: weighs {weight}, took {took}");
    assert!(took < most, "{what}: {took} octets");
    // Allocators round up, too, and what is in maps is in no order.
    assert!(weight * 4 > took * 3 && weight < took * 2, "{what}: weighs {weight}, took {took} octets");
}

/// What a checkpoint gives back of a state.
fn read_back(state: &State) -> State {
    let mut parts = state.to_parts();
    for mailbox in &mut parts.mailboxes {
        let chunks = mailbox.messages.chunks().iter();
        let chunks = chunks.map(|c| Chunk::unpack(c.base(), c.pack(Format::Two).into()).unwrap().into()).collect();
        let bytes = codec::write_mailbox(Format::Two, mailbox);
        *mailbox = codec::read_mailbox(&bytes, Messages::from_chunks(chunks)).unwrap().into();
    }
    State::from_parts(parts)
}

#[test]
fn a_state_weighs_about_what_it_takes() {
    let many = |count: usize| {
        let mut state = State::default();
        for n in 0..count {
            create(&mut state, &format!("mailbox {n}"));
        }
        state
    };
    weigh("99,000 empty mailboxes", 73_000_000, || many(99_000));
    weigh("99,000 empty mailboxes, read", 73_000_000, || read_back(&many(99_000)));
    weigh("300,000 messages", 45_000_000, || {
        let mut state = State::default();
        let inbox = create(&mut state, "Box");
        fill(&mut state, inbox, 300_000);
        state
    });
    weigh("many keywords", 60_000_000, || {
        let mut state = State::default();
        for n in 0..40 {
            let inbox = create(&mut state, &format!("Box {n}"));
            fill(&mut state, inbox, 1);
            let keywords = (0..5_000).map(|k| Keyword::new(&format!("{n}-{k:-<60}")).unwrap()).collect();
            let flags = Flags::new(SystemFlags::SEEN, keywords);
            let uids = UidSet::from(Uid::MIN);
            let always = plan::Condition::Always;
            let stored = plan::store(&state, inbox, &uids, (StoreMode::Add, &flags), always).unwrap();
            apply(&mut state, stored);
        }
        state
    });
    weigh("what has vanished", 30_000_000, || {
        let mut state = State::default();
        let inbox = create(&mut state, "Box");
        fill(&mut state, inbox, 1_000_000);
        let odd: UidSet = (1..=1_000_000).step_by(2).filter_map(Uid::new).collect();
        let gone = plan::take_away(&state, inbox, &odd).unwrap();
        apply(&mut state, gone);
        let gone = plan::take_away(&state, inbox, &(Uid::MIN..=Uid::MAX).into()).unwrap();
        apply(&mut state, gone);
        state
    });
}
