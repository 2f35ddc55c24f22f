//! Two imports at once, by two processes, into one account.

#![allow(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod run;

use std::fmt::Write;
use std::path::PathBuf;

use run::{Folder, write};

const MESSAGES: usize = 300;

/// An mbox with messages that no other one has.
fn mbox(folder: &Folder, name: &str) -> PathBuf {
    let text = (0..MESSAGES).fold(String::new(), |mut text, n| {
        write!(text, "From a@b Wed Nov 25 19:01:06 2026\nSubject: {name} {n}\n\n{name}\n\n").unwrap();
        text
    });
    let path = folder.path(name);
    write(&path, text);
    path
}

#[test]
fn two_imports_at_once_bring_all_messages_once() {
    let folder = Folder::new("imports");
    folder.account("ann");
    let files = [mbox(&folder, "one.mbox"), mbox(&folder, "two.mbox")];
    let import =
        |file: &PathBuf| folder.run(&["import", "mbox", "ann", file.to_str().unwrap(), "--into", "Old/Mail"]).is_ok();
    // Neither the account nor the mailbox has been made: each of the two finds nothing there.
    let said: Vec<String> = std::thread::scope(|scope| {
        let imports: Vec<_> = files.iter().map(|file| scope.spawn(|| import(file))).collect();
        imports.into_iter().map(|import| import.join().unwrap()).collect()
    });
    assert!(said.iter().all(|said| said.starts_with(&format!("{MESSAGES} messages"))), "{said:?}");
    for file in &files {
        let said = import(file);
        assert!(said.starts_with("0 messages") && said.contains(&format!("{MESSAGES} there already")), "{said}");
    }
    let out = folder.path("out");
    folder.run(&["export", "mbox", "ann", out.to_str().unwrap()]).is_ok();
    let text = std::fs::read_to_string(out.join("Old.sbd/Mail")).unwrap();
    for name in ["one.mbox", "two.mbox"] {
        let came = |n: &usize| text.matches(&format!("Subject: {name} {n}\n")).count() == 1;
        assert_eq!((0..MESSAGES).filter(came).count(), MESSAGES, "{name}");
    }
    assert!(folder.run(&["check"]).is_ok().ends_with("all is well\n"));
}
