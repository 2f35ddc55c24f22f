//! Accounts and aliases by the command line.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod run;

use run::{Folder, posthorn, run};

#[test]
fn accounts_come_change_and_go() {
    let folder = Folder::new("users");
    folder.account("ann@example.org");
    folder.account("bob");
    folder.run_with(&["user", "add", "BOB", "--password-stdin"], b"x").failed("already");
    folder.run(&["alias", "add", "info@example.org", "ann@example.org"]).is_ok();
    folder.run(&["alias", "add", "bob", "ann@example.org"]).failed("taken");
    folder.run_with(&["user", "add", "info@example.org", "--password-stdin"], b"x").failed("already");
    folder.run(&["user", "disable", "bob"]).is_ok();

    let list = folder.run(&["user", "list", "--json"]).json();
    assert_eq!(list.as_array().map(Vec::len), Some(2));
    assert_eq!(list[0]["name"], "ann@example.org");
    assert_eq!(list[0]["aliases"], serde_json::json!(["info@example.org"]));
    assert_eq!((&list[0]["disabled"], &list[1]["disabled"]), (&false.into(), &true.into()));
    let aliases = folder.run(&["alias", "list", "--json"]).json();
    assert_eq!(aliases, serde_json::json!([{"address": "info@example.org", "account": "ann@example.org"}]));

    folder.run(&["user", "enable", "bob"]).is_ok();
    folder.run_with(&["user", "password", "bob", "--password-stdin"], b"another").is_ok();
    folder.run_with(&["user", "password", "bob", "--password-stdin"], b"\n").failed("empty");
    folder.run(&["user", "password", "nobody", "--password-stdin"]).failed("there is no account nobody");
    folder.run(&["user", "remove", "info@example.org"]).failed("is an alias");
    folder.run(&["user", "remove", "bob"]).is_ok();
    folder.run(&["alias", "remove", "info@example.org"]).is_ok();
    folder.run(&["alias", "remove", "info@example.org"]).failed("there is no alias");
    let text = folder.run(&["user", "list"]).is_ok();
    assert!(text.contains("ann@example.org") && !text.contains("bob") && !text.contains("info@"), "{text}");
}

#[test]
fn a_new_account_has_its_mailboxes_and_a_log() {
    let folder = Folder::new("mailboxes");
    folder.account("ann");
    let mailboxes = folder.run(&["mailbox", "list", "ann", "--json"]).json();
    let names: Vec<_> = mailboxes.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["INBOX", "Archive", "Drafts", "Junk", "Sent", "Trash"]);
    assert!(mailboxes.as_array().unwrap().iter().all(|row| row["subscribed"] == true));
    assert_eq!(mailboxes[4]["special_use"], serde_json::json!(["\\Sent"]));
    let log = folder.run(&["log", "ann", "--last", "1"]).is_ok();
    assert!(log.contains("mailbox INBOX made") && log.contains("Trash subscribed"), "{log}");
    folder.run(&["check"]).is_ok();
    folder.run(&["check", "nobody"]).failed("there is no account nobody");
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let folder = Folder::new("wrong");
    folder.run(&["user", "list"]).failed("there is no mail in");
    folder.run(&["user", "add", "ann"]).failed("--password-stdin");
    folder.run(&["who"]).failed("no server serves");
    folder.run_with(&["user", "add", "a\nb", "--password-stdin"], b"x").failed("cannot be a name");
    let config = folder.path("posthorn.toml");
    std::fs::write(&config, "hostname = \"x\"\n\nimasp = \"[::]:993\"\n").unwrap();
    let mut command = posthorn();
    command.args(["serve", "--config"]).arg(&config);
    run(command, b"").failed("line 3: there is no key `imasp`; did you mean `imaps`?");
    let mut command = posthorn();
    command.args(["serve", "--imap", "143"]);
    let done = run(command, b"");
    assert_eq!(done.status(), Some(2));
    assert!(done.error().contains("write 127.0.0.1:143"), "{}", done.error());
}

#[test]
fn damage_is_found_and_what_is_left_is_exported() {
    let folder = Folder::new("damage");
    folder.account("ann");
    let maildir = folder.path("md");
    for n in 0..40 {
        run::write(&maildir.join(format!("cur/{n}.host:2,")), format!("Subject: {n}\r\n\r\n{}\r\n", noise(n)));
    }
    folder.run(&["import", "maildir", "ann", maildir.to_str().unwrap()]).is_ok();
    folder.run(&["check"]).is_ok();
    let files = run::tree(&folder.path("data/accounts"));
    let (name, octets, _) = files.iter().max_by_key(|(_, octets, _)| octets.len()).unwrap();
    let mut octets = octets.clone();
    // Noise does not get smaller: it stands in the file as it is.
    let noise = noise(7);
    let at = octets.windows(8).position(|window| window == &noise.as_bytes()[200..208]).expect("there");
    octets[at] ^= 1;
    std::fs::write(folder.path("data/accounts").join(name), octets).unwrap();
    let done = folder.run(&["check"]);
    assert_eq!(done.status(), Some(3), "{}", done.out());
    assert!(done.out().contains("something is wrong"), "{}", done.out());
    let out = folder.path("out");
    let done = folder.run(&["export", "maildir", "ann", out.to_str().unwrap()]);
    assert_eq!(done.status(), Some(1), "{}", done.out());
    assert!(done.error().contains("left out UID "), "{}", done.error());
    let exported = run::tree(&out.join("cur")).len();
    assert_eq!(exported, 39, "all but the damaged one");
}

/// Letters without a pattern, others for each seed.
fn noise(seed: u64) -> String {
    let mut state = seed + 1;
    let mut letter = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'!' + u8::try_from(state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 58).unwrap())
    };
    (0..3000).map(|_| letter()).collect()
}
