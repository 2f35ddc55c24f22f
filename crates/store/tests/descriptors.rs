//! When no more files can be opened. Alone in its file: the limit is its process's.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use store::{Options, Store};
use support::{Folder, append, assert_clean, mail, octets, upload, user};

#[test]
fn accounts_that_nobody_uses_give_their_descriptors_to_those_that_are_opened() {
    const ACCOUNTS: usize = 24;
    let folder = Folder::new();
    let store = Store::set_up(folder.path(), Options::default()).unwrap();
    let accounts: Vec<_> = (0..ACCOUNTS).map(|n| user(&store, &format!("user-{n}"))).collect();
    for (n, account) in accounts.iter().enumerate() {
        append(account, "INBOX", vec![upload(&store, &mail(n))]).unwrap();
    }
    store.close().unwrap();
    let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
    let maximum = getrlimit(Resource::Nofile).maximum;
    // Enough for six accounts, at five each.
    setrlimit(Resource::Nofile, Rlimit { current: Some(open + 30), maximum }).unwrap();
    for (n, account) in accounts.iter().enumerate() {
        assert_eq!(octets(account, "INBOX", 1).unwrap(), mail(n), "account {n}");
    }
    // Those that were closed for it are there, and can be written to.
    append(&accounts[0], "INBOX", vec![upload(&store, &mail(77))]).unwrap();
    assert_eq!(octets(&accounts[0], "INBOX", 2).unwrap(), mail(77));
    assert!(accounts.iter().filter(|account| account.state_if_open().is_some()).count() < ACCOUNTS);
    // What connections need is given back, too.
    assert!(store.give_back() > 0);
    setrlimit(Resource::Nofile, Rlimit { current: Some(open + 300), maximum }).unwrap();
    accounts.iter().for_each(|account| assert_clean(account));
}
