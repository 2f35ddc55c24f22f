//! When the disk is full or broken, and when many come at once.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use account::{Rights, plan};
use store::engine::Engine;
use store::{CommitError, Duty, Error, Options, Store};
use support::faulty::{Fault, Faulty};
use support::{NOW, append, assert_clean, commit, mail, name, octets, upload, user};

fn store(engine: &Faulty) -> Store {
    let engine = engine.clone();
    Store::with_engines(Options::default(), move |_| -> Arc<dyn Engine> { Arc::new(engine.clone()) })
}

#[test]
fn a_commit_that_fails_changes_nothing_and_the_next_one_works() {
    for (fault, full) in [(Fault::Full, true), (Fault::Lost, false)] {
        let engine = Faulty::default();
        let store = store(&engine);
        let account = user(&store, "alice");
        append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
        let before = account.state().unwrap();
        let woken = Arc::new(AtomicUsize::new(0));
        let count = woken.clone();
        let _watch = account.watch(move || _ = count.fetch_add(1, Ordering::Relaxed));
        engine.fail_next(fault);
        let failed = append(&account, "INBOX", vec![upload(&store, &mail(2))]);
        assert!(matches!(failed, Err(CommitError::Failed(error)) if matches!(error, Error::Full) == full));
        assert!(Arc::ptr_eq(&account.state().unwrap(), &before), "what was readable is");
        assert_eq!(octets(&account, "INBOX", 1).unwrap(), mail(1));
        assert_eq!(woken.load(Ordering::Relaxed), 0);
        let next = append(&account, "INBOX", vec![upload(&store, &mail(3))]).unwrap();
        assert_eq!(next.outcome, support::uids(&[2]));
        assert_eq!(octets(&account, "INBOX", 2).unwrap(), mail(3));
        assert_clean(&account);
    }
}

#[test]
fn what_became_of_a_commit_that_failed_is_settled_before_the_answer() {
    let engine = Faulty::default();
    let store = store(&engine);
    let account = user(&store, "alice");
    account.state().unwrap();
    engine.fail_next(Fault::Torn);
    let got_through = append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    assert_eq!(got_through.outcome, support::uids(&[1]));
    assert_eq!(octets(&account, "INBOX", 1).unwrap(), mail(1), "it is there, and shown");
    engine.fail_next(Fault::Unknown);
    let failed = append(&account, "INBOX", vec![upload(&store, &mail(2))]);
    assert!(matches!(failed, Err(CommitError::Failed(Error::Unsettled(_)))), "{failed:?}");
    assert_eq!(account.state().unwrap().named(&name("INBOX")).unwrap().messages.uids(), support::uids(&[1]));
    let next = append(&account, "INBOX", vec![upload(&store, &mail(3))]).unwrap();
    assert_eq!(next.outcome, support::uids(&[3]), "no UID is given twice");
    for n in 1..=3 {
        assert_eq!(octets(&account, "INBOX", n).unwrap(), mail(n as usize));
    }
    assert_clean(&account);
}

#[test]
fn an_account_that_cannot_be_made_now_is_made_later() {
    let engine = Faulty::default();
    let store = store(&engine);
    let account = user(&store, "alice");
    engine.fail_next(Fault::Full);
    assert!(matches!(account.state(), Err(Error::Full)));
    assert!(account.state().unwrap().named(&name("INBOX")).is_some());
    assert_clean(&account);
}

#[test]
fn nobody_sees_a_new_account_without_its_inbox() {
    let engine = Faulty::slow(Duration::from_millis(50));
    let store = store(&engine);
    let account = user(&store, "alice");
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| account.state().unwrap());
        while !opening.is_finished() {
            let seen = account.state_if_open();
            assert!(seen.is_none_or(|state| state.named(&name("INBOX")).is_some()), "it is being furnished");
            std::thread::yield_now();
        }
    });
}

#[test]
fn a_checkpoint_that_fails_is_written_by_the_next_sweep() {
    let engine = Faulty::default();
    let options = Options { tail: 1, ..Options::default() };
    let kept = engine.clone();
    let store = Store::with_engines(options, move |_| -> Arc<dyn Engine> { Arc::new(kept.clone()) });
    let account = user(&store, "alice");
    append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    engine.fail_next(Fault::Full);
    let swept = store.sweep(NOW);
    let [failure] = swept.failed.as_slice() else { panic!("{:?}", swept.failed) };
    assert!(matches!(failure.error, Error::Full));
    assert_eq!((failure.account, failure.duty), (Some(account.id()), Duty::Checkpoint));
    assert_eq!(store.sweep(NOW).checkpoints, 1);
    append(&account, "INBOX", vec![upload(&store, &mail(2))]).unwrap();
    engine.fail_next(Fault::Torn);
    assert_eq!(store.sweep(NOW).failed.len(), 1);
    append(&account, "INBOX", vec![upload(&store, &mail(2))]).unwrap();
    // The one that got through though it failed is in the way once: the one after that is whole.
    assert_eq!(store.sweep(NOW).checkpoints, 0);
    let swept = store.sweep(NOW);
    assert_eq!((swept.checkpoints, swept.failed.len()), (1, 0));
    let state = account.state().unwrap();
    store.close().unwrap();
    assert_eq!(*account.state().unwrap(), *state);
    assert_clean(&account);
}

#[test]
fn a_panic_in_one_duty_keeps_no_other_from_being_done() {
    let engines = [Faulty::default(), Faulty::default()];
    let kept = engines.clone();
    let options = Options { tail: 1, idle: Duration::ZERO, ..Options::default() };
    let store =
        Store::with_engines(options, move |id| -> Arc<dyn Engine> { Arc::new(kept[id.get() as usize % 2].clone()) });
    let (alice, bob) = (user(&store, "alice"), user(&store, "bob"));
    for account in [&alice, &bob] {
        append(account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    }
    let hit = &engines[alice.id().get() as usize % 2];
    hit.fail_next(Fault::Panic);
    let swept = store.sweep(NOW);
    let [failure] = swept.failed.as_slice() else { panic!("{:?}", swept.failed) };
    assert!(matches!(&failure.error, Error::Panicked(words) if words.contains("a mistake in the engine")));
    assert_eq!((failure.account, failure.duty), (Some(alice.id()), Duty::Checkpoint));
    assert_eq!(swept.checkpoints, 1, "the other account's");
    let swept = store.sweep(NOW + 5);
    assert_eq!((swept.checkpoints, swept.failed.len()), (1, 0), "the next round comes");
    // And while it is closed.
    for account in [&alice, &bob] {
        append(account, "INBOX", vec![upload(&store, &mail(2))]).unwrap();
        account.state().unwrap();
    }
    hit.fail_next(Fault::Panic);
    assert!(matches!(store.close(), Err(Error::Panicked(_))));
    assert!(bob.state_if_open().is_none(), "the others are closed all the same");
    for account in [&alice, &bob] {
        assert_eq!(octets(account, "INBOX", 2).unwrap(), mail(2));
        append(account, "INBOX", vec![upload(&store, &mail(3))]).unwrap();
        assert_clean(account);
    }
}

#[test]
fn commits_that_wait_for_each_other_share_their_writes() {
    const THREADS: usize = 24;
    const COMMITS: usize = 4;
    let engine = Faulty::slow(Duration::from_millis(5));
    let store = store(&engine);
    let account = user(&store, "alice");
    account.state().unwrap();
    let before = engine.appends.load(Ordering::Relaxed);
    let given = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (account, store) = (&account, &store);
                scope.spawn(move || {
                    let commit = |n| {
                        // Some are refused amid the others.
                        let refused = append(account, "Nowhere", vec![upload(store, b"x")]);
                        assert!(matches!(refused, Err(CommitError::Refused(_))));
                        let number = thread * COMMITS + n;
                        let committed = append(account, "INBOX", vec![upload(store, &mail(number))]).unwrap();
                        (committed.outcome.first().unwrap().get(), number)
                    };
                    (0..COMMITS).map(commit).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let appends = engine.appends.load(Ordering::Relaxed) - before;
    assert!(appends < (THREADS * COMMITS / 2) as u64, "{appends} writes");
    assert_eq!(given.iter().map(|(uid, _)| *uid).collect::<BTreeSet<_>>().len(), THREADS * COMMITS);
    for (uid, number) in given {
        assert_eq!(octets(&account, "INBOX", uid).unwrap(), mail(number));
    }
    assert_clean(&account);
}

#[test]
fn a_batch_that_fails_fails_for_all_in_it_and_for_nobody_after() {
    let engine = Faulty::slow(Duration::from_millis(20));
    let store = store(&engine);
    let account = user(&store, "alice");
    account.state().unwrap();
    engine.fail_next(Fault::Lost);
    let results: Vec<bool> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..12)
            .map(|n| {
                let account = &account;
                scope.spawn(move || {
                    commit(account, move |state| {
                        plan::create(state, (&name(&format!("Box {n}")), Rights::ALL), &[], NOW)
                    })
                    .is_ok()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let state = account.state().unwrap();
    for (n, worked) in results.iter().enumerate() {
        assert_eq!(state.named(&name(&format!("Box {n}"))).is_some(), *worked, "Box {n}");
    }
    assert!(results.contains(&false) && results.contains(&true));
    assert_clean(&account);
}

#[test]
fn the_last_uid_is_given_once() {
    let engine = Faulty::default();
    let store = store(&engine);
    let account = user(&store, "alice");
    let inbox = account.state().unwrap().named(&name("INBOX")).unwrap().id;
    let validity = imap::UidValidity::new(77).unwrap();
    let near = imap::Uid::new(u32::MAX - 2).unwrap();
    commit(&account, move |state| plan::take_numbers(state, inbox, validity, near)).unwrap();
    for n in 0..3 {
        append(&account, "INBOX", vec![upload(&store, &mail(n))]).unwrap();
    }
    let refused = append(&account, "INBOX", vec![upload(&store, &mail(4))]);
    assert!(matches!(refused, Err(CommitError::Refused(account::Refusal::OutOfNumbers))));
    store.close().unwrap();
    let state = account.state().unwrap();
    assert_eq!(
        state.named(&name("INBOX")).unwrap().messages.uids(),
        support::uids(&[u32::MAX - 2, u32::MAX - 1, u32::MAX])
    );
    assert_eq!(octets(&account, "INBOX", u32::MAX).unwrap(), mail(2));
    assert_clean(&account);
}
