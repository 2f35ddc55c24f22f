//! A disk that has little room, none, or is mounted for reading only. Alone in its file: its disk is full for all of it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use account::{Flags, Permit, SystemFlags, plan};
use imap::{MailboxName, StoreMode};
use parking_lot::{Mutex, MutexGuard};
use store::{Account, CommitError, Error, Measured, Options, Space, Store};
use support::{Folder, NOW, append, assert_clean, commit, mail, octets, uids, upload, user};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// What the disk says. One test at a time has it.
static FREE: AtomicU64 = AtomicU64::new(GIB);
static READ_ONLY: AtomicBool = AtomicBool::new(false);
static TURN: Mutex<()> = Mutex::new(());

#[expect(clippy::unnecessary_wraps, reason = "it stands in for one that fails")]
fn measure(_: &Path) -> io::Result<Measured> {
    let (free, read_only) = (FREE.load(Ordering::SeqCst), READ_ONLY.load(Ordering::SeqCst));
    Ok(Measured { system: 1, free, total: 100 * GIB, read_only, copies: false })
}

fn disk(free: u64) -> MutexGuard<'static, ()> {
    let turn = TURN.lock();
    FREE.store(free, Ordering::SeqCst);
    READ_ONLY.store(false, Ordering::SeqCst);
    turn
}

fn options() -> Options {
    Options { measure, ..Options::default() }
}

fn set_seen(account: &Account) -> Result<(), CommitError> {
    let inbox = account.state().unwrap().named(&MailboxName::Inbox).unwrap().id;
    let flags = Flags::new(SystemFlags::SEEN, Vec::new());
    let set = uids(&[1]);
    let plan = move |state: &_| {
        plan::store(state, Permit::owner(inbox), &set, (StoreMode::Add, &flags), plan::Condition::Always)
    };
    commit(account, plan).map(drop)
}

fn is_full(result: Result<impl Sized, CommitError>) -> bool {
    matches!(result, Err(CommitError::Failed(Error::Full)))
}

/// A tried disk is not tried again for half a second.
fn wait_for_room(store: &Store) {
    for _ in 0..100 {
        if store.space() == Space::Plenty {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("it is {:?}", store.space());
}

#[test]
fn mail_leaves_the_reserve_alone_and_small_changes_go_on_in_it() {
    let _turn = disk(GIB);
    let folder = Folder::new();
    let store = Store::set_up(folder.path(), options()).unwrap();
    let account = user(&store, "alice");
    append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    FREE.store(60 * MIB, Ordering::SeqCst);
    assert_eq!(store.space(), Space::Reserve);
    assert!(is_full(append(&account, "INBOX", vec![upload(&store, &mail(2))])));
    set_seen(&account).unwrap();
    assert_eq!(octets(&account, "INBOX", 1).unwrap(), mail(1));
    FREE.store(GIB, Ordering::SeqCst);
    append(&account, "INBOX", vec![upload(&store, &mail(3))]).unwrap();
    assert_clean(&account);
}

/// The files of an account, in what they are.
fn files(store: &Store, account: &Account) -> [PathBuf; 3] {
    let place = store.directory().place(account.id());
    ["", "-wal", "-shm"].map(|suffix| PathBuf::from(format!("{place}{suffix}")))
}

#[test]
fn a_full_disk_is_read_and_nothing_is_written_to_it() {
    let _turn = disk(GIB);
    let folder = Folder::new();
    let store = Store::set_up(folder.path(), options()).unwrap();
    let (open, closed) = (user(&store, "open"), user(&store, "closed"));
    append(&closed, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    store.close().unwrap();
    append(&open, "INBOX", vec![upload(&store, &mail(2))]).unwrap();
    FREE.store(MIB, Ordering::SeqCst);
    assert_eq!(store.space(), Space::Full);
    let before = fs::read(&files(&store, &open)[1]).unwrap();
    for (account, n) in [(&open, 2), (&closed, 1)] {
        assert_eq!(octets(account, "INBOX", 1).unwrap(), mail(n));
        assert!(is_full(set_seen(account)));
        assert_clean(account);
    }
    assert!(matches!(store.directory().add("more", None, NOW), Err(Error::Full)));
    let swept = store.sweep(NOW);
    assert!(swept.damaged.is_empty());
    assert!(swept.failed.iter().all(|failure| matches!(failure.error, Error::Full)), "{:?}", swept.failed);
    assert!(matches!(store.close(), Err(Error::Full)), "how much time has passed is not written down");
    assert_eq!(fs::read(&files(&store, &open)[1]).unwrap(), before, "the journal stays as it was");
    // Another process finds what is in the journal.
    drop((open, closed, store));
    let store = Store::open(folder.path(), options()).unwrap();
    let id = store.directory().find_by_name("open").unwrap().unwrap().id;
    let open = store.account(id).unwrap();
    assert_eq!(octets(&open, "INBOX", 1).unwrap(), mail(2));
    FREE.store(GIB, Ordering::SeqCst);
    wait_for_room(&store);
    append(&open, "INBOX", vec![upload(&store, &mail(3))]).unwrap();
    set_seen(&open).unwrap();
    assert_clean(&open);
}

/// Where no file can be made: a folder stands where SQLite would make the one that is missing.
#[test]
fn files_that_cannot_be_made_are_done_without() {
    for missing in [&[2][..], &[1, 2]] {
        let _turn = disk(GIB);
        let folder = Folder::new();
        let store = Store::set_up(folder.path(), options()).unwrap();
        let account = user(&store, "alice");
        append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
        let files = files(&store, &account);
        let kept = files.clone().map(|file| fs::read(file).unwrap_or_default());
        store.close().unwrap();
        if missing == [2] {
            // As a process leaves it that is killed.
            fs::write(&files[0], &kept[0]).unwrap();
            fs::write(&files[1], &kept[1]).unwrap();
        }
        for file in missing {
            fs::create_dir(&files[*file]).unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        FREE.store(MIB, Ordering::SeqCst);
        assert_eq!(octets(&account, "INBOX", 1).unwrap(), mail(1), "without {missing:?}");
        assert_clean(&account);
        READ_ONLY.store(true, Ordering::SeqCst);
        assert!(matches!(store.close(), Err(Error::ReadOnly)));
        assert_eq!(octets(&account, "INBOX", 1).unwrap(), mail(1), "without {missing:?}, for reading only");
        assert!(matches!(set_seen(&account), Err(CommitError::Failed(Error::ReadOnly))));
    }
}

#[test]
fn what_is_read_without_locks_is_believed_only_if_nobody_wrote() {
    let _turn = disk(GIB);
    let folder = Folder::new();
    let store = Store::set_up(folder.path(), options()).unwrap();
    let account = user(&store, "alice");
    append(&account, "INBOX", vec![upload(&store, &mail(1))]).unwrap();
    let files = files(&store, &account);
    store.close().unwrap();
    fs::create_dir(&files[1]).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    FREE.store(MIB, Ordering::SeqCst);
    let email = account.state().unwrap().named(&MailboxName::Inbox).unwrap().messages.iter().next().unwrap().email;
    let database = fs::read(&files[0]).unwrap();
    let read = account.structures(&mut std::iter::once(email), &mut |_, _| {
        fs::write(&files[0], &database).unwrap();
        std::ops::ControlFlow::Continue(())
    });
    assert!(matches!(read, Err(Error::Busy)), "{read:?}");
}
