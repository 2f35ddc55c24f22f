//! Maildirs come in and go out.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod run;

use std::fs::{File, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime};

use run::{Folder, tree, write};

const BEGAN: u64 = 1_600_000_000;

fn message(path: &Path, text: &str, at: u64) {
    write(path, text);
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
    let file = File::options().append(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(at)).unwrap();
}

/// A Maildir++ as Dovecot has it: UIDs with gaps, keywords, a folder in it, subscriptions.
fn dovecot(root: &Path) {
    message(&root.join("cur/10.a.host,S=20:2,FSa"), "Subject: a\n\nFrom a\n", BEGAN);
    message(&root.join("cur/11.b.host:2,Rb"), "Subject: b\r\n\r\nbare\nLF\r\n", BEGAN + 1);
    message(&root.join("new/12.c.host"), "Subject: c\n\nnew\n", BEGAN + 2);
    message(&root.join("cur/13.d.host:2,DPT"), "Subject: d\n\nno line end", BEGAN + 3);
    // The same octets twice are two messages.
    message(&root.join("cur/14.e.host:2,S"), "Subject: e\n\ntwin\n", BEGAN + 4);
    message(&root.join("cur/15.f.host:2,"), "Subject: e\n\ntwin\n", BEGAN + 5);
    write(&root.join("dovecot-keywords"), "0 Work\n1 $Label1\n");
    write(
        &root.join("dovecot-uidlist"),
        "3 V4711 N30 G00\n7 :10.a.host,S=20\n9 W33 :11.b.host:2,R\n12 :13.d.host\n20 :14.e.host\n21 :15.f.host\n",
    );
    write(&root.join("subscriptions"), "V\t2\n\nINBOX\nListen\tEntw&APw-rfe\n");
    message(&root.join(".Listen.Entw&APw-rfe/cur/1.x.host:2,Sa"), "Subject: x\n\nx\n", BEGAN + 6);
    write(&root.join(".Listen.Entw&APw-rfe/dovecot-keywords"), "0 Other\n");
    write(&root.join(".Gone/cur/dovecot.index"), "");
    std::fs::remove_file(root.join(".Gone/cur/dovecot.index")).unwrap();
}

/// What an exported mailbox has: UID, flags with keywords spelt out, date and octets of each message.
fn contents(folder: &Path) -> Vec<(u32, String, u64, String)> {
    let keywords: Vec<String> = std::fs::read_to_string(folder.join("dovecot-keywords"))
        .unwrap()
        .lines()
        .map(|line| line.split_once(' ').unwrap().1.to_owned())
        .collect();
    let list = std::fs::read_to_string(folder.join("dovecot-uidlist")).unwrap();
    let mut found: Vec<_> = tree(&folder.join("cur"))
        .into_iter()
        .map(|(name, octets, at)| {
            let (base, flags) = name.split_once(":2,").unwrap();
            let line = list.lines().find(|line| line.ends_with(&format!(":{base}"))).unwrap();
            let spelt = |letter: char| match letter {
                'a'..='z' => format!("{} ", keywords[letter as usize - 'a' as usize]),
                _ => letter.to_string(),
            };
            let uid = line.split_once(' ').unwrap().0.parse().unwrap();
            (uid, flags.chars().map(spelt).collect(), at, String::from_utf8(octets).unwrap())
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_maildir_comes_in_and_goes_out_as_it_was() {
    let folder = Folder::new("maildir");
    folder.account("ann");
    let (root, out) = (folder.path("md"), folder.path("out"));
    dovecot(&root);
    let said = folder.run(&["import", "maildir", "ann", root.to_str().unwrap()]).is_ok();
    assert!(said.starts_with("7 messages"), "{said}");
    let said = folder.run(&["import", "maildir", "ann", root.to_str().unwrap()]).is_ok();
    assert!(said.starts_with("0 messages") && said.contains("7 there already"), "{said}");

    folder.run(&["export", "maildir", "ann", out.to_str().unwrap()]).is_ok();
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let expected = [
        (7, "FSWork ".to_owned(), BEGAN, crlf("Subject: a\n\nFrom a\n")),
        (9, "R$Label1 ".to_owned(), BEGAN + 1, "Subject: b\r\n\r\nbare\nLF\r\n".to_owned()),
        (12, "DPT".to_owned(), BEGAN + 3, crlf("Subject: d\n\nno line end")),
        (20, "S".to_owned(), BEGAN + 4, crlf("Subject: e\n\ntwin\n")),
        (21, String::new(), BEGAN + 5, crlf("Subject: e\n\ntwin\n")),
        // Dovecot has not given it a UID yet: it comes after all that were ever given.
        (30, String::new(), BEGAN + 2, crlf("Subject: c\n\nnew\n")),
    ];
    assert_eq!(contents(&out), expected);
    let list = std::fs::read_to_string(out.join("dovecot-uidlist")).unwrap();
    assert!(list.starts_with("3 V4711 N31 "), "{list}");
    let below = contents(&out.join(".Listen.Entw&APw-rfe"));
    assert_eq!(below.len(), 1);
    assert_eq!((below[0].1.as_str(), below[0].2), ("SOther ", BEGAN + 6));
    let subscriptions = std::fs::read_to_string(out.join("subscriptions")).unwrap();
    assert!(subscriptions.contains("\nListen\tEntw&APw-rfe\n") && !subscriptions.contains("Gone"), "{subscriptions}");
    assert!(out.join(".Gone/cur").is_dir(), "an empty mailbox is one, too");

    // What was exported comes into another account as it is, and out again the same.
    folder.account("bob");
    folder.run(&["import", "maildir", "bob", out.to_str().unwrap()]).is_ok();
    let again = folder.path("again");
    folder.run(&["export", "maildir", "bob", again.to_str().unwrap()]).is_ok();
    assert_eq!(contents(&again), contents(&out));
    folder.run(&["check"]).is_ok();
}

#[test]
fn an_import_goes_on_where_it_was_left() {
    let folder = Folder::new("partly");
    folder.account("ann");
    let root = folder.path("md");
    dovecot(&root);
    let later = folder.path("later");
    std::fs::create_dir(&later).unwrap();
    for name in ["14.e.host:2,S", "15.f.host:2,"] {
        std::fs::rename(root.join("cur").join(name), later.join(name)).unwrap();
    }
    folder.run(&["import", "maildir", "ann", root.to_str().unwrap(), "--into", "Old/Mail"]).is_ok();
    for name in ["14.e.host:2,S", "15.f.host:2,"] {
        std::fs::rename(later.join(name), root.join("cur").join(name)).unwrap();
    }
    let said = folder.run(&["import", "maildir", "ann", root.to_str().unwrap(), "--into", "Old/Mail"]).is_ok();
    assert!(said.starts_with("2 messages") && said.contains("5 there already"), "{said}");
    let mailboxes = folder.run(&["mailbox", "list", "ann", "--json"]).json();
    let of = |name: &str| {
        let row = mailboxes.as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
        (row["messages"].as_u64().unwrap(), row["uid_validity"].as_u64().unwrap())
    };
    assert_eq!(of("Old/Mail"), (6, 4711));
    assert_eq!(of("Old/Mail/Listen/Entwürfe").0, 1);
    assert_eq!(of("INBOX").0, 0);
}

#[test]
fn layout_fs_raw_octets_and_a_mailbox_with_mail_of_its_own() {
    let folder = Folder::new("fs");
    folder.account("ann");
    let root = folder.path("md");
    message(&root.join("cur/1.a:2,"), "Subject: a\n\na\n", BEGAN);
    message(&root.join("Lists/v1.0/cur/1.b:2,"), "Subject: b\n\nb\n", BEGAN);
    folder.run(&["import", "maildir", "ann", root.to_str().unwrap(), "--raw"]).is_ok();
    let out = folder.path("out");
    folder.run(&["export", "maildir", "ann", out.to_str().unwrap(), "--layout", "fs"]).is_ok();
    assert_eq!(contents(&out)[0].3, "Subject: a\n\na\n");
    assert_eq!(contents(&out.join("Lists/v1.0"))[0].3, "Subject: b\n\nb\n");
    folder.run(&["export", "maildir", "ann", folder.path("plus").to_str().unwrap()]).is_ok();
    assert_eq!(contents(&folder.path("plus").join(".Lists.v1&AC4-0")).len(), 1);

    // INBOX has had a message by now: UIDs cannot be kept, which is said; nothing is lost.
    let other = folder.path("other");
    dovecot(&other);
    let done = folder.run(&["import", "maildir", "ann", other.to_str().unwrap()]);
    assert!(done.error().contains("INBOX has had messages of its own"), "{}", done.error());
    assert!(done.is_ok().starts_with("7 messages"));
}

#[test]
fn an_export_over_an_older_one_is_like_a_new_one() {
    let folder = Folder::new("again");
    folder.account("ann");
    let root = folder.path("md");
    dovecot(&root);
    folder.run(&["import", "maildir", "ann", root.to_str().unwrap()]).is_ok();
    let (old, new) = (folder.path("old"), folder.path("new"));
    folder.run(&["export", "maildir", "ann", old.to_str().unwrap()]).is_ok();
    // Flags that have changed since, a message that has gone, one that came in.
    let cur = old.join("cur");
    let names: Vec<_> = tree(&cur).into_iter().map(|(name, ..)| name).collect();
    std::fs::rename(
        cur.join(&names[0]),
        cur.join(format!("{}FRS", names[0].split_once(":2,").unwrap().0.to_owned() + ":2,")),
    )
    .unwrap();
    std::fs::remove_file(cur.join(&names[1])).unwrap();
    write(&cur.join("1.V1U1.posthorn,S=9:2,"), "long gone");
    write(&cur.join("not-ours:2,"), "kept");
    folder.run(&["export", "maildir", "ann", old.to_str().unwrap()]).is_ok();
    folder.run(&["export", "maildir", "ann", new.to_str().unwrap()]).is_ok();
    std::fs::remove_file(cur.join("not-ours:2,")).unwrap();
    assert_eq!(contents(&old), contents(&new));
}

#[test]
fn a_folder_that_is_no_maildir_is_told() {
    let folder = Folder::new("none");
    folder.account("ann");
    let empty = folder.path("empty");
    std::fs::create_dir(&empty).unwrap();
    folder.run(&["import", "maildir", "ann", empty.to_str().unwrap()]).failed("is no Maildir");
    folder.run(&["import", "maildir", "ann", "/no/such/folder"]).failed("is no folder");
    folder.run(&["import", "maildir", "nobody", empty.to_str().unwrap()]).failed("there is no account nobody");
    folder.run(&["import", "maildir", "ann", empty.to_str().unwrap(), "--into", "a//b"]).failed("--into");
}
