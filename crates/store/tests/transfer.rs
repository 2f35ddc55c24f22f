//! COPY and MOVE between accounts: nothing is ever lost, whatever stops them, and what is in both mailboxes is named.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use account::plan::{self, NewMessage};
use account::{Flags, Permit, Refusal, Rights, State, SystemFlags};
use imap::{Flag, InternalDate, Keyword, MailboxName, Uid, UidSet};
use parking_lot::Mutex;
use store::backend::{Backend, Memory, Table};
use store::engine::Engine;
use store::{Account, AccountId, CommitError, Destination, Error, HalfMoved, Moved, Options, Picked, Store};
use support::faulty::{Fault, Faulty, Power};
use support::mortal::Mortal;
use support::{Folder, NOW, actor, append, assert_clean, commit, mail, name, octets, uids, upload, user};

/// When nothing is under way any more.
const LATER: i64 = NOW + 3600;

fn on_both(test: impl Fn(&Store)) {
    test(&Store::memory());
    let folder = Folder::new();
    test(&folder.open());
}

fn permit(state: &State, mailbox: &MailboxName, rights: Rights) -> Option<Permit> {
    state.named(mailbox).map(|mailbox| Permit { rights, ..Permit::owner(mailbox.id) })
}

fn picked(account: &Arc<Account>, mailbox: &str, which: &[u32]) -> Picked {
    let from = permit(&account.state().unwrap(), &name(mailbox), Rights::ALL).unwrap();
    Picked { account: account.clone(), from, uids: uids(which) }
}

fn to_with(account: &Arc<Account>, mailbox: &str, rights: Rights) -> Destination {
    let mailbox = name(mailbox);
    Destination::new(account.clone(), move |state| permit(state, &mailbox, rights))
}

fn to(account: &Arc<Account>, mailbox: &str) -> Destination {
    to_with(account, mailbox, Rights::ALL)
}

fn moved(store: &Store, picked: &Picked, to: &Destination) -> Result<Moved, CommitError> {
    store.move_messages(&actor(), NOW, picked, to)
}

/// All messages of a mailbox: UID and octets.
fn contents(account: &Account, mailbox: &str) -> BTreeMap<u32, Vec<u8>> {
    let there = account.state().unwrap().named(&name(mailbox)).unwrap().messages.uids();
    there.iter().map(|uid| (uid.get(), octets(account, mailbox, uid.get()).unwrap())).collect()
}

fn email_id(account: &Account, mailbox: &str, uid: u32) -> String {
    let state = account.state().unwrap();
    let email = state.named(&name(mailbox)).unwrap().messages.by_uid(Uid::new(uid).unwrap()).unwrap().email;
    state.ids().email(email).to_string()
}

fn notes(store: &Store) -> usize {
    store.rows().range(Table::Transfer, &[], usize::MAX).unwrap().len()
}

/// Alice with mail in her INBOX, and Bob.
fn alice_and_bob(store: &Store, mails: &[usize]) -> (Arc<Account>, Arc<Account>) {
    let (alice, bob) = (user(store, "alice"), user(store, "bob"));
    append(&alice, "INBOX", mails.iter().map(|n| upload(store, &mail(*n))).collect()).unwrap();
    bob.state().unwrap();
    (alice, bob)
}

/// UIDs of both ends of what is half-moved.
fn named(found: &[HalfMoved]) -> Vec<(UidSet, UidSet)> {
    found.iter().map(|half| (half.from.uids.clone(), half.to.uids.clone())).collect()
}

#[test]
fn a_copy_has_all_that_its_message_has() {
    on_both(|store| {
        let (alice, bob) = alice_and_bob(store, &[1]);
        // Much more than is kept in memory, and nothing that can be compressed.
        let large: Vec<u8> = (0..90_000u32).flat_map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes()).collect();
        let messages = [upload(store, &large), upload(store, b""), upload(store, &large[..1_500_000])];
        let flags = Flags::from_wire(&[Flag::Seen, Flag::Keyword(Keyword::new("$Forwarded").unwrap())]);
        let new: Vec<_> = messages
            .iter()
            .map(|message| NewMessage {
                size: message.size(),
                internal_date: InternalDate::new(NOW - 99, -300),
                flags: flags.clone(),
                uid: None,
                foreign: None,
            })
            .collect();
        let inbox = permit(&alice.state().unwrap(), &name("INBOX"), Rights::ALL);
        let plan = move |state: &State| plan::append(state, inbox, &new, NOW);
        alice.commit(&actor(), NOW, messages.to_vec(), plan).unwrap();
        append(&bob, "Archive", vec![upload(store, &mail(9))]).unwrap();
        let copied = store.copy(&actor(), NOW + 5, &picked(&alice, "INBOX", &[2, 3, 4, 77]), &to(&bob, "Archive"));
        let copied = copied.unwrap();
        assert_eq!((copied.from, copied.to), (uids(&[2, 3, 4]), uids(&[2, 3, 4])));
        let (from, there) = (contents(&alice, "INBOX"), contents(&bob, "Archive"));
        assert_eq!(from.len(), 4);
        let state = bob.state().unwrap();
        let archive = state.named(&name("Archive")).unwrap();
        assert_eq!(copied.uid_validity, archive.uid_validity);
        for uid in [2, 3, 4] {
            assert!(there[&uid] == from[&uid]);
            let record = archive.messages.by_uid(Uid::new(uid).unwrap()).unwrap();
            assert_eq!(record.internal_date, InternalDate::new(NOW - 99, -300));
            assert_eq!(record.save_date, NOW + 5);
            assert_eq!(archive.flags.flags(record.flags), flags);
            assert_eq!(email_id(&bob, "Archive", uid), email_id(&alice, "INBOX", uid));
        }
        // And back again.
        let back = store.copy(&actor(), NOW, &picked(&bob, "Archive", &[3, 2]), &to(&alice, "Sent")).unwrap();
        assert_eq!((back.from, back.to), (uids(&[2, 3]), uids(&[1, 2])));
        assert_eq!(email_id(&alice, "Sent", 2), email_id(&alice, "INBOX", 3));
        assert_clean(&alice);
        assert_clean(&bob);
        assert_eq!(notes(store), 0);
    });
}

#[test]
fn a_move_takes_away_what_it_copied() {
    on_both(|store| {
        let (alice, bob) = alice_and_bob(store, &[1, 2, 3, 4]);
        support::expunge(&alice, "INBOX", &[2]);
        let done = moved(store, &picked(&alice, "INBOX", &[1, 2, 3]), &to(&bob, "INBOX")).unwrap();
        assert_eq!((done.copied.from, done.copied.to), (uids(&[1, 3]), uids(&[1, 2])));
        assert_eq!(*done.taken_away.unwrap(), *alice.state().unwrap());
        assert_eq!(contents(&alice, "INBOX"), BTreeMap::from([(4, mail(4))]));
        assert_eq!(contents(&bob, "INBOX"), BTreeMap::from([(1, mail(1)), (2, mail(3))]));
        assert_eq!((notes(store), store.half_moved(LATER).unwrap()), (0, Vec::new()));
        // Of nothing nothing is moved, and nothing is written.
        let before = (alice.state().unwrap().modseq(), bob.state().unwrap().modseq());
        let nothing = moved(store, &picked(&alice, "INBOX", &[1, 2]), &to(&bob, "INBOX")).unwrap();
        assert!(nothing.copied.from.is_empty() && nothing.taken_away.is_ok());
        assert_eq!((alice.state().unwrap().modseq(), bob.state().unwrap().modseq()), before);
        assert_clean(&alice);
        assert_clean(&bob);
    });
}

#[test]
fn within_an_account_no_octet_is_copied() {
    on_both(|store| {
        let (alice, _) = alice_and_bob(store, &[1, 2]);
        let email = |mailbox: &str, uid| {
            let state = alice.state().unwrap();
            state.named(&name(mailbox)).unwrap().messages.by_uid(Uid::new(uid).unwrap()).unwrap().email
        };
        let (first, second) = (email("INBOX", 1), email("INBOX", 2));
        store.copy(&actor(), NOW, &picked(&alice, "INBOX", &[1]), &to(&alice, "Sent")).unwrap();
        let before = alice.state().unwrap().next_modseq();
        moved(store, &picked(&alice, "INBOX", &[2]), &to(&alice, "Sent")).unwrap();
        assert_eq!(alice.state().unwrap().modseq(), Some(before), "one commit");
        assert_eq!((email("Sent", 1), email("Sent", 2)), (first, second));
        assert_clean(&alice);
    });
}

#[test]
fn rights_hold_at_both_ends() {
    on_both(|store| {
        let (alice, bob) = alice_and_bob(store, &[1]);
        let deleted = Flags::new(SystemFlags::DELETED, Vec::new());
        let inbox = permit(&alice.state().unwrap(), &name("INBOX"), Rights::ALL).unwrap();
        commit(&alice, move |state| {
            plan::store(state, inbox, &uids(&[1]), (imap::StoreMode::Replace, &deleted), plan::Condition::Always)
        })
        .unwrap();
        let all = picked(&alice, "INBOX", &[1]);
        let less = |right| Picked { from: Permit { rights: Rights::ALL.without(right), ..all.from }, ..all.clone() };
        let refused = |picked: &Picked, to: &Destination| {
            let refusal = |error| match error {
                CommitError::Refused(refusal) => refusal,
                CommitError::Failed(error) => panic!("{error}"),
            };
            let copied = store.copy(&actor(), NOW, picked, to).err().map(refusal);
            (copied, moved(store, picked, to).err().map(refusal))
        };
        let none = Some(Refusal::NotAllowed);
        assert_eq!(refused(&less(Rights::READ), &to(&bob, "INBOX")), (none.clone(), none.clone()));
        let unwelcome = to_with(&bob, "INBOX", Rights::ALL.without(Rights::INSERT));
        assert_eq!(refused(&all, &unwelcome), (none.clone(), none.clone()));
        let nowhere = Some(Refusal::NoSuchDestination);
        assert_eq!(refused(&all, &to(&bob, "Nowhere")), (nowhere.clone(), nowhere));
        for right in [Rights::DELETE_MESSAGES, Rights::EXPUNGE] {
            assert_eq!(
                moved(store, &less(right), &to(&bob, "INBOX")).err().map(|e| e.to_string()),
                none.as_ref().map(ToString::to_string)
            );
        }
        assert_eq!(contents(&bob, "INBOX").len(), 0);
        // A flag that may not be set there does not come along, and stands in nobody's way.
        let flagless = to_with(&bob, "INBOX", Rights::INSERT);
        assert!(moved(store, &all, &flagless).unwrap().taken_away.is_ok());
        let state = bob.state().unwrap();
        let there = state.named(&name("INBOX")).unwrap();
        assert!(there.flags.flags(there.messages.last().unwrap().flags).is_empty());
        assert_eq!(notes(store), 0);
    });
}

/// Accounts in memory, with engines that can fail.
struct Failing {
    backend: Arc<Memory>,
    engines: Arc<Mutex<HashMap<AccountId, Faulty>>>,
}

impl Failing {
    fn new() -> Self {
        let engines: Arc<Mutex<HashMap<AccountId, Faulty>>> = Arc::default();
        let kept = engines.clone();
        let engine = move |id| -> Arc<dyn Engine> { Arc::new(kept.lock().entry(id).or_default().clone()) };
        Self { backend: Arc::new(Memory::with_engines(engine)), engines }
    }

    fn open(&self) -> Store {
        Store::with_backend(Options::default(), self.backend.clone() as Arc<dyn Backend>).unwrap()
    }

    fn fail_next(&self, account: &Account, fault: Fault) {
        self.engines.lock()[&account.id()].fail_next(fault);
    }
}

#[test]
fn a_commit_whose_writing_failed_and_that_got_through_all_the_same_is_none_that_failed() {
    for first in [true, false] {
        let failing = Failing::new();
        let store = failing.open();
        let (alice, bob) = alice_and_bob(&store, &[1, 2]);
        failing.fail_next(if first { &bob } else { &alice }, Fault::Torn);
        let done = moved(&store, &picked(&alice, "INBOX", &[1, 2]), &to(&bob, "INBOX")).unwrap();
        assert!(done.taken_away.is_ok());
        assert_eq!((contents(&alice, "INBOX").len(), contents(&bob, "INBOX").len()), (0, 2));
        assert_eq!(store.half_moved(LATER).unwrap(), []);
        assert_clean(&bob);
    }
}

#[test]
fn if_the_first_commit_fails_all_is_where_it_was() {
    for fault in [Fault::Full, Fault::Lost] {
        let failing = Failing::new();
        let store = failing.open();
        let (alice, bob) = alice_and_bob(&store, &[1, 2]);
        failing.fail_next(&bob, fault);
        let failed = moved(&store, &picked(&alice, "INBOX", &[1, 2]), &to(&bob, "INBOX"));
        assert!(matches!(failed, Err(CommitError::Failed(_))), "{fault:?}");
        assert_eq!(contents(&alice, "INBOX"), BTreeMap::from([(1, mail(1)), (2, mail(2))]));
        drop((alice, bob, store));
        let store = failing.open();
        let (alice, bob) = (user(&store, "alice"), user(&store, "bob"));
        assert_eq!(store.half_moved(LATER).unwrap(), [], "{fault:?}");
        assert_eq!(contents(&alice, "INBOX").len(), 2);
        assert_clean(&bob);
    }
}

#[test]
fn if_the_second_commit_fails_the_answer_says_so_and_check_names_both() {
    for fault in [Fault::Full, Fault::Lost] {
        let failing = Failing::new();
        let store = failing.open();
        let (alice, bob) = alice_and_bob(&store, &[1, 2]);
        // One like it, which was there before, is none of these copies.
        append(&bob, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
        failing.fail_next(&alice, fault);
        let half = moved(&store, &picked(&alice, "INBOX", &[1, 2]), &to(&bob, "INBOX")).unwrap();
        assert_eq!((half.copied.from, half.copied.to), (uids(&[1, 2]), uids(&[2, 3])));
        assert!(matches!(half.taken_away, Err(CommitError::Failed(_))));
        assert_eq!(store.half_moved(NOW + 60).unwrap(), [], "it may still be under way");
        drop((alice, bob, store));
        let store = failing.open();
        let (alice, bob) = (user(&store, "alice"), user(&store, "bob"));
        let found = store.half_moved(LATER).unwrap();
        assert_eq!(named(&found), [(uids(&[1, 2]), uids(&[2, 3]))]);
        assert_eq!((found[0].from.account, found[0].to.account), (alice.id(), bob.id()));
        assert_eq!((&found[0].from.mailbox, found[0].at), (&name("INBOX"), NOW));
        // Each that is deleted in one of the two is no copy too many any more.
        support::expunge(&alice, "INBOX", &[1]);
        assert_eq!(named(&store.half_moved(LATER).unwrap()), [(uids(&[2]), uids(&[3]))]);
        store.sweep(LATER);
        assert_eq!(notes(&store), 1, "there is still something to say");
        support::expunge(&bob, "INBOX", &[3]);
        assert_eq!(store.half_moved(LATER).unwrap(), []);
        store.sweep(LATER + 7200);
        assert_eq!(notes(&store), 0, "what says of nothing goes");
        assert_clean(&alice);
        assert_clean(&bob);
    }
}

#[test]
fn killed_at_any_write_a_move_loses_nothing_and_what_is_in_both_is_named() {
    let all = || BTreeMap::from([(1, mail(1)), (2, mail(2)), (3, mail(3))]);
    // The note, the commit there, the commit here, the end of the note.
    for writes in 0..=4 {
        let folder = Folder::new();
        let power = Power::unlimited();
        {
            let store =
                Store::with_backend(Options::default(), Arc::new(Mortal::set_up(folder.path(), &power))).unwrap();
            let (alice, bob) = alice_and_bob(&store, &[1, 2, 3]);
            power.fails_after(writes);
            let done = moved(&store, &picked(&alice, "INBOX", &[1, 2, 3]), &to(&bob, "INBOX"));
            assert_eq!(done.is_ok(), writes >= 2, "after {writes} writes");
            assert_eq!(done.is_ok_and(|moved| moved.taken_away.is_ok()), writes >= 3, "after {writes} writes");
        }
        let store = folder.open();
        let (alice, bob) = (user(&store, "alice"), user(&store, "bob"));
        let (here, there) = (contents(&alice, "INBOX"), contents(&bob, "INBOX"));
        let expected = match writes {
            0 | 1 => (all(), BTreeMap::new()),
            2 => (all(), all()),
            _ => (BTreeMap::new(), all()),
        };
        assert!((here, there) == expected, "after {writes} writes");
        let both = if writes == 2 { vec![(uids(&[1, 2, 3]), uids(&[1, 2, 3]))] } else { Vec::new() };
        assert_eq!(named(&store.half_moved(LATER).unwrap()), both, "after {writes} writes");
        store.sweep(LATER);
        assert_eq!(notes(&store), both.len(), "after {writes} writes");
        assert_clean(&alice);
        assert_clean(&bob);
    }
}

#[test]
fn a_mailbox_or_an_account_that_has_gone_has_no_copy_too_many() {
    let failing = Failing::new();
    let store = failing.open();
    let (alice, bob) = alice_and_bob(&store, &[1]);
    failing.fail_next(&alice, Fault::Lost);
    moved(&store, &picked(&alice, "INBOX", &[1]), &to(&bob, "Archive")).unwrap().taken_away.unwrap_err();
    assert_eq!(store.half_moved(LATER).unwrap().len(), 1);
    commit(&bob, |state| plan::delete(state, (&name("Archive"), Rights::ALL))).unwrap();
    assert_eq!(store.half_moved(LATER).unwrap(), []);
    store.remove(bob.id()).unwrap();
    assert_eq!(store.half_moved(LATER).unwrap(), []);
    assert!(matches!(
        store.copy(&actor(), NOW, &picked(&alice, "INBOX", &[1]), &to(&bob, "INBOX")),
        Err(CommitError::Failed(Error::NoSuchAccount))
    ));
}

#[test]
fn transfers_in_opposite_directions_do_not_wait_for_each_other() {
    const ROUNDS: usize = 12;
    on_both(|store| {
        let (alice, bob) = alice_and_bob(store, &[1, 2, 3, 4, 5, 6]);
        append(&bob, "INBOX", (7..=12).map(|n| upload(store, &mail(n))).collect()).unwrap();
        std::thread::scope(|scope| {
            for (from, into) in [(&alice, &bob), (&bob, &alice), (&alice, &bob), (&bob, &alice)] {
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let there = from.state().unwrap().named(&name("INBOX")).unwrap().messages.uids();
                        let some: Vec<u32> = there.iter().map(Uid::get).skip(round % 3).step_by(2).collect();
                        moved(store, &picked(from, "INBOX", &some), &to(into, "INBOX")).unwrap().taken_away.unwrap();
                    }
                });
            }
        });
        // Two may have moved the same message at once: then there is one more of it, and never one less.
        let both = contents(&alice, "INBOX").into_values().chain(contents(&bob, "INBOX").into_values());
        let kinds: std::collections::BTreeSet<Vec<u8>> = both.collect();
        assert_eq!(kinds, (1..=12).map(mail).collect());
        assert_eq!(notes(store), 0);
        assert_clean(&alice);
        assert_clean(&bob);
    });
}
