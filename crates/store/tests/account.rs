//! An account as its users see it: the same in memory and in a file.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use account::{Change, EmailId, Permit, Refusal, Rights, State, plan};
use imap::{MailboxName, Uid};
use store::{Account, CommitError, Error, Store};
use support::{Folder, NOW, append, assert_clean, commit, expunge, mail, name, octets, upload, user};

/// Runs a test on both engines; it is given the store and what reopens it (in memory: does nothing).
fn on_both(test: impl Fn(Store, &dyn Fn(&Store) -> Store)) {
    let folder = Folder::new();
    test(folder.open(), &|_| folder.open());
    test(Store::memory(), &|store| {
        store.close().unwrap();
        store.clone()
    });
}

#[test]
fn a_new_account_has_its_mailboxes() {
    on_both(|store, reopen| {
        let account = user(&store, "alice");
        let state = account.state().unwrap();
        let names: Vec<_> = state.by_name().map(|mailbox| mailbox.name.to_string()).collect();
        assert!(names.contains(&"INBOX".to_owned()) && names.contains(&"Trash".to_owned()), "{names:?}");
        let again = user(&reopen(&store), "ALICE").state().unwrap();
        assert_eq!(*again, *state, "nothing changes by looking again");
        assert_clean(&account);
    });
}

#[test]
fn octets_come_back_as_they_came() {
    on_both(|store, reopen| {
        let account = user(&store, "alice");
        let noise: Vec<u8> = (0..300_000u32).flat_map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes()).collect();
        let mut mails = vec![Vec::new(), b"x".to_vec(), mail(3), noise[..262_144].to_vec(), noise];
        mails.push(b"line\r\n".repeat(200_000));
        for octets in &mails {
            append(&account, "INBOX", vec![upload(&store, octets)]).unwrap();
        }
        let store = reopen(&store);
        let account = user(&store, "alice");
        for (uid, expected) in (1..).zip(&mails) {
            assert!(octets(&account, "INBOX", uid).unwrap() == *expected, "mail {uid}");
        }
        let ids: Vec<_> = (1..=mails.len() as u64).filter_map(EmailId::new).collect();
        let mut all = vec![Vec::new(); mails.len()];
        account
            .bodies(&mut ids.iter().copied(), &mut |piece| {
                let mine = &mut all[piece.email.get() as usize - 1];
                assert_eq!(piece.offset, mine.len() as u64);
                mine.extend_from_slice(piece.octets);
                assert_eq!(piece.is_last(), mine.len() as u64 == piece.size);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert!(all == mails);
        // Any part of a long one.
        let mut body = account.body(ids[4]).unwrap();
        for (offset, len) in [(0, 10), (262_140, 10), (262_144, 1), (500_000, 600_000), (9_599_990, 100), (1 << 40, 1)]
        {
            let mut part = Vec::new();
            body.read(offset, len, &mut part).unwrap();
            let whole = &mails[4];
            let (from, to) = (offset.min(whole.len() as u64), (offset + len).min(whole.len() as u64));
            assert!(part == whole[from as usize..to as usize], "{offset} {len}");
        }
        assert_clean(&account);
    });
}

#[test]
fn structures_come_in_the_order_asked_for() {
    on_both(|store, _| {
        let account = user(&store, "alice");
        for first in [0, 50] {
            let messages = (first..first + 50).map(|n| upload(&store, &mail(n))).collect();
            append(&account, "INBOX", messages).unwrap();
        }
        for order in [vec![1, 2, 3, 100], vec![5, 5, 4, 99, 1, 60, 61], (1..=100).collect(), (1..=100).rev().collect()]
        {
            let mut seen = Vec::new();
            let mut ids = order.iter().filter_map(|n| EmailId::new(*n));
            account
                .structures(&mut ids, &mut |email, structure| {
                    let stored = mime::Stored::parse(structure).unwrap();
                    assert_eq!(stored.subject(), format!("mail {}", email.get() - 1));
                    seen.push(email.get());
                    ControlFlow::Continue(())
                })
                .unwrap();
            assert_eq!(seen, order);
        }
        let mut missing = [1, 101].into_iter().filter_map(EmailId::new);
        let found = account.structures(&mut missing, &mut |_, _| ControlFlow::Continue(()));
        assert!(matches!(found, Err(Error::NoSuchEmail(id)) if id.get() == 101));
        assert!(matches!(account.body(EmailId::new(101).unwrap()), Err(Error::NoSuchEmail(_))));
    });
}

#[test]
fn a_refusal_changes_nothing() {
    on_both(|store, _| {
        let account = user(&store, "alice");
        let before = account.state().unwrap();
        let refused = append(&account, "No such mailbox", vec![upload(&store, b"x")]);
        assert!(matches!(refused, Err(CommitError::Refused(Refusal::NoSuchDestination))));
        let nothing = commit(&account, |state| plan::unsubscribe(state, &name("Nothing"))).unwrap();
        assert!(Arc::ptr_eq(&nothing.state, &before) && Arc::ptr_eq(&account.state().unwrap(), &before));
    });
}

#[test]
fn wrong_plans_harm_nobody() {
    on_both(|store, _| {
        let account = user(&store, "alice");
        let message = upload(&store, &mail(1));
        let mut news = support::new_message(&message);
        news.size += 1;
        let inbox = account.state().unwrap().named(&MailboxName::Inbox).unwrap().id;
        let committed = account.commit(&support::actor(), NOW, vec![message], move |state| {
            plan::append(state, Some(Permit::owner(inbox)), std::slice::from_ref(&news), NOW)
        });
        assert!(matches!(committed, Err(CommitError::Failed(Error::WrongPlan(_)))));
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        let panicked = commit::<()>(&account, |_| panic!("a mistake in a plan"));
        std::panic::set_hook(hook);
        assert!(matches!(panicked, Err(CommitError::Failed(Error::WrongPlan(_)))));
        append(&account, "INBOX", vec![upload(&store, &mail(2))]).unwrap();
        assert_clean(&account);
    });
}

#[test]
fn watchers_are_told_of_each_commit_until_they_leave() {
    on_both(|store, _| {
        let account = user(&store, "alice");
        account.state().unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let (counter, there) = (count.clone(), account.clone());
        let watch = account.watch(move || {
            // The state is there already, and no lock is held.
            assert!(there.state().unwrap().modseq().is_some());
            counter.fetch_add(1, Ordering::Relaxed);
        });
        append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
        append(&account, "INBOX", vec![upload(&store, &mail(2))]).unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 2);
        drop(watch);
        append(&account, "INBOX", vec![upload(&store, &mail(3))]).unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn one_session_alone_has_a_message_as_recent() {
    on_both(|store, _| {
        let account = user(&store, "alice");
        let uid = |n| Uid::new(n).unwrap();
        let inbox = account.state().unwrap().named(&MailboxName::Inbox).unwrap().id;
        assert_eq!(account.claim_recent(inbox, uid(1)), uid(1));
        for n in 0..3 {
            append(&account, "INBOX", vec![upload(&store, &mail(n))]).unwrap();
        }
        assert_eq!(account.claim_recent(inbox, uid(3)), uid(1), "1 and 2 are this one's");
        assert_eq!(account.claim_recent(inbox, uid(4)), uid(3), "3 is the next one's");
        assert_eq!(account.claim_recent(inbox, uid(4)), uid(4));
    });
}

#[test]
fn the_log_makes_the_state() {
    on_both(|store, reopen| {
        let account = user(&store, "alice");
        for n in 0..30 {
            append(&account, "INBOX", vec![upload(&store, &mail(n))]).unwrap();
            if n % 10 == 9 {
                expunge(&account, "INBOX", &[n as u32 - 3, n as u32]);
                store.close().unwrap();
            }
        }
        let log = account.log(None).unwrap();
        assert_eq!(State::replay(&log).unwrap(), *account.state().unwrap());
        assert_eq!(log[3].actor, "session 7, test");
        assert_eq!(account.log(log[5].modseq.into()).unwrap(), log[6..]);
        let again = user(&reopen(&store), "alice");
        assert_eq!(*again.state().unwrap(), *account.state().unwrap());
        assert_clean(&again);
    });
}

#[test]
fn an_account_of_format_1_is_written_so_that_its_maker_can_read_it() {
    for (folder, format) in [(Folder::of_format_1(), 1), (Folder::new(), 2)] {
        let store = folder.open();
        let account = user(&store, "alice");
        append(&account, "Archive", vec![upload(&store, &mail(1))]).unwrap();
        let email = account.state().unwrap().next_email().get() - 1;
        commit(&account, |state| plan::delete(state, (&name("Archive"), Rights::ALL))).unwrap();
        store.close().unwrap();
        assert_clean(&account);
        let log = account.log(None).unwrap();
        let deleted = log.last().unwrap().changes[0].clone();
        let emails: Vec<EmailId> = EmailId::new(email).into_iter().collect();
        assert!(matches!(deleted, Change::MailboxDeleted { emails: found, .. } if found == emails));
        let file = folder.path().join(format!("accounts/{:02x}/{}.sqlite", account.id().get(), account.id()));
        let connection = rusqlite::Connection::open(file).unwrap();
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(number("PRAGMA user_version"), format);
        let other = format!("<> x'0{format}'");
        assert_eq!(number(&format!("SELECT count(*) FROM log WHERE substr(changes, 1, 1) {other}")), 0);
        assert_eq!(number(&format!("SELECT count(*) FROM checkpoint WHERE substr(data, 1, 1) {other}")), 0);
        assert!(number("SELECT count(*) FROM checkpoint") > 1);
        assert_eq!(number("SELECT count(gone) FROM log"), i64::from(format == 1));
    }
}

#[test]
fn ids_are_an_accounts_own_and_stay() {
    let folder = Folder::new();
    let store = folder.open();
    let (alice, bob) = (user(&store, "alice"), user(&store, "bob"));
    let inbox = |account: &Account| {
        let state = account.state().unwrap();
        state.ids().mailbox(state.named(&name("INBOX")).unwrap().id).to_string()
    };
    let (a, b) = (inbox(&alice), inbox(&bob));
    assert!(a != b && a.ends_with("-1") && b.ends_with("-1"), "{a} {b}");
    assert_eq!(alice.log(None).unwrap().first().unwrap().changes.iter().filter(|change| is_origin(change)).count(), 1);
    store.close().unwrap();
    assert_eq!((inbox(&alice), inbox(&bob)), (a, b));
    // An account of format 1 has nowhere to keep an origin, and does without in memory, too.
    let folder = Folder::of_format_1();
    let old = user(&folder.open(), "alice");
    assert_eq!(inbox(&old), "M1");
    assert!(!old.log(None).unwrap().iter().flat_map(|commit| &commit.changes).any(is_origin));
}

fn is_origin(change: &Change) -> bool {
    matches!(change, Change::OriginGiven { .. })
}
