//! A file that is deleted or replaced while it is in use: nothing is acknowledged into it, and nothing is made anew.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use store::Error;
use store::backend::Fault;
use support::{Folder, NOW, append, assert_clean, file, mail, name, octets, upload, user, with_accounts};

#[test]
fn mail_is_not_acknowledged_into_a_file_that_was_deleted() {
    for suffix in ["", "-wal", "-shm"] {
        let (folder, ids) = with_accounts(&["alice"]);
        let store = folder.open();
        let account = store.account(ids[0]).unwrap();
        append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
        let path = PathBuf::from(format!("{}{suffix}", file(&folder, ids[0]).display()));
        fs::remove_file(&path).unwrap();
        let told = append(&account, "INBOX", vec![upload(&store, &mail(2))]);
        let told = told.map(drop).unwrap_err();
        assert!(matches!(told, store::CommitError::Failed(Error::Replaced { .. })), "{suffix}: {told:?}");
        if suffix.is_empty() {
            for _ in 0..2 {
                let told = append(&account, "INBOX", vec![upload(&store, &mail(3))]).map(drop).unwrap_err();
                assert!(matches!(told, store::CommitError::Failed(Error::Missing { .. })), "{told:?}");
                assert!(matches!(account.poll(), Err(Error::Missing { .. })));
                assert!(account.body(account::EmailId::FIRST).is_err());
            }
            store.sweep(NOW);
            let _failed = store.close();
            assert!(matches!(account.state(), Err(Error::Missing { .. })));
            drop((account, store));
            assert!(!path.exists(), "nothing is made anew");
        } else {
            // The file is whole; what was not acknowledged may be there.
            let again = append(&account, "INBOX", vec![upload(&store, &mail(3))]).unwrap();
            assert!(octets(&account, "INBOX", again.outcome.first().unwrap().get()).unwrap() == mail(3));
            assert_clean(&account);
        }
    }
}

#[test]
fn a_poll_notices_that_a_file_was_replaced() {
    let (folder, ids) = with_accounts(&["alice"]);
    let path = file(&folder, ids[0]);
    let older = fs::read(&path).unwrap();
    let store = folder.open();
    let account = store.account(ids[0]).unwrap();
    append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    account.poll().unwrap();
    // As restoring a backup does.
    let new = path.with_extension("new");
    fs::write(&new, &older).unwrap();
    fs::rename(&new, &path).unwrap();
    for suffix in ["-wal", "-shm"] {
        fs::remove_file(format!("{}{suffix}", path.display())).unwrap();
    }
    for _ in 0..3 {
        assert!(matches!(account.poll(), Err(Error::Replaced { .. })), "{:?}", account.poll());
        let told = append(&account, "INBOX", vec![upload(&store, &mail(2))]).map(drop).unwrap_err();
        assert!(matches!(told, store::CommitError::Failed(Error::Replaced { .. })), "{told:?}");
    }
    // Closing and opening again does not make those forget who have seen more than is in it.
    let _failed = store.close();
    assert!(matches!(account.state(), Err(Error::Replaced { .. })), "{:?}", account.state());
    drop((account, store));
    // After a new start it is what counts.
    let store = folder.open();
    assert_eq!(user(&store, "alice").state().unwrap().named(&name("INBOX")).unwrap().messages.len(), 1);
}

#[test]
fn a_directory_that_was_deleted_or_replaced_is_noticed() {
    let (folder, ids) = with_accounts(&["alice"]);
    let directory = folder.path().join("directory.sqlite");
    let kept = fs::read(&directory).unwrap();
    let store = folder.open();
    store.directory().refresh().unwrap();
    fs::remove_file(&directory).unwrap();
    assert!(matches!(store.directory().refresh(), Err(Error::Replaced { .. })));
    assert!(matches!(store.directory().add("bob", None, NOW), Err(Error::Replaced { .. })));
    assert!(matches!(store.directory().disable(ids[0]), Err(Error::Replaced { .. })));
    assert!(!directory.exists());
    fs::write(&directory, kept).unwrap();
    assert!(matches!(store.directory().refresh(), Err(Error::Replaced { .. })), "it is another file");
    drop(store);
    assert!(folder.open().directory().find_by_name("bob").unwrap().is_none());
}

#[test]
fn a_marker_that_is_gone_gives_no_numbers() {
    let (folder, _) = with_accounts(&["alice"]);
    let store = folder.open();
    fs::remove_file(folder.path().join("posthorn.store")).unwrap();
    let told = store.directory().add("bob", None, NOW);
    assert!(matches!(told, Err(Error::Folder { fault: Fault::OtherMarker, .. })), "{told:?}");
    assert!(store.directory().find_by_name("bob").unwrap().is_none());
}

/// What a killed server leaves: a file, and beside it a journal that alone has the newest mail.
fn killed(folder: &Folder) -> (PathBuf, Vec<u8>) {
    let store = folder.open();
    let account = user(&store, "alice");
    append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    store.close().unwrap();
    append(&account, "INBOX", vec![upload(&store, &mail(2))]).unwrap();
    let file = file(folder, account.id());
    let (database, journal) = (fs::read(&file).unwrap(), fs::read(journal(&file)).unwrap());
    assert!(!journal.is_empty());
    drop(store);
    drop(account);
    fs::write(&file, &database).unwrap();
    fs::write(self::journal(&file), &journal).unwrap();
    (file, database)
}

fn journal(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", file.display()))
}

#[test]
fn the_journal_beside_an_empty_or_a_strange_file_is_left_alone() {
    for harm in ["empty", "another's"] {
        let folder = Folder::new();
        let (file, database) = killed(&folder);
        let other = {
            let store = folder.open();
            let other = user(&store, "bob");
            other.state().unwrap();
            store.close().unwrap();
            support::file(&folder, other.id())
        };
        // Opening the folder looks at no account; the journal is as it was.
        let kept = fs::read(journal(&file)).unwrap();
        fs::write(&file, if harm == "empty" { Vec::new() } else { fs::read(other).unwrap() }).unwrap();
        let store = folder.open();
        let account = user(&store, "alice");
        assert!(account.state().is_err(), "{harm}");
        assert!(account.check().is_err(), "{harm}");
        store.sweep(NOW);
        store.close().unwrap();
        drop((store, account));
        assert_eq!(fs::read(journal(&file)).unwrap(), kept, "{harm}");
        fs::write(&file, &database).unwrap();
        let store = folder.open();
        assert_eq!(octets(&user(&store, "alice"), "INBOX", 2).unwrap(), mail(2), "{harm}");
    }
}

#[test]
fn nothing_is_acknowledged_into_a_file_that_was_cut_to_nothing() {
    let folder = Folder::new();
    let store = folder.open();
    let account = user(&store, "alice");
    append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    let file = file(&folder, account.id());
    fs::write(&file, b"").unwrap();
    assert!(append(&account, "INBOX", vec![upload(&store, &mail(2))]).is_err());
    assert!(fs::metadata(journal(&file)).unwrap().len() > 0, "what was acknowledged is in there");
}

/// The file keeps its inode, and the connection remembers its pages: only looking at the file shows it.
#[test]
fn nothing_is_acknowledged_into_a_file_over_which_another_accounts_was_copied() {
    for harm in ["a commit", "a read", "a poll"] {
        let (folder, ids) = with_accounts(&["alice", "bob"]);
        let store = folder.open();
        let account = store.account(ids[0]).unwrap();
        append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
        let (path, other) = (file(&folder, ids[0]), file(&folder, ids[1]));
        let kept = fs::read(&path).unwrap();
        let theirs = fs::read(&other).unwrap();
        fs::write(&path, &theirs).unwrap();
        let is_foreign = |error: &Error| matches!(error, Error::Foreign { found: Some(_), .. });
        match harm {
            "a commit" => {
                let told = append(&account, "INBOX", vec![upload(&store, &mail(2))]).map(drop).unwrap_err();
                assert!(matches!(&told, store::CommitError::Failed(error) if is_foreign(error)), "{told:?}");
            }
            "a read" => {
                let told = account.body(account::EmailId::FIRST).map(drop).unwrap_err();
                assert!(is_foreign(&told), "{told:?}");
            }
            _ => {
                let told = account.poll().map(drop).unwrap_err();
                assert!(is_foreign(&told), "{told:?}");
            }
        }
        for _ in 0..2 {
            let told = append(&account, "INBOX", vec![upload(&store, &mail(2))]).map(drop).unwrap_err();
            assert!(matches!(&told, store::CommitError::Failed(error) if is_foreign(error)), "{harm}: {told:?}");
            assert!(account.body(account::EmailId::FIRST).is_err(), "{harm}");
        }
        store.sweep(NOW);
        let _failed = store.close();
        assert!(is_foreign(&account.state().unwrap_err()), "{harm}");
        assert_eq!(fs::read(&path).unwrap(), theirs, "{harm}: the journal went into the wrong file");
        drop((account, store));
        // The right file back in its place has all that was acknowledged, as its journal was left.
        fs::write(&path, &kept).unwrap();
        let store = folder.open();
        assert_eq!(octets(&user(&store, "alice"), "INBOX", 2).unwrap(), mail(1), "{harm}");
    }
}
