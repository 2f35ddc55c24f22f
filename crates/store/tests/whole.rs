//! Nothing is made anew in silence: what is missing, empty, another's or older is told, and left as it is.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use account::codec::Format;
use account::{Rights, plan};
use store::backend::Fault;
use store::{AccountId, Error, Options, Store};
use support::{
    Folder, NOW, actor, add_accounts, append, assert_clean, commit, file, mail, name, octets, upload, user,
    with_accounts,
};

/// What a file is, below a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            // SQLite keeps an index beside a file while it is open, and nothing else in it.
            } else if path.extension().is_none_or(|extension| extension != "sqlite-shm") {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Opening fails with this, and everything is as it was. Also setting up does.
#[track_caller]
fn refused(folder: &Folder) -> Fault {
    let before = files(folder.path());
    let told = Store::open(folder.path(), Options::default());
    let Err(Error::Folder { fault, .. }) = told else { panic!("{told:?}") };
    if fault != Fault::NotSetUp {
        let Err(Error::Folder { fault: again, .. }) = Store::set_up(folder.path(), Options::default()) else {
            panic!()
        };
        assert_eq!(again, fault);
    }
    assert!(files(folder.path()) == before, "something was changed");
    fault
}

/// Takes out of a file of format 1 what says whose it is: 0.1 wrote none of that.
fn as_of_0_1(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let tables = match path.ends_with("directory.sqlite") {
        true => "DROP TABLE store; DROP TABLE made;",
        false => "DROP TABLE account;",
    };
    connection.execute_batch(tables).unwrap();
}

/// A folder as 0.1 left it, with these accounts.
fn of_0_1(names: &[&str]) -> (Folder, Vec<AccountId>) {
    let folder = Folder::new();
    let directory = folder.path().join("directory.sqlite");
    drop(folder.open());
    rusqlite::Connection::open(&directory).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
    let ids = add_accounts(&folder, names);
    as_of_0_1(&directory);
    for id in &ids {
        as_of_0_1(&file(&folder, *id));
    }
    fs::remove_file(folder.path().join("posthorn.store")).unwrap();
    (folder, ids)
}

#[test]
fn an_account_whose_file_is_missing_or_empty_is_told_and_not_made_anew() {
    let (folder, ids) = with_accounts(&["alice", "bob"]);
    let path = file(&folder, ids[0]);
    let kept = fs::read(&path).unwrap();
    for what in ["missing", "empty", "no tables"] {
        fs::remove_file(&path).unwrap();
        match what {
            "empty" => fs::write(&path, "").unwrap(),
            "no tables" => {
                rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA journal_mode = WAL").unwrap();
            }
            _ => {}
        }
        let before = files(folder.path());
        let store = Store::open(folder.path(), Options::default()).unwrap();
        let account = store.account(ids[0]).unwrap();
        for told in [account.state().map(drop), account.check().map(drop), account.log(None).map(drop)] {
            assert!(matches!(told, Err(Error::Missing { .. } | Error::NoSuchAccount)), "{what}: {told:?}");
        }
        let told = account.state().unwrap_err().to_string();
        assert!(told.contains(path.to_str().unwrap()) && told.contains("backup"), "{told}");
        assert!(append(&account, "INBOX", vec![upload(&store, &mail(9))]).is_err());
        let lost = store.directory().lost().unwrap();
        assert_eq!(lost, if what == "no tables" { vec![] } else { vec![ids[0]] }, "{what}");
        assert_clean(&store.account(ids[1]).unwrap());
        drop((account, store));
        assert!(files(folder.path()) == before, "{what}: something was made");
        // The sweeps' round through all accounts tells, too.
        let failed = Store::open(folder.path(), Options::default()).unwrap().sweep(NOW).failed;
        assert!(failed.iter().any(|failure| matches!(failure.error, Error::Missing { .. })), "{failed:?}");
        fs::write(&path, &kept).unwrap();
    }
    // What comes back from a backup is used again.
    let store = folder.open();
    assert_eq!(octets(&store.account(ids[0]).unwrap(), "INBOX", 1).unwrap(), mail(0));
    // Without a backup, the account can be removed and made again.
    store.close().unwrap();
    fs::remove_file(&path).unwrap();
    store.remove(ids[0]).unwrap();
    assert!(user(&store, "alice").state().is_ok());
}

#[test]
fn an_account_in_the_place_of_another_one_is_told() {
    let (folder, ids) = with_accounts(&["alice", "bob"]);
    let (stranger, theirs) = with_accounts(&["alice"]);
    let path = file(&folder, ids[0]);
    let own = fs::read(&path).unwrap();
    for wrong in [file(&folder, ids[1]), file(&stranger, theirs[0])] {
        fs::copy(&wrong, &path).unwrap();
        let before = files(folder.path());
        let store = Store::open(folder.path(), Options::default()).unwrap();
        let account = store.account(ids[0]).unwrap();
        let told = account.state().unwrap_err();
        assert!(matches!(told, Error::Foreign { found: Some(_), .. }), "{told:?}");
        assert!(append(&account, "INBOX", vec![upload(&store, &mail(9))]).is_err());
        drop((account, store));
        assert!(files(folder.path()) == before);
    }
    fs::write(&path, own).unwrap();
    assert_eq!(octets(&folder.open().account(ids[0]).unwrap(), "INBOX", 1).unwrap(), mail(0));
}

#[test]
fn a_folder_whose_directory_is_lost_or_empty_is_refused() {
    let (folder, _) = with_accounts(&["alice"]);
    let directory = folder.path().join("directory.sqlite");
    let marker = folder.path().join("posthorn.store");
    let kept = fs::read(&directory).unwrap();
    for marked in [true, false] {
        if !marked {
            fs::remove_file(&marker).unwrap();
        }
        fs::write(&directory, "").unwrap();
        assert_eq!(refused(&folder), Fault::NoDirectory);
        fs::remove_file(&directory).unwrap();
        assert_eq!(refused(&folder), Fault::NoDirectory);
    }
    fs::write(&directory, kept).unwrap();
    assert_clean(&user(&Store::open(folder.path(), Options::default()).unwrap(), "alice"));
    assert!(marker.exists());
    // The marker alone shows that there was a directory.
    fs::remove_file(&directory).unwrap();
    fs::remove_dir_all(folder.path().join("accounts")).unwrap();
    assert_eq!(refused(&folder), Fault::NoDirectory);
}

/// With the directory of the day before, the next new user got the mail of one who had come since.
#[test]
fn a_directory_that_is_older_than_the_accounts_is_refused() {
    let (folder, _) = with_accounts(&["alice"]);
    let directory = folder.path().join("directory.sqlite");
    let older = fs::read(&directory).unwrap();
    let since = {
        let store = folder.open();
        let bob = user(&store, "bob");
        append(&bob, "INBOX", vec![upload(&store, b"Subject: secret\r\n\r\nfor bob\r\n")]).unwrap();
        store.close().unwrap();
        bob.id()
    };
    let newer = fs::read(&directory).unwrap();
    fs::write(&directory, &older).unwrap();
    assert_eq!(refused(&folder), Fault::OldDirectory { account: since });
    // Also with the marker of that day, or none.
    fs::remove_file(folder.path().join("posthorn.store")).unwrap();
    assert_eq!(refused(&folder), Fault::OldDirectory { account: since });
    fs::write(&directory, &newer).unwrap();
    assert!(folder.open().directory().find_by_name("bob").unwrap().is_some());
}

#[test]
fn a_directory_of_another_store_is_refused() {
    let (folder, _) = with_accounts(&["alice"]);
    let (stranger, _) = with_accounts(&["alice"]);
    let directory = folder.path().join("directory.sqlite");
    fs::copy(stranger.path().join("directory.sqlite"), &directory).unwrap();
    assert_eq!(refused(&folder), Fault::OtherDirectory);
    let (stranger, _) = of_0_1(&["alice"]);
    fs::copy(stranger.path().join("directory.sqlite"), &directory).unwrap();
    assert_eq!(refused(&folder), Fault::OtherDirectory);
}

#[test]
fn a_folder_whose_accounts_are_not_mounted_is_refused() {
    let (folder, _) = with_accounts(&["alice"]);
    let accounts = folder.path().join("accounts");
    fs::rename(&accounts, folder.path().join("elsewhere")).unwrap();
    assert_eq!(refused(&folder), Fault::NoAccounts);
    fs::create_dir(&accounts).unwrap();
    assert_eq!(refused(&folder), Fault::NoAccounts);
}

#[test]
fn only_a_folder_with_nothing_in_it_is_set_up() {
    let folder = Folder::new();
    assert_eq!(refused(&folder), Fault::NotSetUp);
    fs::create_dir(folder.path().join("lost+found")).unwrap();
    assert_eq!(refused(&folder), Fault::NotSetUp);
    fs::write(folder.path().join("holiday.jpg"), "").unwrap();
    assert_eq!(refused_to_set_up(folder.path()), Fault::Occupied { by: "holiday.jpg".to_owned() });
    fs::remove_file(folder.path().join("holiday.jpg")).unwrap();
    Store::set_up(folder.path(), Options::default()).unwrap();
    Store::open(folder.path(), Options::default()).unwrap();
    // One that is not there is made.
    let below = folder.path().join("a/b");
    assert!(Store::open(&below, Options::default()).is_err());
    assert!(!below.exists());
    Store::set_up(&below, Options::default()).unwrap();
}

fn refused_to_set_up(folder: &Path) -> Fault {
    let before = files(folder);
    let told = Store::set_up(folder, Options::default());
    let Err(Error::Folder { fault, .. }) = told else { panic!("{told:?}") };
    assert!(files(folder) == before);
    fault
}

/// What a `kill -9` leaves after each step of setting up a store and of making an account, in the order of the steps.
#[test]
fn a_process_that_is_killed_while_it_sets_up_a_folder_leaves_one_that_is_set_up() {
    let (whole, _) = with_accounts(&[]);
    let directory = fs::read(whole.path().join("directory.sqlite")).unwrap();
    let no_tables = {
        let folder = Folder::new();
        let path = folder.path().join("x");
        rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA journal_mode = WAL").unwrap();
        fs::read(path).unwrap()
    };
    assert!(!no_tables.is_empty());
    for step in 0..6 {
        let folder = Folder::new();
        let at = |name: &str| folder.path().join(name);
        let steps: [&dyn Fn(); 5] = [
            &|| fs::create_dir(at("accounts")).unwrap(),
            &|| fs::write(at("directory.sqlite"), "").unwrap(),
            &|| fs::write(at("directory.sqlite"), &no_tables).unwrap(),
            &|| fs::write(at("directory.sqlite"), &directory).unwrap(),
            &|| fs::write(at("posthorn.store.new"), "# This folder").unwrap(),
        ];
        steps.iter().take(step).for_each(|step| step());
        let there = Store::open(folder.path(), Options::default()).is_ok();
        assert_eq!(there, step >= 4, "after {step} steps");
        let id = {
            let store = folder.open();
            let account = user(&store, "alice");
            append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
            account.id()
        };
        let store = Store::open(folder.path(), Options::default()).unwrap();
        assert_eq!(octets(&store.account(id).unwrap(), "INBOX", 1).unwrap(), mail(1));
    }
}

#[test]
fn a_process_that_is_killed_while_it_makes_an_account_leaves_one_that_is_made() {
    let (folder, ids) = with_accounts(&["alice"]);
    let path = file(&folder, ids[0]);
    let furnished = {
        let (other, ids) = with_accounts(&[]);
        assert!(ids.is_empty());
        // The same file, as it is after the first commit.
        let store = other.open();
        let id = user(&store, "alice").id();
        store.account(id).unwrap().state().unwrap();
        store.close().unwrap();
        drop(store);
        let copy = rusqlite::Connection::open(file(&other, id)).unwrap();
        let own = rusqlite::Connection::open(&path).unwrap();
        let store: String = own.query_row("SELECT store FROM account", [], |row| row.get(0)).unwrap();
        copy.execute("UPDATE account SET store = ?1", [store]).unwrap();
        copy.close().unwrap();
        fs::read(file(&other, id)).unwrap()
    };
    let only_tables = {
        fs::write(&path, &furnished).unwrap();
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute_batch("DELETE FROM log; DELETE FROM checkpoint").unwrap();
        connection.close().unwrap();
        fs::read(&path).unwrap()
    };
    let directory = rusqlite::Connection::open(folder.path().join("directory.sqlite")).unwrap();
    for (step, octets) in [None, Some(Vec::new()), Some(only_tables), Some(furnished)].into_iter().enumerate() {
        // Nobody has been told that it was made.
        directory.execute_batch("DELETE FROM made").unwrap();
        let _gone = fs::remove_file(&path);
        if let Some(octets) = octets {
            fs::write(&path, octets).unwrap();
        }
        let store = Store::open(folder.path(), Options::default()).unwrap();
        let account = store.account(ids[0]).unwrap();
        assert_eq!(account.state().unwrap().by_name().count(), 6, "after {step} steps");
        append(&account, "INBOX", vec![upload(&store, &mail(3))]).unwrap();
        assert_clean(&account);
        store.close().unwrap();
    }
}

#[test]
fn a_number_is_never_given_twice_also_with_the_directory_of_the_day_before() {
    let (folder, mut ids) = with_accounts(&["alice"]);
    let directory = folder.path().join("directory.sqlite");
    let older = fs::read(&directory).unwrap();
    let gone = user(&folder.open(), "bob").id();
    folder.open().remove(gone).unwrap();
    ids.push(gone);
    // Nothing is left of bob but what the marker knows.
    fs::write(&directory, older).unwrap();
    let again = user(&folder.open(), "carol").id();
    assert!(!ids.contains(&again), "{again} was given before");
}

#[test]
fn two_processes_give_different_numbers() {
    let folder = Folder::new();
    let stores = [folder.open(), folder.open(), folder.open()];
    let given: Vec<AccountId> = std::thread::scope(|scope| {
        let add = |which: usize| {
            let store = &stores[which];
            move || (0..10).map(|n| user(store, &format!("{which}-{n}")).id()).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..3).map(|which| scope.spawn(add(which))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(given.iter().collect::<BTreeSet<_>>().len(), 30);
}

/// The UIDVALIDITYs of the mailboxes of an account that is made at some time and removed again.
fn made_and_removed(store: &Store, at: i64) -> BTreeSet<u32> {
    let id = store.directory().add("alice", None, at).unwrap();
    let account = store.account(id).unwrap();
    for n in 0..100 {
        commit(&account, move |state| plan::create(state, (&name(&format!("Box {n}")), Rights::ALL), &[], at)).unwrap();
    }
    let state = user(store, "alice").state().unwrap();
    let given = state.by_name().map(|mailbox| mailbox.uid_validity.get()).collect();
    store.remove(id).unwrap();
    given
}

#[test]
fn a_uidvalidity_is_not_given_again_when_the_marker_is_lost() {
    let folder = Folder::new();
    let before = made_and_removed(&folder.open(), NOW);
    assert_eq!(folder.open().directory().put_right(), None);
    let marker = folder.path().join("posthorn.store");
    fs::remove_file(&marker).unwrap();
    let store = folder.open();
    let told = store.directory().put_right().unwrap().to_owned();
    assert!(told.starts_with(&marker.display().to_string()), "{told}");
    assert!(before.last() < made_and_removed(&store, 0).first(), "RFC 9051 §2.3.1.1");
    // Nor if what comes back is an older one.
    let older = fs::read(&marker).unwrap();
    let before = made_and_removed(&store, NOW + 5000);
    drop(store);
    fs::write(&marker, older).unwrap();
    assert!(before.last() < made_and_removed(&folder.open(), 0).first());
}

#[test]
fn a_uidvalidity_is_not_that_of_an_account_before_whatever_the_clock_says() {
    let made = made_and_removed;
    let folder = Folder::new();
    for store in [&folder.open(), &Store::memory()] {
        let mut before = BTreeSet::new();
        // In the same second, and with a clock that went back.
        for at in [NOW, NOW, NOW - 1_000_000, 0] {
            let given = made(store, at);
            assert!(before.last() < given.first(), "RFC 9051 §2.3.1.1: greater than any earlier one");
            before.extend(given);
        }
        // Nor does it run away from the clock.
        assert!(*before.last().unwrap() < NOW as u32 + 5 * 3600);
    }
    let store = folder.open();
    assert!(made(&store, NOW).first().copied() > Some(NOW as u32 + 300), "another process knows of it");
}

#[test]
fn a_folder_of_0_1_is_marked_at_its_first_opening_and_stays_in_its_format() {
    let (folder, ids) = of_0_1(&["alice", "bob"]);
    {
        let store = Store::open(folder.path(), Options::default()).unwrap();
        assert!(folder.path().join("posthorn.store").exists());
        assert_eq!(store.directory().format().unwrap(), Format::One);
        assert_eq!(octets(&user(&store, "alice"), "INBOX", 1).unwrap(), mail(0));
        // The sweeps' round claims those that nobody opens.
        let failed = (0..3).flat_map(|_| store.sweep(NOW).failed).collect::<Vec<_>>();
        assert!(failed.is_empty(), "{failed:?}");
        let claimed = rusqlite::Connection::open(file(&folder, ids[1])).unwrap();
        let number: i64 = claimed.query_row("SELECT number FROM account", [], |row| row.get(0)).unwrap();
        assert_eq!(number.cast_unsigned(), ids[1].get());
        // What is made new is in the store's format, too, so that 0.1 can be gone back to.
        assert_eq!(user(&store, "carol").format().unwrap(), Format::One);
        store.close().unwrap();
    }
    // From now on it is known whose this one is. The other one was not opened, but was there.
    fs::copy(file(&folder, ids[1]), file(&folder, ids[0])).unwrap();
    let store = Store::open(folder.path(), Options::default()).unwrap();
    fs::remove_file(file(&folder, ids[1])).unwrap();
    assert!(matches!(user(&store, "bob").state(), Err(Error::Missing { .. })));
}

#[test]
fn an_upgrade_raises_the_directory_and_each_account_and_can_be_done_again() {
    let (folder, ids) = of_0_1(&["alice", "bob", "carol"]);
    let store = Store::open(folder.path(), Options::default()).unwrap();
    let formats = store.formats().unwrap();
    assert_eq!((formats.store, formats.accounts, formats.older.len()), (Format::One, 3, 3));
    store.upgrade().unwrap();
    // Killed after the first account.
    let states: Vec<_> = ids.iter().map(|id| store.account(*id).unwrap().state().unwrap()).collect();
    assert!(store.account(ids[0]).unwrap().upgrade(&actor(), NOW).unwrap());
    drop(store);
    let store = Store::open(folder.path(), Options::default()).unwrap();
    let formats = store.formats().unwrap();
    assert_eq!((formats.store, formats.older.clone()), (Format::Two, ids[1..].to_vec()));
    for id in formats.older {
        assert!(store.account(id).unwrap().upgrade(&actor(), NOW).unwrap());
        assert!(!store.account(id).unwrap().upgrade(&actor(), NOW).unwrap(), "once is enough");
    }
    assert!(store.formats().unwrap().are_newest());
    for (id, state) in ids.iter().zip(states) {
        let account = store.account(*id).unwrap();
        let now = account.state().unwrap();
        assert!(state.ids().origin().is_none() && now.ids().origin().is_some(), "it gives an origin");
        assert!(now.by_name().eq(state.by_name()), "and changes nothing else that anybody sees");
        append(&account, "INBOX", vec![upload(&store, &mail(7))]).unwrap();
        assert_clean(&account);
    }
    store.close().unwrap();
    drop(store);
    assert_clean(&user(&folder.open(), "alice"));
}

#[test]
fn what_a_newer_version_wrote_is_left_alone() {
    for path in ["directory.sqlite", "accounts/01/1.sqlite"] {
        let (folder, ids) = with_accounts(&["alice"]);
        let path = folder.path().join(path);
        rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 3").unwrap();
        let before = files(folder.path());
        let opened = Store::open(folder.path(), Options::default());
        let told = opened.and_then(|store| store.account(ids[0])?.state().map(drop)).unwrap_err();
        let words =
            "was written by a newer version of Posthorn (format 3); this one reads up to 2: upgrade this program";
        assert!(told.to_string().contains(words), "{told}");
        assert!(files(folder.path()) == before);
    }
}
