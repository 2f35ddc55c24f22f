//! Accounts, names, addresses, credentials.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the numbers of tests are small")]

mod support;

use store::{Credentials, Error, Scram, Store};
use support::{Folder, NOW};

fn on_both(test: impl Fn(&Store)) {
    test(&Folder::new().open());
    test(&Store::memory());
}

fn credentials(text: &str) -> Credentials {
    let scram =
        Scram { salt: vec![1, 2], iterations: 4096, stored_key: text.as_bytes().to_vec(), server_key: vec![0; 32] };
    Credentials { hash: format!("$argon2id${text}"), scram }
}

#[test]
fn names_are_found_in_any_case_and_by_address() {
    on_both(|store| {
        let directory = store.directory();
        let alice = directory.add("Alice@Example.org", Some(&credentials("a")), NOW).unwrap();
        let bob = directory.add("bob", None, NOW + 1).unwrap();
        directory.add_alias("postmaster@example.org", bob).unwrap();
        let find = |name: &str| directory.find_by_name(name).unwrap().map(|entry| entry.id);
        assert_eq!(find("aLICE@example.ORG"), Some(alice));
        assert_eq!(find("Postmaster@Example.org"), Some(bob));
        assert_eq!(find("BOB"), Some(bob));
        assert_eq!(find("bo"), None);
        assert_eq!(find("é"), None);
        let names: Vec<_> = directory.list().unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["Alice@Example.org", "bob"]);
        assert_eq!(directory.find(bob).unwrap().unwrap().created, NOW + 1);
        assert_eq!(directory.aliases().unwrap(), [("postmaster@example.org".to_owned(), bob)]);
    });
}

#[test]
fn no_two_things_have_one_name() {
    on_both(|store| {
        let directory = store.directory();
        let alice = directory.add("alice", None, NOW).unwrap();
        directory.add_alias("info", alice).unwrap();
        for (taken, id) in [("ALICE", alice), ("Info", alice)] {
            assert!(matches!(directory.add(taken, None, NOW), Err(Error::NameTaken(_))), "{taken}");
            assert!(matches!(directory.add_alias(taken, id), Err(Error::NameTaken(_))), "{taken}");
        }
        for bad in ["", " a", "a\nb", "a\0b", &"x".repeat(400)] {
            assert!(matches!(directory.add(bad, None, NOW), Err(Error::BadName(_))), "{bad:?}");
            assert!(matches!(directory.add_alias(bad, alice), Err(Error::BadName(_))), "{bad:?}");
        }
        assert!(directory.remove_alias("INFO").unwrap());
        assert!(!directory.remove_alias("info").unwrap());
        assert_ne!(directory.add("info", None, NOW).unwrap(), alice);
    });
}

#[test]
fn names_never_become_paths() {
    let folder = Folder::new();
    let store = folder.open();
    let account = support::user(&store, "../../../../tmp/x");
    account.state().unwrap();
    assert!(folder.path().join(format!("accounts/{:02x}/{}.sqlite", account.id().get(), account.id())).exists());
}

#[test]
fn credentials_change_and_the_version_tells() {
    on_both(|store| {
        let directory = store.directory();
        let version = directory.version();
        let alice = directory.add("alice", Some(&credentials("one")), NOW).unwrap();
        assert!(directory.version() > version);
        assert_eq!(directory.credentials(alice).unwrap(), Some(credentials("one")));
        let version = directory.version();
        directory.set_password(alice, &credentials("two")).unwrap();
        assert!(directory.version() > version);
        assert_eq!(directory.credentials(alice).unwrap(), Some(credentials("two")));
        directory.disable(alice).unwrap();
        assert!(directory.find(alice).unwrap().unwrap().disabled);
        assert_eq!(directory.credentials(alice).unwrap(), Some(credentials("two")));
        directory.enable(alice).unwrap();
        assert!(!directory.find_by_name("Alice").unwrap().unwrap().disabled);
        let version = directory.version();
        directory.find(alice).unwrap();
        assert_eq!(directory.refresh().unwrap(), version, "looking changes nothing");
        store.remove(alice).unwrap();
        assert!(matches!(directory.credentials(alice), Err(Error::NoSuchAccount)));
        assert!(matches!(directory.disable(alice), Err(Error::NoSuchAccount)));
        assert!(matches!(store.account(alice), Err(Error::NoSuchAccount)));
    });
}

#[test]
fn another_process_sees_the_change() {
    let folder = Folder::new();
    let (ours, theirs) = (folder.open(), folder.open());
    let version = ours.directory().refresh().unwrap();
    let alice = theirs.directory().add("alice", None, NOW).unwrap();
    assert!(ours.directory().refresh().unwrap() > version);
    assert_eq!(ours.directory().find_by_name("alice").unwrap().unwrap().id, alice);
    let version = ours.directory().version();
    assert_eq!(ours.directory().refresh().unwrap(), version);
}

/// What is remembered from before the first look is out of date then, too.
#[test]
fn what_another_process_did_before_the_first_look_is_a_change() {
    let folder = Folder::new();
    let (ours, theirs) = (folder.open(), folder.open());
    let version = ours.directory().version();
    theirs.directory().add("alice", None, NOW).unwrap();
    assert!(ours.directory().refresh().unwrap() > version);
}

#[test]
fn a_flipped_bit_in_the_directory_is_an_error_or_nothing() {
    let folder = Folder::new();
    let alice = {
        let store = folder.open();
        store.directory().add("bob", Some(&credentials("other")), NOW).unwrap();
        store.directory().add("alice", Some(&credentials("correct horse")), NOW).unwrap()
    };
    let file = folder.path().join("directory.sqlite");
    let whole = std::fs::read(&file).unwrap();
    let mut found = 0;
    for at in (0..whole.len()).step_by(37) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&file, &bytes).unwrap();
        let Ok(store) = Store::open(folder.path(), store::Options::default()) else {
            found += 1;
            continue;
        };
        match store.directory().credentials(alice) {
            Ok(read) => assert_eq!(read, Some(credentials("correct horse")), "octet {at}"),
            Err(_) => found += 1,
        }
    }
    assert!(found > 0);
    std::fs::write(&file, &whole).unwrap();
    assert!(folder.open().directory().credentials(alice).unwrap().is_some());
}

/// There are mails and password hashes in these files.
#[test]
fn what_the_store_makes_only_its_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let store = folder.open();
    let id = store.directory().add("alice", None, 1).unwrap();
    store.account(id).unwrap().state().unwrap();
    let mut folders = vec![folder.path().to_owned()];
    let mut files = 0;
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if entry.file_name().to_string_lossy().contains(".sqlite") {
                files += 1;
                let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
                assert_eq!(mode, 0o600, "{} is {mode:o}", entry.path().display());
            }
        }
    }
    assert!(files >= 2, "directory and account");
}
