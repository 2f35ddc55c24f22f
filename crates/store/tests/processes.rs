//! Two processes on one folder: here two stores, which share nothing but the files.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use account::{Rights, State, plan};
use store::{CommitError, Error, Options, Store};
use support::mortal::Mortal;
use support::{Folder, NOW, append, assert_clean, commit, expunge, mail, name, octets, upload, user};

#[test]
fn commits_of_two_processes_at_once_are_all_there_once() {
    const THREADS: usize = 3;
    const COMMITS: usize = 25;
    let folder = Folder::new();
    let stores = [folder.open(), folder.open()];
    user(&stores[0], "alice").state().unwrap();
    let given = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2 * THREADS)
            .map(|thread| {
                let store = &stores[thread % 2];
                scope.spawn(move || {
                    let account = user(store, "alice");
                    let commit = |n| {
                        let message = upload(store, &mail(1000 * thread + n));
                        let committed = append(&account, "INBOX", vec![message]).unwrap();
                        let uid = committed.outcome.first().unwrap();
                        let inbox = committed.state.named(&name("INBOX")).unwrap();
                        assert_eq!(inbox.messages.last().unwrap().uid, uid, "the state is the one right after");
                        (uid.get(), 1000 * thread + n)
                    };
                    (0..COMMITS).map(commit).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let distinct: BTreeSet<u32> = given.iter().map(|(uid, _)| *uid).collect();
    assert_eq!(distinct.len(), 2 * THREADS * COMMITS);
    assert_eq!(distinct.last().copied(), Some(distinct.len() as u32), "no UID is left out either");
    for store in stores.iter().chain([&folder.open()]) {
        let account = user(store, "alice");
        account.poll().unwrap();
        for (uid, number) in &given {
            assert_eq!(octets(&account, "INBOX", *uid).unwrap(), mail(*number));
        }
        assert_eq!(State::replay(&account.log(None).unwrap()).unwrap(), *account.state().unwrap());
        assert_clean(&account);
    }
}

#[test]
fn two_processes_may_make_an_account_at_once() {
    let folder = Folder::new();
    let id = user(&folder.open(), "alice").id();
    let stores: Vec<Store> = (0..4).map(|_| folder.open()).collect();
    let states: Vec<Arc<State>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            stores.iter().map(|store| scope.spawn(|| store.account(id).unwrap().state().unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(states.iter().all(|state| **state == *states[0]));
}

/// Two processes find an account new. What the other one made is lost before this one goes on: that is not made anew.
#[test]
fn an_account_that_another_process_made_and_lost_meanwhile_is_not_made_anew() {
    let folder = Folder::new();
    let theirs = folder.open();
    let id = theirs.directory().add("alice", None, NOW).unwrap();
    let file = support::file(&folder, id);
    let lost = file.clone();
    let act = move || {
        append(&theirs.account(id).unwrap(), "INBOX", vec![upload(&theirs, &mail(1))]).unwrap();
        theirs.close().unwrap();
        std::fs::remove_file(&lost).unwrap();
    };
    let ours = Store::with_backend(Options::default(), Arc::new(Mortal::outrun(folder.path(), act))).unwrap();
    let account = ours.account(id).unwrap();
    for _ in 0..2 {
        assert!(matches!(account.state(), Err(Error::Missing { .. })));
        assert!(append(&account, "INBOX", vec![upload(&ours, &mail(2))]).is_err());
    }
}

/// The same, and the other one has only been faster: what it made is there.
#[test]
fn an_account_that_another_process_made_meanwhile_is_what_that_made() {
    let folder = Folder::new();
    let theirs = folder.open();
    let id = theirs.directory().add("alice", None, NOW).unwrap();
    let act = move || _ = append(&theirs.account(id).unwrap(), "INBOX", vec![upload(&theirs, &mail(1))]).unwrap();
    let ours = Store::with_backend(Options::default(), Arc::new(Mortal::outrun(folder.path(), act))).unwrap();
    let account = ours.account(id).unwrap();
    assert_eq!(octets(&account, "INBOX", 1).unwrap(), mail(1));
    assert_clean(&account);
}

/// The same, and it is removed before this one goes on: neither it nor its file comes back.
#[test]
fn an_account_that_is_removed_while_it_is_made_does_not_come_back() {
    let folder = Folder::new();
    let theirs = folder.open();
    let id = theirs.directory().add("alice", None, NOW).unwrap();
    let act = move || theirs.remove(id).unwrap();
    let ours = Store::with_backend(Options::default(), Arc::new(Mortal::outrun(folder.path(), act))).unwrap();
    let account = ours.account(id).unwrap();
    let appended = append(&account, "INBOX", vec![upload(&ours, &mail(1))]);
    assert!(matches!(appended, Err(CommitError::Failed(Error::NoSuchAccount))), "{appended:?}");
    assert!(matches!(account.state(), Err(Error::NoSuchAccount)));
    assert!(!support::file(&folder, id).exists());
}

#[test]
fn a_poll_sees_what_another_process_did_and_wakes() {
    let folder = Folder::new();
    let (ours, theirs) = (folder.open(), folder.open());
    let account = user(&ours, "alice");
    let other = user(&theirs, "alice");
    let before = account.state().unwrap();
    let woken = Arc::new(AtomicUsize::new(0));
    let count = woken.clone();
    let _watch = account.watch(move || _ = count.fetch_add(1, Ordering::Relaxed));
    account.poll().unwrap();
    assert_eq!(woken.load(Ordering::Relaxed), 0, "nothing has happened");
    append(&other, "INBOX", vec![upload(&theirs, &mail(1))]).unwrap();
    assert!(Arc::ptr_eq(&account.state().unwrap(), &before));
    assert_eq!(ours.changed(), [account.id()]);
    account.poll().unwrap();
    assert_eq!(woken.load(Ordering::Relaxed), 1);
    assert_eq!(octets(&account, "INBOX", 1).unwrap(), mail(1));
    // The same while no file is open here. What was closed just now is looked at once more.
    ours.close().unwrap();
    std::thread::sleep(Duration::from_millis(150));
    account.poll().unwrap();
    assert_eq!(woken.load(Ordering::Relaxed), 1);
    append(&other, "INBOX", vec![upload(&theirs, &mail(2))]).unwrap();
    account.poll().unwrap();
    assert_eq!(woken.load(Ordering::Relaxed), 2);
    assert_eq!(octets(&account, "INBOX", 2).unwrap(), mail(2));
}

#[test]
fn a_wake_is_not_lost_when_the_account_closes_in_between_and_does_not_open_it() {
    let folder = Folder::new();
    let (ours, theirs) = (folder.open(), folder.open());
    let (account, other) = (user(&ours, "alice"), user(&theirs, "alice"));
    account.state().unwrap();
    other.state().unwrap();
    let woken = Arc::new(AtomicUsize::new(0));
    let count = woken.clone();
    let watch = account.watch(move || _ = count.fetch_add(1, Ordering::Relaxed));
    // Long enough ago that the files look the same before and after we close.
    let theirs_before_we_close = [
        Box::new(|| append(&other, "INBOX", vec![upload(&theirs, &mail(1))]).map(drop)) as Box<dyn Fn() -> _>,
        Box::new(|| commit(&other, |state| plan::subscribe(state, &name("News"))).map(drop)),
        Box::new(|| commit(&other, |state| plan::create(state, (&name("News"), Rights::ALL), &[], NOW)).map(drop)),
    ];
    for (round, change) in theirs_before_we_close.iter().enumerate() {
        change().unwrap();
        std::thread::sleep(Duration::from_millis(150));
        ours.close().unwrap();
        assert_eq!(woken.load(Ordering::Relaxed), round, "nobody has looked yet");
        account.poll().unwrap();
        assert_eq!(woken.load(Ordering::Relaxed), round + 1);
        account.poll().unwrap();
        assert!(account.state_if_open().is_none(), "looking whether something came opens nothing");
        assert_eq!(woken.load(Ordering::Relaxed), round + 1, "told once");
        assert_eq!(account.state().unwrap(), other.state().unwrap());
    }
    // What is open is looked at though nobody watches: who has just logged in sees what there is.
    drop(watch);
    commit(&other, |state| plan::unsubscribe(state, &name("News"))).unwrap();
    account.poll().unwrap();
    assert_eq!(account.state().unwrap(), other.state().unwrap());
}

#[test]
fn checkpoints_and_expired_rows_of_another_process_do_no_harm() {
    let folder = Folder::new();
    let at_once = Options { retention: Duration::ZERO, tail: 1, ..Options::default() };
    let (ours, theirs) = (folder.open_with(at_once.clone()), folder.open_with(at_once));
    let (account, other) = (user(&ours, "alice"), user(&theirs, "alice"));
    let mut later = NOW;
    for round in 0..6 {
        // Both write checkpoints over each other's, and remove the rows that the other has not seen yet.
        for (store, account) in [(&ours, &account), (&theirs, &other)] {
            for n in 0..5 {
                append(account, "INBOX", vec![upload(store, &mail(n))]).unwrap();
            }
            let last = account.state().unwrap().named(&name("INBOX")).unwrap().messages.len() as u32;
            expunge(account, "INBOX", &[last]);
            later += 7200;
            let swept = store.sweep(later);
            assert!(swept.failed.is_empty(), "round {round}: {:?}", swept.failed);
        }
    }
    account.poll().unwrap();
    other.poll().unwrap();
    assert_eq!(*account.state().unwrap(), *other.state().unwrap());
    assert!(account.log(None).unwrap().len() < 20, "rows have gone");
    let fresh = folder.open();
    assert_eq!(*user(&fresh, "alice").state().unwrap(), *account.state().unwrap());
    assert_clean(&user(&fresh, "alice"));
}

#[test]
fn an_account_that_another_process_removed_is_gone() {
    let folder = Folder::new();
    let (ours, theirs) = (folder.open(), folder.open());
    let account = user(&ours, "alice");
    append(&account, "INBOX", vec![upload(&ours, &mail(1))]).unwrap();
    let version = ours.directory().refresh().unwrap();
    theirs.remove(account.id()).unwrap();
    assert!(ours.directory().refresh().unwrap() > version);
    let swept = ours.sweep(NOW);
    assert_eq!((swept.removed, swept.failed.len()), (1, 0));
    assert!(matches!(account.state(), Err(Error::NoSuchAccount)));
    assert!(matches!(account.body(account::EmailId::FIRST), Err(Error::NoSuchAccount)));
    assert!(matches!(ours.account(account.id()), Err(Error::NoSuchAccount)));
    assert!(append(&account, "INBOX", vec![upload(&ours, &mail(2))]).is_err());
    // The next one of that name is another one, in all its parts.
    let again = user(&ours, "alice");
    assert_ne!(again.id(), account.id());
    assert!(again.state().unwrap().named(&name("INBOX")).unwrap().messages.is_empty());
}

/// A server has the account open, and has not heard of its removal: there is nothing left to be done for it.
#[test]
fn a_sweep_of_an_account_that_another_process_removed_is_no_failure() {
    let folder = Folder::new();
    let (ours, theirs) = (folder.open_with(Options { tail: 1, ..Options::default() }), folder.open());
    let account = user(&ours, "alice");
    append(&account, "INBOX", vec![upload(&ours, &mail(1))]).unwrap();
    theirs.remove(account.id()).unwrap();
    ours.close().unwrap();
    let (account, directory) = (user(&ours, "bob"), ours.directory());
    append(&account, "INBOX", vec![upload(&ours, &mail(2))]).unwrap();
    // The sweep has looked at the directory when it is removed.
    assert!(ours.sweep(NOW).failed.is_empty());
    append(&account, "INBOX", vec![upload(&ours, &mail(3))]).unwrap();
    directory.remove(account.id()).unwrap();
    std::fs::remove_file(support::file(&folder, account.id())).unwrap();
    let swept = ours.sweep(NOW + 1);
    assert!(swept.failed.is_empty() && swept.damaged.is_empty(), "{swept:?}");
}

/// What keeps a file from being removed may pass.
#[test]
fn an_account_that_cannot_be_removed_is_tried_again() {
    let folder = Folder::new();
    let store = folder.open();
    let account = user(&store, "alice");
    account.state().unwrap();
    store.close().unwrap();
    // In its place is what cannot be removed as a file.
    let file = support::file(&folder, account.id());
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert!(store.remove(account.id()).is_err());
    assert_eq!(store.sweep(NOW).failed.len(), 1);
    assert_eq!(store.sweep(NOW + 1).failed.len(), 1, "the next sweep tries again");
    std::fs::remove_dir(&file).unwrap();
    assert_eq!(store.sweep(NOW + 2).failed.len(), 0);
    assert_eq!(store.directory().removed().unwrap(), []);
}

#[test]
fn removed_accounts_never_give_their_ids_or_mail_to_others() {
    let folder = Folder::new();
    let store = folder.open();
    let mut ids = BTreeSet::new();
    for round in 0..20 {
        let account = user(&store, "somebody");
        assert!(ids.insert(account.id()), "an id came twice");
        assert!(account.state().unwrap().named(&name("INBOX")).unwrap().messages.is_empty());
        append(&account, "INBOX", vec![upload(&store, &mail(round))]).unwrap();
        assert_eq!(octets(&account, "INBOX", 1).unwrap(), mail(round));
        // Removed half-way: the directory has let go, the files are there until the next start.
        if round % 3 == 0 {
            store.directory().remove(account.id()).unwrap();
            drop(folder.open());
        } else {
            store.remove(account.id()).unwrap();
        }
    }
    let left = std::fs::read_dir(folder.path().join("accounts")).unwrap();
    let files = left.flat_map(|entry| std::fs::read_dir(entry.unwrap().path()).unwrap());
    assert_eq!(files.count(), 0);
}

#[test]
fn a_writer_does_not_wait_for_a_reader_nor_a_reader_for_a_writer() {
    let folder = Folder::new();
    let store = folder.open();
    let account = user(&store, "alice");
    append(&account, "INBOX", (0..20).map(|n| upload(&store, &mail(n))).collect()).unwrap();
    let ids: Vec<_> = (1..=20).filter_map(account::EmailId::new).collect();
    let mut committed = 0;
    account
        .structures(&mut ids.iter().copied(), &mut |_, _| {
            commit(&account, move |state| plan::subscribe(state, &name(&format!("Sub {committed}")))).unwrap();
            account.structure(ids[3]).unwrap();
            committed += 1;
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(committed, 20);
}
