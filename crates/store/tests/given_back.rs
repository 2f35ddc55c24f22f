//! What is not needed is given back: memory of accounts that nobody uses, and the room of mail that has gone.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::time::Duration;

use account::plan;
use imap::Uid;
use store::Options;
use support::{Folder, NOW, append, commit, file, mail, name, owned, pass, upload, user};

#[test]
fn a_file_gives_back_the_room_of_mail_that_has_gone() {
    let folder = Folder::new();
    let store = folder.open_with(Options { retention: Duration::ZERO, ..Options::default() });
    let account = user(&store, "alice");
    // What does not compress.
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33).to_le_bytes()[0]
    };
    for n in 0..300 {
        let mut octets = mail(n);
        octets.extend((0..100_000).map(|_| noise()));
        append(&account, "INBOX", vec![upload(&store, &octets)]).unwrap();
    }
    let size = || std::fs::metadata(file(&folder, account.id())).unwrap().len();
    store.close().unwrap();
    let full = size();
    assert!(full > 30_000_000, "{full}");
    commit(&account, |state| {
        let inbox = owned(state, &name("INBOX"));
        let all_but_one = (Uid::new(2).unwrap()..=Uid::MAX).into();
        plan::take_away(state, inbox, &all_but_one)
    })
    .unwrap();
    // The last row of the log stays, and what it names.
    append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    assert_eq!(pass(&store, Duration::from_secs(1)).1, 299);
    store.close().unwrap();
    assert!(size() < 3_000_000, "{} of {full}", size());
    support::assert_clean(&account);
}

#[test]
fn what_sessions_hold_of_a_closed_account_counts() {
    for held in [false, true] {
        let store = store::Store::memory_with(Options { memory: 4 << 20, ..Options::default() });
        let [large, small] = ["alice", "bob"].map(|name| user(&store, name));
        append(&large, "INBOX", vec![upload(&store, &mail(0))]).unwrap();
        for _ in 0..17 {
            commit(&large, |state| {
                let inbox = owned(state, &name("INBOX"));
                plan::copy(state, inbox, &(Uid::MIN..=Uid::MAX).into(), Some(inbox), NOW)
            })
            .unwrap();
        }
        let state = large.state().unwrap();
        let pin = held.then(|| large.pin_view(&state, state.named(&name("INBOX")).unwrap().id));
        store.close().unwrap();
        append(&small, "INBOX", vec![upload(&store, &mail(0))]).unwrap();
        store.sweep(NOW);
        assert_eq!(small.state_if_open().is_none(), held, "the other one's view takes all there is");
        drop(pin);
    }
}

#[test]
fn many_mailboxes_weigh_as_many_messages_do() {
    let store = store::Store::memory_with(Options { memory: 1 << 20, ..Options::default() });
    let account = user(&store, "alice");
    commit(&account, |state| {
        let mut after = state.clone();
        let mut changes = Vec::new();
        for n in 0..5_000 {
            let mut made = plan::create(&after, (&name(&format!("box {n}")), account::Rights::ALL), &[], NOW)?.changes;
            let modseq = after.next_modseq();
            let commit = account::Commit { modseq, at: NOW, actor: String::new(), changes: made.clone() };
            after.apply(&commit).unwrap();
            changes.append(&mut made);
        }
        Ok(account::Planned { changes, outcome: () })
    })
    .unwrap();
    store.sweep(NOW);
    assert!(account.state_if_open().is_none(), "it has no message, and is more than there is memory for");
}
