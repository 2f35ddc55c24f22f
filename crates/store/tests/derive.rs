//! A program with newer rules of scanning opens what older ones stored.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::cast_possible_truncation, reason = "the numbers of tests are small")]

mod support;

use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use account::EmailId;
use mime::{Derivation, Stored, Which};
use store::{Account, Error, Options, Store, backend};
use support::faulty::{Fault, Faulty};
use support::{Folder, NOW, append, assert_clean, expunge, mail, octets, upload, user};

/// A program whose rules are newer, and find less: one address a field, short previews, no more than two parts.
fn newer() -> Options {
    let mime = mime::Limits { addresses: 1, preview: 6, parts: 2, ..mime::Limits::default() };
    Options { mime, derivation: Derivation::CURRENT.next(), ..Options::default() }
}

/// The same, in sweeps of eight small messages.
fn slowly() -> Options {
    Options { rederive: 8 * 4096, ..newer() }
}

/// The same, all in one sweep and without the other duty that looks for damage.
fn blind() -> Options {
    Options { inspect: 0, ..newer() }
}

/// Every third mail has parts and several addresses.
fn some_mail(number: usize) -> Vec<u8> {
    if !number.is_multiple_of(3) {
        return mail(number);
    }
    let part = |text: &str| format!("--x\r\nContent-Type: text/plain\r\n\r\n{text} {number}\r\n");
    let head = "To: a@example.org, b@example.org\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n";
    format!("Subject: mail {number}\r\n{head}{}{}--x--\r\n", part("first words"), part("more words")).into_bytes()
}

fn fill(store: &Store, count: usize) -> Arc<Account> {
    let account = user(store, "alice");
    append(&account, "INBOX", (0..count).map(|n| upload(store, &some_mail(n))).collect()).unwrap();
    account
}

fn emails(account: &Account) -> Vec<EmailId> {
    let state = account.state().unwrap();
    state.by_name().flat_map(|mailbox| mailbox.messages.iter().map(|record| record.email)).collect()
}

/// All that FETCH answers from a structure, for each email.
fn told(account: &Account) -> Vec<String> {
    let mut told = Vec::new();
    account
        .structures(&mut emails(account).into_iter(), &mut |_, structure| {
            let stored = Stored::parse(structure).unwrap();
            let parts: Vec<_> = stored.parts().map(|part| (part.path(), part.header, part.body, part.lines)).collect();
            let sections = [&[][..], &[1], &[2], &[3], &[1, 1]].map(|path| {
                [Which::Body, Which::Header, Which::Text, Which::Mime].map(|which| stored.section(path, which))
            });
            let mut fields = Vec::new();
            stored.listed_header(&["To", "Subject"], &mut fields).unwrap();
            let wire = [stored.envelope(), stored.body(), stored.bodystructure(), &fields].map(<[u8]>::escape_ascii);
            told.push(format!("{} {parts:?} {sections:?} {}", wire.map(|w| w.to_string()).join(" "), stored.size()));
            ControlFlow::Continue(())
        })
        .unwrap();
    told
}

/// By which rules what an account shows was derived, and the previews.
fn shown(account: &Account) -> Vec<(Derivation, String)> {
    let mut shown = Vec::new();
    account
        .structures(&mut emails(account).into_iter(), &mut |_, structure| {
            let stored = Stored::parse(structure).unwrap();
            shown.push((stored.derivation(), stored.preview().to_owned()));
            ControlFlow::Continue(())
        })
        .unwrap();
    shown
}

fn are_all(shown: &[(Derivation, String)], by: Derivation) -> bool {
    shown.iter().all(|(derivation, _)| *derivation == by)
}

/// Sweeps until nothing is left to do; how much each did.
fn sweep(store: &Store) -> Vec<u64> {
    let mut done = Vec::new();
    loop {
        let swept = store.sweep(NOW);
        assert!(swept.failed.is_empty(), "{:?}", swept.failed);
        if swept.derived == 0 {
            return done;
        }
        done.push(swept.derived);
    }
}

/// A store that can be opened by programs of different rules.
fn on_each(test: impl Fn(&dyn Fn(Options) -> Store)) {
    for folder in [Folder::new(), Folder::of_format_1()] {
        test(&|options| folder.open_with(options));
    }
    let memory = Arc::new(backend::Memory::default());
    test(&|options| Store::with_backend(options, memory.clone()).unwrap());
}

#[test]
fn old_structures_are_read_as_new_ones_and_then_are_new_ones() {
    on_each(|open| {
        let old = open(Options::default());
        let before = fill(&old, 40);
        let (answers, state) = (told(&before), before.state().unwrap());
        let new = open(slowly());
        let after = user(&new, "alice");
        let found = shown(&after);
        assert!(are_all(&found, Derivation::CURRENT.next()));
        assert!(found.iter().any(|(_, preview)| preview == "Line 0") && !found.contains(&shown(&before)[0]));
        assert_eq!(told(&after), answers, "what was told stays");
        assert!(are_all(&shown(&before), Derivation::CURRENT), "reading writes nothing");
        assert_clean(&after);
        let sweeps = sweep(&new);
        assert_eq!((sweeps.iter().sum::<u64>(), sweeps[0]), (40, 8), "{sweeps:?}");
        // What is kept is what was shown, and a program of before takes it as it is.
        assert_eq!(shown(&after), found);
        assert_eq!(shown(&before), found);
        assert_eq!((told(&before), told(&after)), (answers.clone(), answers));
        assert_eq!((&*before.state().unwrap(), &*after.state().unwrap()), (&*state, &*state), "nobody's modseq rose");
        assert_eq!(after.log(None).unwrap().len(), before.log(None).unwrap().len());
        assert_clean(&before);
        assert_clean(&after);
        assert!(sweep(&old).is_empty(), "older rules undo nothing");
        // What comes in by older rules afterwards is found as well, also after a restart.
        append(&before, "INBOX", vec![upload(&old, &some_mail(3))]).unwrap();
        let again = open(slowly());
        let account = user(&again, "alice");
        account.state().unwrap();
        assert_eq!(sweep(&again), [1]);
        assert_clean(&account);
    });
}

#[test]
fn a_closed_account_has_its_turn() {
    on_each(|open| {
        let old = open(Options::default());
        fill(&old, 20);
        old.close().unwrap();
        let new = open(slowly());
        assert_eq!(sweep(&new), [8, 8, 4]);
        assert!(are_all(&shown(&user(&old, "alice")), Derivation::CURRENT.next()));
    });
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let folder = Folder::new();
    fill(&folder.open(), 20);
    for expected in [8, 8, 4, 0] {
        let store = folder.open_with(slowly());
        user(&store, "alice").state().unwrap();
        assert_eq!(store.sweep(NOW).derived, expected);
    }
}

#[test]
fn a_damaged_message_keeps_its_structure_and_is_told_of_once() {
    let folder = Folder::new();
    let account = fill(&folder.open(), 20);
    let (answers, id) = (told(&account), emails(&account)[5]);
    let file = folder.path().join(format!("accounts/{:02x}/{}.sqlite", account.id().get(), account.id()));
    let connection = rusqlite::Connection::open(file).unwrap();
    let broken = "UPDATE body SET data = zeroblob(length(data)) WHERE id = ?1";
    assert_eq!(connection.execute(broken, [(id.get() << 14).cast_signed()]).unwrap(), 1);
    drop(account);
    let store = folder.open_with(blind());
    let account = user(&store, "alice");
    account.state().unwrap();
    let swept = store.sweep(NOW);
    assert_eq!((swept.derived, swept.damaged.len(), swept.failed.len()), (19, 1, 0));
    assert!(swept.damaged[0].1.to_string().contains(&format!("octets of email {id}")));
    assert!(store.sweep(NOW).damaged.is_empty() && folder.open_with(blind()).sweep(NOW).damaged.is_empty());
    assert_eq!(told(&account), answers);
    let kept = shown(&account);
    assert_eq!(kept.iter().filter(|(by, _)| *by == Derivation::CURRENT).count(), 1);
    assert_eq!(kept[5].0, Derivation::CURRENT);
    assert!(account.check().unwrap().problems.iter().all(|problem| problem.to_string().contains("octets of email")));
}

#[test]
fn a_damaged_row_is_not_made_whole() {
    let folder = Folder::new();
    let account = fill(&folder.open(), 5);
    let id = emails(&account)[2];
    let file = folder.path().join(format!("accounts/{:02x}/{}.sqlite", account.id().get(), account.id()));
    let connection = rusqlite::Connection::open(file).unwrap();
    assert_eq!(
        connection.execute("UPDATE email SET received_at = 1 WHERE id = ?1", [id.get().cast_signed()]).unwrap(),
        1
    );
    drop(account);
    let store = folder.open_with(blind());
    let account = user(&store, "alice");
    account.state().unwrap();
    let swept = store.sweep(NOW);
    assert_eq!((swept.derived, swept.damaged.len()), (4, 1));
    assert!(matches!(account.structure(id), Err(Error::Damaged { .. })));
    assert!(!account.check().unwrap().is_clean());
}

#[test]
fn what_was_removed_meanwhile_stays_gone() {
    on_each(|open| {
        let old = open(Options { retention: Duration::ZERO, ..Options::default() });
        let account = fill(&old, 20);
        let new = open(slowly());
        let seen = user(&new, "alice");
        seen.state().unwrap();
        assert_eq!(new.sweep(NOW).derived, 8);
        let all = emails(&account);
        expunge(&account, "INBOX", &[1, 2, 10, 11, 12]);
        append(&account, "INBOX", vec![upload(&old, &mail(1))]).unwrap();
        assert_eq!(old.sweep(NOW + 9999).emails, 5);
        seen.poll().unwrap();
        assert_eq!(sweep(&new), [8, 2]);
        assert!(all.iter().filter(|id| matches!(seen.structure(**id), Err(Error::NoSuchEmail(_)))).count() == 5);
        assert_clean(&seen);
    });
}

#[test]
fn a_write_that_fails_is_made_again() {
    for fault in [Fault::Full, Fault::Lost, Fault::Torn] {
        let engine = Faulty::default();
        let kept = engine.clone();
        let backend = Arc::new(backend::Memory::with_engines(move |_| Arc::new(kept.clone())));
        let account = fill(&Store::with_backend(Options::default(), backend.clone()).unwrap(), 10);
        let answers = told(&account);
        let store = Store::with_backend(newer(), backend).unwrap();
        let account = user(&store, "alice");
        account.state().unwrap();
        engine.fail_next(fault);
        let swept = store.sweep(NOW);
        assert_eq!((swept.derived, swept.failed.len()), (0, 1), "{fault:?}");
        sweep(&store);
        assert!(are_all(&shown(&account), Derivation::CURRENT.next()));
        assert_eq!(told(&account), answers);
        assert_clean(&account);
    }
}

/// The folder in which a child of this test sweeps until it is killed.
const CHILD: &str = "POSTHORN_TEST_DERIVE";

/// Sweeps a folder, slowly. For itself it does so with a small one.
#[test]
fn a_process_that_sweeps() {
    let own = Folder::new();
    let given = std::env::var_os(CHILD);
    if given.is_none() {
        fill(&own.open(), 10);
    }
    let folder = given.as_deref().map_or(own.path(), Path::new);
    let store = Store::open(folder, Options { rederive: 4096, ..newer() }).unwrap();
    let account = user(&store, "alice");
    account.state().unwrap();
    sweep(&store);
    assert!(are_all(&shown(&account), Derivation::CURRENT.next()));
}

#[test]
fn a_process_that_is_killed_while_it_sweeps_harms_nothing() {
    const MAILS: usize = 400;
    let folder = Folder::new();
    let (answers, state) = {
        let account = fill(&folder.open(), MAILS);
        (told(&account), account.state().unwrap())
    };
    let mut left = MAILS;
    let mut cut = 0;
    for round in 0..40 {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", "a_process_that_sweeps"]).env(CHILD, folder.path());
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(20 + 13 * round));
        // SIGKILL, wherever it is.
        child.kill().unwrap();
        child.wait().unwrap();
        let store = folder.open();
        let account = user(&store, "alice");
        assert_eq!(told(&account), answers);
        assert_eq!(*account.state().unwrap(), *state);
        assert_clean(&account);
        let old = shown(&account).iter().filter(|(by, _)| *by == Derivation::CURRENT).count();
        assert!(old <= left, "what was done stays done");
        cut += usize::from(old < left && old > 0);
        left = old;
        if left == 0 {
            break;
        }
    }
    assert!(cut > 0, "it was killed before it began or after it was done");
    let store = folder.open_with(newer());
    let account = user(&store, "alice");
    account.state().unwrap();
    assert_eq!(sweep(&store).iter().sum::<u64>(), left as u64);
    assert!(are_all(&shown(&account), Derivation::CURRENT.next()));
    assert_eq!(octets(&account, "INBOX", 7).unwrap(), some_mail(6));
    assert_clean(&account);
}
