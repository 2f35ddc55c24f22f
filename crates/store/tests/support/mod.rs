//! What the store's tests share.

#![allow(dead_code, reason = "each test uses its own part of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub(crate) mod faulty;
pub(crate) mod life;
pub(crate) mod mortal;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use account::plan::{self, NewMessage};
use account::{Flags, Permit, Refusal, State};
use imap::{InternalDate, MailboxName, StoreMode, Uid, UidSet};
use store::backend::{Edit, Expect, Table};
use store::engine::Written;
use store::{Account, AccountId, Actor, CommitError, Committed, Message, Options, Store};

/// A time at which all tests happen.
pub(crate) const NOW: i64 = 1_790_000_000;

/// A folder that goes with its value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("posthorn-store-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A folder whose accounts are of format 1, as version 0.1 made them.
    pub(crate) fn of_format_1() -> Self {
        let folder = Self::new();
        drop(folder.open());
        let directory = rusqlite::Connection::open(folder.path().join("directory.sqlite")).unwrap();
        directory.execute_batch("PRAGMA user_version = 1").unwrap();
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn open(&self) -> Store {
        self.open_with(Options::default())
    }

    pub(crate) fn open_with(&self, options: Options) -> Store {
        Store::set_up(&self.0, options).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Lets time pass as the sweeps of a server see it: each counts an hour at most. How many rows of logs and how many
/// emails went.
pub(crate) fn pass(store: &Store, time: Duration) -> (u64, u64) {
    thread_local! {
        static CLOCK: Cell<i64> = const { Cell::new(NOW) };
    }
    let mut left = i64::try_from(time.as_secs()).unwrap();
    let (mut commits, mut emails) = (0, 0);
    // The first sweep of a store sees no time pass.
    let mut step = 0;
    loop {
        CLOCK.set(CLOCK.get() + step);
        let swept = store.sweep(CLOCK.get());
        assert!(swept.failed.is_empty(), "{:?}", swept.failed);
        (commits, emails) = (commits + swept.commits, emails + swept.emails);
        left -= step;
        if left == 0 {
            return (commits, emails);
        }
        step = left.min(3600);
    }
}

/// So many days.
pub(crate) fn days(days: u64) -> Duration {
    Duration::from_hours(24 * days)
}

/// Loses where the sweeps stand.
pub(crate) fn forget_count(store: &Store) {
    let edit = Edit { table: Table::Sweeps, key: Vec::new(), was: Expect::Anything, becomes: None };
    assert_eq!(store.rows().write(&[edit]).unwrap(), Written::Durably);
}

/// The account of that name, made if it is not there.
pub(crate) fn user(store: &Store, name: &str) -> Arc<Account> {
    let found = store.directory().find_by_name(name).unwrap();
    let id = found.map_or_else(|| store.directory().add(name, None, NOW).unwrap(), |entry| entry.id);
    store.account(id).unwrap()
}

pub(crate) fn upload(store: &Store, octets: &[u8]) -> Message {
    let mut upload = store.upload();
    upload.push(octets).unwrap();
    upload.finish().unwrap()
}

/// A small mail; different numbers give different octets.
pub(crate) fn mail(number: usize) -> Vec<u8> {
    let head = format!(
        "From: a{number}@example.org\r\nTo: b@example.org\r\nSubject: mail {number}\r\n\
         Date: Wed, 25 Nov 2026 19:00:00 +0000\r\nMessage-ID: <{number}@example.org>\r\n\r\n"
    );
    let mut octets = head.into_bytes();
    for line in 0..number % 7 {
        octets.extend(format!("Line {line} of mail {number}.\r\n").as_bytes());
    }
    octets
}

pub(crate) fn new_message(message: &Message) -> NewMessage {
    NewMessage {
        size: message.size(),
        internal_date: InternalDate::new(NOW, 60),
        flags: Flags::default(),
        uid: None,
        foreign: None,
    }
}

pub(crate) fn actor() -> Actor {
    Actor { session: 7, client: "test".to_owned(), ..Actor::default() }
}

pub(crate) fn append(
    account: &Account,
    mailbox: &str,
    messages: Vec<Message>,
) -> Result<Committed<UidSet>, CommitError> {
    let name = MailboxName::new(mailbox).unwrap();
    let news: Vec<_> = messages.iter().map(new_message).collect();
    account.commit(&actor(), NOW, messages, move |state| {
        let to = state.named(&name).map(|mailbox| Permit::owner(mailbox.id));
        let planned = plan::append(state, to, &news, NOW)?;
        Ok(account::Planned { changes: planned.changes, outcome: planned.outcome.uids })
    })
}

pub(crate) fn commit<T: Send + 'static>(
    account: &Account,
    plan: impl FnMut(&State) -> Result<account::Planned<T>, Refusal> + Send + 'static,
) -> Result<Committed<T>, CommitError> {
    account.commit(&actor(), NOW, Vec::new(), plan)
}

/// A mailbox that is there, with all rights.
pub(crate) fn owned(state: &State, name: &MailboxName) -> Permit {
    Permit::owner(state.named(name).unwrap().id)
}

pub(crate) fn name(name: &str) -> MailboxName {
    MailboxName::new(name).unwrap()
}

pub(crate) fn uids(list: &[u32]) -> UidSet {
    list.iter().filter_map(|uid| Uid::new(*uid)).collect()
}

/// Marks messages as deleted and expunges them.
pub(crate) fn expunge(account: &Account, mailbox: &str, which: &[u32]) {
    let (name, which) = (name(mailbox), uids(which));
    let (flagged, set) = (name.clone(), which.clone());
    commit(account, move |state| {
        let into = owned(state, &flagged);
        let flags = Flags::new(account::SystemFlags::DELETED, Vec::new());
        plan::store(state, into, &set, (StoreMode::Add, &flags), plan::Condition::Always)
    })
    .unwrap();
    commit(account, move |state| plan::expunge(state, owned(state, &name), Some(&which))).unwrap();
}

/// All octets of a message in a mailbox.
pub(crate) fn octets(account: &Account, mailbox: &str, uid: u32) -> Result<Vec<u8>, store::Error> {
    let state = account.state()?;
    let record = *state.named(&name(mailbox)).unwrap().messages.by_uid(Uid::new(uid).unwrap()).unwrap();
    let mut body = account.body(record.email)?;
    let mut out = Vec::new();
    body.read(0, body.size(), &mut out)?;
    Ok(out)
}

pub(crate) fn assert_clean(account: &Account) {
    let report = account.check().unwrap();
    assert!(report.is_clean(), "{:#?}", report.problems);
}

/// Where an account is kept.
pub(crate) fn file(folder: &Folder, id: AccountId) -> PathBuf {
    folder.path().join(format!("accounts/{:02x}/{id}.sqlite", id.get() & 0xff))
}

/// A folder with these accounts, each with a mail, and all closed.
pub(crate) fn with_accounts(names: &[&str]) -> (Folder, Vec<AccountId>) {
    let folder = Folder::new();
    let ids = add_accounts(&folder, names);
    (folder, ids)
}

/// Makes these accounts, each with a mail, and closes all.
pub(crate) fn add_accounts(folder: &Folder, names: &[&str]) -> Vec<AccountId> {
    let store = folder.open();
    let ids = names.iter().enumerate().map(|(number, name)| {
        let account = user(&store, name);
        append(&account, "INBOX", vec![upload(&store, &mail(number))]).unwrap();
        account.id()
    });
    let ids = ids.collect();
    store.close().unwrap();
    ids
}
