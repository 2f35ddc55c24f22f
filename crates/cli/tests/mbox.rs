//! mbox files come in and go out.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod run;

use run::{Folder, tree, write};

const TWO: &str = "From a@b Wed Nov 25 19:01:06 2026
Subject: 1
Status: RO
X-Status: F
X-Keywords: Work

>From x
>>From y

From me, later

From - Wed Nov 25 19:01:07 2026
Subject: 2
X-Mozilla-Status: 0003

last

";

#[test]
fn an_mbox_comes_in_and_goes_out() {
    let folder = Folder::new("mbox");
    folder.account("ann");
    let file = folder.path("old.mbox");
    write(&file, TWO);
    let said = folder.run(&["import", "mbox", "ann", file.to_str().unwrap(), "--into", "Old/Mail"]).is_ok();
    assert!(said.starts_with("2 messages"), "{said}");
    let said = folder.run(&["import", "mbox", "ann", file.to_str().unwrap(), "--into", "Old/Mail"]).is_ok();
    assert!(said.starts_with("0 messages") && said.contains("2 there already"), "{said}");

    let out = folder.path("out");
    folder.run(&["export", "mbox", "ann", out.to_str().unwrap()]).is_ok();
    let text = std::fs::read_to_string(out.join("Old.sbd/Mail")).unwrap();
    let expected = "From MAILER-DAEMON Wed Nov 25 19:01:06 2026
Subject: 1
Status: RO
X-Status: F
X-Keywords: Work

>From x
>>From y

>From me, later

From MAILER-DAEMON Wed Nov 25 19:01:07 2026
Subject: 2
X-Mozilla-Status: 0003
Status: RO
X-Status: A

last

";
    assert_eq!(text, expected);

    // All of it into another account, and out again.
    folder.account("bob");
    folder.run(&["import", "mbox", "bob", out.to_str().unwrap()]).is_ok();
    let again = folder.path("again");
    folder.run(&["export", "mbox", "bob", again.to_str().unwrap()]).is_ok();
    let undated = |root| tree(root).into_iter().map(|(name, octets, _)| (name, octets)).collect::<Vec<_>>();
    assert_eq!(undated(&again), undated(&out));
    folder.run(&["check"]).is_ok();
}

#[test]
fn the_octets_of_any_message_survive() {
    let folder = Folder::new("octets");
    folder.account("ann");
    let maildir = folder.path("md");
    let messages: [&[u8]; 5] = [
        b"A: b\r\n\r\nFrom x\r\n>From y\r\n\r\n\r\n",
        b"A: b\r\n\r\nbare\nFrom x\nCR\rhere\r\n",
        b"A: b\n\n8-bit \xff and NUL \0\r\n",
        b"A: b\r\n\r\nends in CR CR LF\r\r\n",
        b"A: b\r\n\r\n",
    ];
    for (n, octets) in messages.iter().enumerate() {
        write(&maildir.join(format!("cur/{n}.host:2,")), octets);
    }
    folder.run(&["import", "maildir", "ann", maildir.to_str().unwrap(), "--raw"]).is_ok();
    let mboxes = folder.path("mboxes");
    folder.run(&["export", "mbox", "ann", mboxes.to_str().unwrap()]).is_ok();
    folder.account("bob");
    folder.run(&["import", "mbox", "bob", mboxes.join("INBOX").to_str().unwrap()]).is_ok();
    let out = folder.path("out");
    folder.run(&["export", "maildir", "bob", out.to_str().unwrap()]).is_ok();
    let mut got: Vec<_> = tree(&out.join("cur")).into_iter().map(|(_, octets, _)| octets).collect();
    let mut wanted: Vec<_> = messages.iter().map(|octets| octets.to_vec()).collect();
    got.sort();
    wanted.sort();
    assert_eq!(got, wanted);
}

#[test]
fn what_is_no_mbox_is_told() {
    let folder = Folder::new("no-mbox");
    folder.account("ann");
    let file = folder.path("x.eml");
    write(&file, "Subject: x\n\nx\n");
    folder.run(&["import", "mbox", "ann", file.to_str().unwrap()]).failed("it is no mbox");
    folder.run(&["import", "mbox", "ann", "/no/such/file"]).failed("cannot read /no/such/file");
    std::fs::create_dir(folder.path("empty")).unwrap();
    folder.run(&["import", "mbox", "ann", folder.path("empty").to_str().unwrap()]).failed("there is no mbox in");
}
