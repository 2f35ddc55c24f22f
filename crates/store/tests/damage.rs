//! A flipped octet, anywhere: no panic, never a wrong answer, and all that it did not hit can still be read.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use account::{EmailId, State};
use store::{Account, Error, Options, Store};
use support::{Folder, append, expunge, mail, name, upload, user, with_accounts};

const MAILS: usize = 60;

fn file(folder: &Path, account: &Account) -> PathBuf {
    folder.join(format!("accounts/{:02x}/{}.sqlite", account.id().get(), account.id()))
}

/// An account with a checkpoint and a tail of the log, closed; its file, and its state.
fn filled(folder: &Folder) -> (Arc<Account>, Arc<State>) {
    let store = folder.open();
    let account = user(&store, "alice");
    for n in 0..MAILS / 2 {
        append(&account, "INBOX", vec![upload(&store, &mail(n))]).unwrap();
    }
    expunge(&account, "INBOX", &[7, 9]);
    store.close().unwrap();
    for n in MAILS / 2..MAILS {
        append(&account, "INBOX", vec![upload(&store, &mail(n))]).unwrap();
    }
    let state = account.state().unwrap();
    (account, state)
}

/// How many emails can be read; each that can is the one that came.
fn readable(account: &Account) -> usize {
    let read = |n: &usize| {
        let id = EmailId::new(*n as u64 + 1).unwrap();
        let mut octets = Vec::new();
        let mut body = account.body(id)?;
        body.read(0, body.size(), &mut octets)?;
        assert!(octets == mail(*n), "email {id} has other octets");
        let structure = account.structure(id)?;
        assert_eq!(mime::Stored::parse(&structure).unwrap().subject(), format!("mail {n}"));
        Ok::<_, Error>(())
    };
    (0..MAILS).filter(|n| read(n).is_ok()).count()
}

#[test]
fn a_flipped_octet_is_found_and_hits_little() {
    let folder = Folder::new();
    let (account, state) = filled(&folder);
    let file = file(folder.path(), &account);
    let id = account.id();
    drop(account);
    let whole = std::fs::read(&file).unwrap();
    let (mut same, mut damaged, mut found) = (0, 0, 0);
    let first_page = 4096;
    for at in (0..whole.len()).step_by(211) {
        let mut octets = whole.clone();
        octets[at] ^= 1 << (at % 8);
        std::fs::write(&file, &octets).unwrap();
        let store = folder.open();
        let account = store.account(id).unwrap();
        match account.state() {
            Ok(read) => {
                assert_eq!(*read, *state, "octet {at}");
                same += 1;
            }
            Err(Error::Damaged { .. } | Error::TooNew { .. } | Error::Database(_) | Error::Io(_)) => {
                damaged += 1;
                // What can be told of it still can be, and what is told is true.
                if let Ok((salvaged, problems)) = account.salvage() {
                    assert!(!problems.is_empty(), "octet {at}");
                    let inbox = salvaged.named(&name("INBOX"));
                    let uids = inbox.map(|inbox| inbox.messages.uids()).unwrap_or_default();
                    let all = state.named(&name("INBOX")).unwrap().messages.uids();
                    let gone = support::uids(&[7, 9]);
                    assert!(uids.difference(&all).difference(&gone).is_empty(), "octet {at}: {uids}");
                }
            }
            Err(other) => panic!("octet {at}: {other}"),
        }
        let readable = readable(&account);
        // A page has a few mails, a page of pointers some dozens; the first page says how to read all others.
        if at >= first_page {
            assert!(readable >= MAILS / 3, "octet {at}: only {readable} of {MAILS}");
        }
        match account.check() {
            Ok(report) if report.is_clean() => assert_eq!(readable, MAILS, "octet {at}: check says that all is well"),
            _ => found += 1,
        }
    }
    assert!(same > 50 && damaged > 5 && found > 50, "{same} {damaged} {found}");
    std::fs::write(&file, &whole).unwrap();
    let store = folder.open();
    support::assert_clean(&store.account(id).unwrap());
}

#[test]
fn a_damaged_checkpoint_is_made_again_from_the_log() {
    let folder = Folder::new();
    let (account, state) = filled(&folder);
    let file = file(folder.path(), &account);
    let id = account.id();
    drop(account);
    {
        let connection = rusqlite::Connection::open(&file).unwrap();
        connection.execute("UPDATE checkpoint SET data = zeroblob(20) WHERE chunk > 0", []).unwrap();
    }
    let store = folder.open();
    let account = store.account(id).unwrap();
    assert_eq!(*account.state().unwrap(), *state);
    append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    store.close().unwrap();
    support::assert_clean(&account);
}

#[test]
fn what_a_damaged_checkpoint_does_not_have_is_said_and_the_rest_is_salvaged() {
    let folder = Folder::new();
    let (account, state) = filled(&folder);
    let file = file(folder.path(), &account);
    let id = account.id();
    let options = Options { retention: std::time::Duration::ZERO, ..Options::default() };
    let store = folder.open_with(options);
    store.account(id).unwrap().state().unwrap();
    assert!(store.sweep(support::NOW + 90_000).commits > 0);
    store.close().unwrap();
    drop((store, account));
    {
        let connection = rusqlite::Connection::open(&file).unwrap();
        let trash = state.named(&name("Trash")).unwrap().id.get().cast_signed();
        connection.execute("UPDATE checkpoint SET crc = crc + 1 WHERE mailbox = ?1 AND chunk = 0", [trash]).unwrap();
    }
    let store = folder.open();
    let account = store.account(id).unwrap();
    assert!(matches!(account.state(), Err(Error::Damaged { .. })));
    assert!(append(&account, "INBOX", vec![upload(&store, &mail(1))]).is_err(), "nothing is built on it");
    let (salvaged, problems) = account.salvage().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(salvaged.named(&name("Trash")).is_none());
    assert_eq!(salvaged.named(&name("INBOX")), state.named(&name("INBOX")));
    assert_eq!(readable(&account), MAILS - 2, "but for the two that were expunged");
    let report = account.check().unwrap();
    assert_eq!(report.problems, problems);
}

#[test]
fn damage_of_a_whole_file_names_it() {
    let (folder, ids) = with_accounts(&["alice"]);
    let told = |what: &Path| {
        let opened = Store::open(folder.path(), Options::default());
        let told = opened.and_then(|store| store.account(ids[0])?.state().map(drop)).unwrap_err().to_string();
        assert!(told.contains(what.to_str().unwrap()), "{}: {told}", what.display());
    };
    for path in ["accounts/01/1.sqlite", "directory.sqlite", "posthorn.store"] {
        let path = folder.path().join(path);
        let kept = fs::read(&path).unwrap();
        fs::write(&path, vec![b'x'; 8192]).unwrap();
        told(&path);
        fs::write(&path, kept).unwrap();
    }
    let marker = folder.path().join("posthorn.store");
    fs::remove_file(&marker).unwrap();
    fs::create_dir(&marker).unwrap();
    told(&marker);
}
