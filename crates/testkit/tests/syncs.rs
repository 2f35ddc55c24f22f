//! What an acknowledgement costs: how often a commit waits for the disk.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::sync::Arc;

use account::plan::{self, NewMessage};
use account::{Flags, Permit};
use imap::{InternalDate, MailboxName};
use store::{Account, Actor, Options, Store};
use testkit::suite::Folder;
use testkit_vfs::Disk;

const NOW: i64 = 1_790_000_000;

/// Appends messages of so many octets to INBOX in one commit.
fn append(store: &Store, account: &Account, sizes: &[usize]) {
    let mut room = Vec::new();
    let mut new = Vec::new();
    for size in sizes {
        let mut upload = store.upload();
        upload.push(b"Subject: a test\r\n\r\n").unwrap();
        upload.push(&vec![b'x'; *size]).unwrap();
        let message = upload.finish().unwrap();
        new.push(NewMessage {
            size: message.size(),
            internal_date: InternalDate::new(NOW, 0),
            flags: Flags::default(),
            uid: None,
            foreign: None,
        });
        room.push(message);
    }
    let done = account.commit(&Actor::default(), NOW, room, move |state| {
        let inbox = state.named(&MailboxName::Inbox).map(|mailbox| Permit::owner(mailbox.id));
        plan::append(state, inbox, &new, NOW)
    });
    assert_eq!(done.unwrap().outcome.uids.len(), sizes.len() as u64);
}

#[test]
fn a_commit_syncs_the_log_once_whatever_is_in_it() {
    let folder = Folder::new();
    let disk = Disk::new(folder.path(), 1);
    let store = Store::set_up(folder.path(), Options::default()).unwrap();
    let id = store.directory().add("alice", None, NOW).unwrap();
    let account: Arc<Account> = store.account(id).unwrap();
    append(&store, &account, &[10]);
    let log = PathBuf::from(format!("{}-wal", store.directory().place(id)));
    for sizes in [&[10][..], &[300_000], &[10, 20, 100_000]] {
        disk.take_syncs();
        append(&store, &account, sizes);
        assert_eq!(disk.take_syncs(), std::slice::from_ref(&log), "{sizes:?}");
    }
}
