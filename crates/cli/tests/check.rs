//! `check`, of what is no damage of one account.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod run;

use account::plan::{self, NewMessage};
use account::{Flags, Permit, State};
use imap::{InternalDate, MailboxName, UidSet};
use run::Folder;
use store::backend::{Edit, Expect, Table};
use store::engine::Written;
use store::{Actor, Destination, Options, Picked, Store};

const AT: i64 = 1_790_000_000;

fn inbox(state: &State) -> Option<Permit> {
    state.named(&MailboxName::Inbox).map(|inbox| Permit::owner(inbox.id))
}

/// As it is when a MOVE from alice to bob was killed between its two commits: the copy, and the note of it as
/// `docs/design/store.md` has its octets.
fn half_moved(store: &Store) {
    let account = |name| store.account(store.directory().find_by_name(name).unwrap().unwrap().id).unwrap();
    let (alice, bob) = (account("alice"), account("bob"));
    let mut upload = store.upload();
    upload.push(b"Subject: once\r\n\r\n").unwrap();
    let message = upload.finish().unwrap();
    let new = NewMessage {
        size: message.size(),
        internal_date: InternalDate::new(AT, 0),
        flags: Flags::default(),
        uid: None,
        foreign: None,
    };
    let plan = move |state: &State| plan::append(state, inbox(state), std::slice::from_ref(&new), AT);
    alice.commit(&Actor::default(), AT, vec![message], plan).unwrap();
    let from = inbox(&alice.state().unwrap()).unwrap();
    let uids: UidSet = std::iter::once(imap::Uid::MIN).collect();
    let picked = Picked { account: alice.clone(), from, uids };
    store.copy(&Actor::default(), AT, &picked, &Destination::new(bob.clone(), inbox)).unwrap();
    let mailbox = from.mailbox.get().to_le_bytes();
    let mut row = vec![1];
    for account in [&alice, &bob] {
        row.extend(account.id().get().to_le_bytes());
        row.extend(mailbox);
    }
    row.extend(1u32.to_le_bytes());
    row.extend(AT.to_le_bytes());
    row.extend([1u32, 1].into_iter().flat_map(u32::to_le_bytes));
    let edit = Edit { table: Table::Transfer, key: b"a note".to_vec(), was: Expect::Nothing, becomes: Some(row) };
    assert_eq!(store.rows().write(&[edit]).unwrap(), Written::Durably);
}

#[test]
fn what_a_move_left_in_both_accounts_is_named() {
    let folder = Folder::new("check");
    folder.account("alice");
    folder.account("bob");
    assert!(folder.run(&["check"]).is_ok().ends_with("all is well\n"));
    half_moved(&Store::open(&folder.path("data"), Options::default()).unwrap());
    let said = "a MOVE of 2026-09-21T14:13:20Z was stopped half-way and left 1 message in both alice's INBOX (UID 1) and \
                bob's INBOX (UID 1); nothing is lost: delete what is there twice in one of the two";
    let done = folder.run(&["check"]);
    assert_eq!(done.status(), Some(3));
    assert!(done.out().lines().any(|line| line == said), "{}", done.out());
    let done = folder.run(&["check", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&done.out()).unwrap();
    assert_eq!((&found["clean"], &found["moves"]), (&false.into(), &vec![said].into()));
}
