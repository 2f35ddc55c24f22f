//! What is kept, for how long, and what goes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use account::{Permit, Rights, plan};
use imap::Uid;
use store::{Error, Options, Store};
use support::{
    Folder, NOW, append, assert_clean, commit, days, expunge, forget_count, mail, name, octets, pass, uids, upload,
    user,
};

const HOUR: Duration = Duration::from_hours(1);

fn keeping(retention: Duration) -> Options {
    Options { retention, ..Options::default() }
}

fn on_each(retention: Duration, test: impl Fn(Store)) {
    for folder in [Folder::new(), Folder::of_format_1()] {
        test(folder.open_with(keeping(retention)));
    }
    test(Store::memory_with(keeping(retention)));
}

#[test]
fn expunged_mail_stays_for_the_retention_and_then_goes() {
    on_each(Duration::from_hours(30 * 24), |store| {
        let account = user(&store, "alice");
        append(&account, "INBOX", (0..4).map(|n| upload(&store, &mail(n))).collect()).unwrap();
        let emails: Vec<_> = account.state().unwrap().named(&name("INBOX")).unwrap().messages.iter().copied().collect();
        expunge(&account, "INBOX", &[2, 3]);
        append(&account, "INBOX", vec![upload(&store, &mail(9))]).unwrap();
        assert_eq!(pass(&store, days(29)), (0, 0));
        assert!(account.body(emails[1].email).is_ok());
        assert_clean(&account);
        // The last row stays, as always.
        assert_eq!(pass(&store, days(3)), (4, 2));
        assert!(matches!(account.body(emails[1].email), Err(Error::NoSuchEmail(_))));
        assert!(matches!(account.structure(emails[2].email), Err(Error::NoSuchEmail(_))));
        assert_eq!(octets(&account, "INBOX", 1).unwrap(), mail(0));
        assert_eq!(octets(&account, "INBOX", 4).unwrap(), mail(3));
        let state = account.state().unwrap();
        assert_eq!(state.named(&name("INBOX")).unwrap().vanished.since(None), uids(&[2, 3]), "QRESYNC still knows");
        assert_clean(&account);
        store.close().unwrap();
        assert!(account.state().unwrap().agrees_with(&state));
        assert_clean(&account);
    });
}

#[test]
fn what_a_copy_names_stays() {
    on_each(Duration::ZERO, |store| {
        let account = user(&store, "alice");
        append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
        commit(&account, |state| {
            let id = |mailbox| state.named(&name(mailbox)).map(|mailbox| Permit::owner(mailbox.id));
            plan::copy(state, id("INBOX").unwrap(), &uids(&[1]), id("Archive"), NOW)
        })
        .unwrap();
        expunge(&account, "INBOX", &[1]);
        commit(&account, |state| plan::subscribe(state, &name("One more row"))).unwrap();
        assert_eq!(pass(&store, HOUR), (5, 0));
        assert_eq!(octets(&account, "Archive", 1).unwrap(), mail(1));
        expunge(&account, "Archive", &[1]);
        commit(&account, |state| plan::subscribe(state, &name("Another row"))).unwrap();
        assert_eq!(pass(&store, HOUR).1, 1);
        assert_clean(&account);
    });
}

#[test]
fn the_mail_of_a_deleted_mailbox_stays_for_the_retention_too() {
    on_each(Duration::from_hours(10 * 24), |store| {
        let account = user(&store, "alice");
        commit(&account, |state| plan::create(state, (&name("Old"), Rights::ALL), &[], NOW)).unwrap();
        append(&account, "Old", (0..3).map(|n| upload(&store, &mail(n))).collect()).unwrap();
        let email = account.state().unwrap().named(&name("Old")).unwrap().messages.last().unwrap().email;
        assert_eq!(pass(&store, days(9)), (0, 0));
        commit(&account, |state| plan::delete(state, (&name("Old"), Rights::ALL))).unwrap();
        // The rows that made and brought them go, the one that took them away is kept.
        assert_eq!(pass(&store, days(3)), (3, 0));
        assert!(account.body(email).is_ok());
        assert_clean(&account);
        commit(&account, |state| plan::subscribe(state, &name("A row"))).unwrap();
        assert_eq!(pass(&store, days(9)), (1, 3));
        assert!(matches!(account.body(email), Err(Error::NoSuchEmail(_))));
        assert_clean(&account);
    });
}

#[test]
fn what_a_session_looks_at_stays() {
    on_each(Duration::ZERO, |store| {
        let account = user(&store, "alice");
        append(&account, "INBOX", (0..2).map(|n| upload(&store, &mail(n))).collect()).unwrap();
        let view = account.state().unwrap();
        let pin = account.pin(&view);
        let young = account.pin(&view);
        expunge(&account, "INBOX", &[1]);
        commit(&account, |state| plan::subscribe(state, &name("One more row"))).unwrap();
        assert_eq!(pass(&store, HOUR).1, 0);
        drop(young);
        assert_eq!(pass(&store, HOUR).1, 0);
        let email = view.named(&name("INBOX")).unwrap().messages.by_uid(Uid::MIN).unwrap().email;
        assert_eq!(account.body(email).unwrap().size(), mail(0).len() as u64);
        // Who looks at a state after the EXPUNGE holds nothing.
        let after = account.pin(&account.state().unwrap());
        drop(pin);
        assert_eq!(pass(&store, HOUR).1, 1);
        drop(after);
        assert!(matches!(account.body(email), Err(Error::NoSuchEmail(_))));
        assert_clean(&account);
    });
}

#[test]
fn a_clock_that_jumps_ahead_brings_nothing_forward() {
    on_each(days(30), |store| {
        let account = user(&store, "alice");
        append(&account, "INBOX", vec![upload(&store, &mail(0))]).unwrap();
        expunge(&account, "INBOX", &[1]);
        append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
        assert_eq!(pass(&store, days(1)), (0, 0));
        let now = NOW + 1_000 * 86_400;
        for step in [0, 5, 10, 3600, 31 * 86_400, 400 * 86_400] {
            let swept = store.sweep(now + step);
            assert!(swept.failed.is_empty(), "{:?}", swept.failed);
            assert_eq!((swept.commits, swept.emails), (0, 0), "{step} seconds after the jump");
            assert_eq!(swept.jump.is_some(), step == 0 || step > 3600, "{:?} after {step}", swept.jump);
        }
        assert!(account.body(account::EmailId::FIRST).is_ok(), "it can be undeleted");
    });
}

#[test]
fn rows_that_a_wrong_clock_wrote_go_like_all_others() {
    on_each(days(30), |store| {
        let account = user(&store, "alice");
        // A clock of 2038, then one of 1970: neither the row nor what is before and after it depends on that.
        for at in [NOW, i64::from(i32::MAX), 0, NOW] {
            account
                .commit(&support::actor(), at, Vec::new(), move |state| {
                    plan::subscribe(state, &name(&format!("At {at}")))
                })
                .unwrap();
            account
                .commit(&support::actor(), at, Vec::new(), move |state| {
                    plan::unsubscribe(state, &name(&format!("At {at}")))
                })
                .unwrap();
        }
        assert_eq!(pass(&store, days(29)), (0, 0));
        assert_eq!(pass(&store, days(3)), (8, 0), "all but the last");
        assert_clean(&account);
    });
}

#[test]
fn a_clock_that_was_ahead_and_is_right_again_stops_nothing() {
    on_each(days(30), |store| {
        let account = user(&store, "alice");
        append(&account, "INBOX", vec![upload(&store, &mail(0))]).unwrap();
        let future = i64::from(i32::MAX);
        let there = store.sweep(future);
        assert_eq!((there.jump, there.commits), (None, 0), "nobody has seen it jump");
        assert!(store.sweep(NOW).jump.is_some_and(|jump| jump < 0));
        account.state().unwrap();
        assert_eq!(store.sweep(NOW + 5).closed, 0);
        assert_eq!(store.sweep(NOW + 90).closed, 1, "it is idle by now");
        append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
        assert_eq!(pass(&store, days(32)).0, 2);
    });
}

#[test]
fn time_goes_on_after_a_restart_where_it_stood() {
    let folder = Folder::new();
    let mut went = Vec::new();
    for _ in 0..4 {
        let store = folder.open_with(keeping(days(30)));
        let account = user(&store, "alice");
        if went.is_empty() {
            append(&account, "INBOX", vec![upload(&store, &mail(0))]).unwrap();
        }
        went.push(pass(&store, days(9)).0);
        // The time until the next start is nobody's, however long it was.
        store.close().unwrap();
    }
    assert_eq!(went, [0, 0, 0, 1]);
    // A count that is lost begins anew: what is old stays longer, and nothing goes too early.
    let store = folder.open_with(keeping(days(30)));
    for n in 1..3 {
        append(&user(&store, "alice"), "INBOX", vec![upload(&store, &mail(n))]).unwrap();
    }
    assert_eq!(pass(&store, days(20)).0, 1, "the one that is not the last any more");
    store.close().unwrap();
    forget_count(&store);
    let store = folder.open_with(keeping(days(30)));
    assert_eq!(pass(&store, days(28)).0, 0);
    assert_eq!(pass(&store, days(4)).0, 1);
}

#[test]
fn a_file_shrinks_when_mail_goes() {
    let folder = Folder::new();
    let store = folder.open_with(keeping(Duration::ZERO));
    let account = user(&store, "alice");
    let noise: Vec<u8> = (0..40_000u32).flat_map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes()).collect();
    append(&account, "INBOX", vec![upload(&store, &noise)]).unwrap();
    store.close().unwrap();
    let file = folder.path().join(format!("accounts/{:02x}/{}.sqlite", account.id().get(), account.id()));
    let full = std::fs::metadata(&file).unwrap().len();
    expunge(&account, "INBOX", &[1]);
    commit(&account, |state| plan::subscribe(state, &name("One more row"))).unwrap();
    assert_eq!(pass(&store, HOUR).1, 1);
    store.close().unwrap();
    let empty = std::fs::metadata(&file).unwrap().len();
    assert!(full > 1_000_000 && empty < 200_000, "{full} {empty}");
}

#[test]
fn accounts_that_nobody_uses_are_closed_and_looked_into() {
    let folder = Folder::new();
    let store = folder.open_with(keeping(Duration::ZERO));
    let account = user(&store, "alice");
    append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    expunge(&account, "INBOX", &[1]);
    commit(&account, |state| plan::subscribe(state, &name("One more row"))).unwrap();
    store.close().unwrap();
    let swept = store.sweep(NOW);
    assert_eq!((swept.commits, swept.emails), (4, 1), "though it is closed");
    let state = account.state().unwrap();
    assert_eq!(store.sweep(NOW + 10).closed, 0);
    assert_eq!(store.sweep(NOW + 30).closed, 0);
    assert_eq!(store.sweep(NOW + 90).closed, 1, "a minute later");
    assert!(!Arc::ptr_eq(&state, &account.state().unwrap()));
}

#[test]
fn no_more_accounts_are_open_than_may_be() {
    let folder = Folder::new();
    let store = folder.open_with(Options { open_accounts: 5, ..Options::default() });
    let accounts: Vec<_> = (0..20).map(|n| user(&store, &format!("user{n}"))).collect();
    for round in 0..3 {
        for (n, account) in accounts.iter().enumerate() {
            append(account, "INBOX", vec![upload(&store, &mail(n + round))]).unwrap();
        }
    }
    let open = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok());
    let path = folder.path().join("accounts");
    let mut files: Vec<_> = open.filter(|file| file.starts_with(&path)).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sqlite"));
    assert!(!files.is_empty() && files.len() <= 5, "{files:?}");
    for (n, account) in accounts.iter().enumerate() {
        assert_eq!(octets(account, "INBOX", 3).unwrap(), mail(n + 2));
    }
}
