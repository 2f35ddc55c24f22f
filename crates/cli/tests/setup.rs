//! `try`, `quickstart` and `serve`.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod run;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use run::{Folder, posthorn};

/// A server that was started, and what it said until it was ready.
struct Server {
    child: Child,
    said: String,
}

impl Server {
    fn start(mut command: Command, ready: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains(ready) {
            assert!(out.read_line(&mut said).unwrap() > 0, "it ended: {said}");
        }
        Self { child, said }
    }

    fn setting(&self, name: &str) -> String {
        let line = self.said.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.trim_start()[name.len()..].trim().to_owned()
    }

    /// SIGTERM, and a clean end.
    fn stop(mut self) {
        let sent = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
        assert!(self.child.wait().unwrap().success(), "SIGTERM ends it with status 0");
    }
}

/// Sends commands, and gives all that was answered until the connection ended.
fn imap(port: u16, commands: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(commands.as_bytes()).unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    answers
}

#[test]
fn a_trial_works_and_keeps_its_mail() {
    let folder = Folder::new("try");
    let begin = || {
        let mut command = posthorn();
        command.args(["try", "--data"]).arg(folder.path("trial"));
        Server::start(command, "Ctrl-C stops")
    };
    let server = begin();
    let (name, password) = (server.setting("User name"), server.setting("Password"));
    let port = |server: &Server| {
        let (_, after) = server.said.split_once("(or ").unwrap();
        after.split_once(' ').unwrap().0.parse().unwrap()
    };
    let session = format!(
        "a LOGIN {name} {password}\r\nb SELECT INBOX\r\nc STORE 1 +FLAGS (\\Deleted)\r\nd EXPUNGE\r\ne LOGOUT\r\n"
    );
    let answers = imap(port(&server), &session);
    assert!(answers.contains("* 6 EXISTS\r\n") && answers.contains("\r\nd OK"), "{answers}");
    server.stop();

    let server = begin();
    assert_eq!(server.setting("Password"), password);
    let answers = imap(port(&server), &format!("a LOGIN {name} {password}\r\nb EXAMINE INBOX\r\nc LOGOUT\r\n"));
    assert!(answers.contains("* 5 EXISTS\r\n"), "{answers}");
    server.stop();
}

#[test]
fn a_trial_leaves_other_accounts_alone() {
    let folder = Folder::new("no-try");
    folder.account("ann");
    folder.run(&["try"]).failed("holds other accounts");
}

#[test]
fn quickstart_writes_what_serve_and_check_take() {
    let folder = Folder::new("quickstart");
    let place = folder.path("mail");
    let quickstart = |arguments: &[&str]| {
        let mut command = posthorn();
        command.args(["quickstart"]).args(arguments).arg("--folder").arg(&place);
        run::run(command, b"secret")
    };
    quickstart(&["nobody"]).failed("is no address");
    let said = quickstart(&["ann@example.org", "--password-stdin"]).is_ok();
    for text in
        ["MX     10 mail.example.org.", "_imaps._tcp.example.org.", "autoconfig.example.org", "systemctl", "SHA-256 "]
    {
        assert!(said.contains(text), "{text}: {said}");
    }
    for file in ["posthorn.toml", "posthorn.service", "autoconfig.xml", "data/tls/certificate.pem"] {
        assert!(place.join(file).exists(), "{file}");
    }
    let said = quickstart(&["ann@example.org", "--password-stdin"]).is_ok();
    assert!(!said.contains("wrote") && said.contains("kept   the account"), "{said}");

    let with_config = |arguments: &[&str]| {
        let mut command = posthorn();
        command.args(arguments).arg("--config").arg(place.join("posthorn.toml"));
        command
    };
    run::run(with_config(&["check"]), b"").is_ok();
    let list = run::run(with_config(&["user", "list", "--json"]), b"").json();
    assert_eq!(list[0]["name"], "ann@example.org");
}

#[test]
fn the_server_is_told_and_asked() {
    let folder = Folder::new("serve");
    folder.account("ann");
    folder.run(&["transcript", "ann", "on"]).failed("no server serves");
    let socket = folder.path("imap");
    let mut command = posthorn();
    command.args(["serve", "--plaintext-login", "--imap"]).arg(format!("unix:{}", socket.display()));
    command.arg("--data").arg(folder.path("data")).stderr(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("listening") {
        assert!(log.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    let (lines_of_log, log_lines) = std::sync::mpsc::channel();
    std::thread::spawn(move || log.lines().map_while(Result::ok).try_for_each(|line| lines_of_log.send(line)));
    let stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut until = |wanted: &str| loop {
        let line = lines.next().unwrap().unwrap();
        if line.starts_with(wanted) {
            break;
        }
    };
    (&stream).write_all(b"a LOGIN ann secret\r\nb SELECT INBOX\r\nc IDLE\r\n").unwrap();
    until("+ ");

    let who = folder.run(&["who", "--json"]).json();
    assert_eq!(who.as_array().map(Vec::len), Some(1));
    assert_eq!((&who[0]["account"], &who[0]["mailbox"]), (&"ann".into(), &"INBOX".into()));

    folder.run(&["transcript", "ann", "on"]).is_ok();
    // Another process writes, the idle client sees it; the account is disabled, its session ends.
    run::write(&folder.path("md/cur/1.a:2,"), "Subject: a\n\na\n");
    folder.run(&["import", "maildir", "ann", folder.path("md").to_str().unwrap()]).is_ok();
    until("* 1 EXISTS");
    folder.run(&["user", "disable", "ann"]).is_ok();
    until("* BYE");
    let told = log_lines.iter().find(|line| line.contains("* 1 EXISTS"));
    assert!(told.is_some(), "the transcript has what the client was told");
    let stopped = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(stopped.success() && child.wait().unwrap().success());
}
