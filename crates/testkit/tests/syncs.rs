//! What an acknowledgement costs: how often a commit waits for the disk. And what is told when that fails.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::sync::Arc;

use account::plan::{self, NewMessage};
use account::{Flags, Permit};
use imap::{InternalDate, MailboxName};
use store::{Account, Actor, CommitError, Error, Options, Store};
use testkit::suite::Folder;
use testkit_vfs::{Disk, Trouble};

const NOW: i64 = 1_790_000_000;

/// Appends messages of so many octets to INBOX in one commit.
fn append(store: &Store, account: &Account, sizes: &[usize]) -> Result<(), CommitError> {
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
    done.map(|done| assert_eq!(done.outcome.uids.len(), sizes.len() as u64))
}

#[test]
fn a_commit_syncs_the_log_once_whatever_is_in_it() {
    let folder = Folder::new();
    let disk = Disk::new(folder.path(), 1);
    let store = Store::set_up(folder.path(), Options::default()).unwrap();
    let id = store.directory().add("alice", None, NOW).unwrap();
    let account: Arc<Account> = store.account(id).unwrap();
    append(&store, &account, &[10]).unwrap();
    let log = PathBuf::from(format!("{}-wal", store.directory().place(id)));
    for sizes in [&[10][..], &[300_000], &[10, 20, 100_000]] {
        disk.take_syncs();
        append(&store, &account, sizes).unwrap();
        assert_eq!(disk.take_syncs(), std::slice::from_ref(&log), "{sizes:?}");
    }
}

/// The sizes of the mails in INBOX, without what each has in its header.
fn sizes(account: &Account) -> Vec<u32> {
    let state = account.state().unwrap();
    let inbox = state.named(&MailboxName::Inbox).unwrap();
    inbox.messages.iter().map(|message| message.size - 19).collect()
}

/// So many syncs fail after a commit, its own first. What is told of the mail is what is found when the power was cut
/// after that.
#[test]
fn syncs_that_fail_make_no_answer_untrue() {
    let mut seen = [0; 3];
    for (syncs, seed) in (1..=6).flat_map(|syncs| (0..8).map(move |seed| (syncs, seed))) {
        let folder = Folder::new();
        let disk = Disk::new(folder.path(), seed);
        let store = Store::set_up(folder.path(), Options::default()).unwrap();
        let id = store.directory().add("alice", None, NOW).unwrap();
        let account = store.account(id).unwrap();
        append(&store, &account, &[10]).unwrap();
        disk.expect(Trouble::Syncs(syncs), 0);
        let told = append(&store, &account, &[20]);
        disk.expect(Trouble::PowerCut, 0);
        let _cut = append(&store, &account, &[30]);
        drop((account, store));
        disk.restore().unwrap();
        let store = Store::open(folder.path(), Options::default()).unwrap();
        let found = sizes(&store.account(id).unwrap());
        assert!(found.contains(&10), "{syncs} syncs, seed {seed}: {found:?}");
        match told {
            Ok(()) => assert!(found.contains(&20), "{syncs} syncs, seed {seed}: acknowledged and lost"),
            Err(CommitError::Failed(Error::Unsettled(_))) => {}
            Err(_) => assert!(!found.contains(&20), "{syncs} syncs, seed {seed}: refused and there"),
        }
        seen[match told {
            Ok(()) => 0,
            Err(CommitError::Failed(Error::Unsettled(_))) => 1,
            Err(_) => 2,
        }] += 1;
    }
    assert!(seen[1] > 0 && seen[0] + seen[2] > 0, "{seen:?}");
}
