//! What the commands say of a data folder whose parts are missing or do not belong together, and that they leave it alone.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

mod run;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use run::{Done, Folder, posthorn};

fn account(data: &Path, number: u64) -> PathBuf {
    data.join(format!("accounts/{number:02x}/{number}.sqlite"))
}

/// The files of a folder, but for what a server puts beside a store.
fn files(data: &Path) -> Vec<(String, Vec<u8>)> {
    let ours =
        |name: &str| !name.ends_with("-shm") && !name.starts_with("tls/") && name != "secret" && name != "control.lock";
    run::tree(data).into_iter().filter(|(name, ..)| ours(name)).map(|(name, octets, _)| (name, octets)).collect()
}

/// Runs a server on a folder where it should not start.
fn serve(data: &Path, arguments: &[&str]) -> Done {
    let mut command = posthorn();
    command.args(["serve", "--imap"]).arg(format!("unix:{}", data.with_extension("sock").display()));
    command.args(arguments).args(["--data"]).arg(data);
    // If it does start, it is not to stay.
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    for _ in 0..500 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let _ended = child.kill();
    Done(child.wait_with_output().unwrap())
}

/// `serve`, `check` and `user add` say this, and change nothing.
#[track_caller]
fn all_refuse(folder: &Folder, with: &str) {
    let data = folder.path("data");
    let before = files(&data);
    folder.run(&["check"]).failed(with);
    folder.run_with(&["user", "add", "eve", "--password-stdin"], b"secret\n").failed(with);
    folder.run(&["user", "list"]).failed(with);
    serve(&data, &[]).failed(with);
    assert!(files(&data) == before, "something was changed");
}

#[test]
fn a_folder_whose_parts_do_not_belong_together_is_refused_by_all() {
    let folder = Folder::new("whole");
    folder.account("ann");
    let (data, directory) = (folder.path("data"), folder.path("data/directory.sqlite"));
    let older = fs::read(&directory).unwrap();
    folder.account("bob");
    let newer = fs::read(&directory).unwrap();

    fs::write(&directory, &older).unwrap();
    // Today the next new user gets bob's mail.
    all_refuse(&folder, "older than accounts/, where there is an account 2");
    fs::write(&directory, "").unwrap();
    all_refuse(&folder, "directory.sqlite is missing or empty: restore");
    fs::remove_file(&directory).unwrap();
    all_refuse(&folder, "directory.sqlite is missing or empty: restore");
    let stranger = Folder::new("whole-stranger");
    stranger.account("ann");
    fs::copy(stranger.path("data/directory.sqlite"), &directory).unwrap();
    all_refuse(&folder, "of another store");
    fs::write(&directory, &newer).unwrap();
    fs::rename(data.join("accounts"), folder.path("elsewhere")).unwrap();
    all_refuse(&folder, "mount it");
    fs::rename(folder.path("elsewhere"), data.join("accounts")).unwrap();
    folder.run(&["check"]).is_ok();
}

#[test]
fn an_account_that_is_missing_or_another_ones_is_named_by_check_and_serve() {
    let folder = Folder::new("whole-account");
    folder.account("ann");
    folder.account("bob");
    let data = folder.path("data");
    let kept = fs::read(account(&data, 1)).unwrap();
    let said = |with: &str| {
        let before = files(&data);
        let done = folder.run(&["check"]);
        assert_eq!(done.status(), Some(3), "{}", done.error());
        assert!(done.out().contains("ann: ") && done.out().contains(with), "{}", done.out());
        assert!(done.out().contains("bob: 6 mailboxes"), "{}", done.out());
        assert!(files(&data) == before);
    };
    fs::copy(account(&data, 2), account(&data, 1)).unwrap();
    said("is that of account 2");
    fs::write(account(&data, 1), "").unwrap();
    said("is missing or empty: restore it from a backup");
    fs::remove_file(account(&data, 1)).unwrap();
    said("is missing or empty: restore it from a backup");
    let mut server = Server::start(&data, &[]);
    server.logs("is missing or empty");
    server.stop();
    assert!(!account(&data, 1).exists());
    fs::write(account(&data, 1), kept).unwrap();
    folder.run(&["check"]).is_ok();
}

#[test]
fn serve_sets_up_a_folder_only_without_a_configuration_and_only_an_empty_one() {
    let folder = Folder::new("whole-serve");
    let data = folder.path("data");
    let config = folder.path("posthorn.toml");
    fs::write(&config, "").unwrap();
    serve(&data, &["--config", config.to_str().unwrap()]).failed("there is no store in it; set one up");
    assert!(!data.exists());
    fs::create_dir(&data).unwrap();
    fs::write(data.join("holiday.jpg"), "").unwrap();
    serve(&data, &[]).failed("but holiday.jpg");
    assert_eq!(run::tree(&data).len(), 1);
    fs::remove_file(data.join("holiday.jpg")).unwrap();
    let mut server = Server::start(&data, &[]);
    server.logs("a new store is set up");
    server.stop();
    // Now it may be served with the configuration, too.
    Server::start(&data, &["--config", config.to_str().unwrap()]).stop();
}

#[test]
fn a_server_does_not_take_mail_into_a_file_that_was_deleted() {
    let folder = Folder::new("whole-deleted");
    folder.account("ann");
    let data = folder.path("data");
    let mut server = Server::start(&data, &[]);
    let mut session = UnixStream::connect(&server.socket).unwrap();
    let append = "APPEND INBOX {20+}\r\nSubject: a\r\n\r\nbody\r\n\r\n";
    write!(session, "a LOGIN ann secret\r\nb {append}").unwrap();
    let mut lines = BufReader::new(session.try_clone().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("b OK")));
    fs::remove_file(account(&data, 1)).unwrap();
    write!(session, "c {append}").unwrap();
    let answer = lines.find(|line| line.starts_with("c ")).unwrap();
    assert!(answer.starts_with("c NO"), "{answer}");
    write!(session, "d {append}").unwrap();
    let answer = lines.find(|line| line.starts_with("d ")).unwrap();
    assert!(answer.starts_with("d NO"), "{answer}");
    server.logs(&format!("{} is missing or empty", account(&data, 1).display()));
    server.stop();
    assert!(!account(&data, 1).exists());
}

#[test]
fn an_upgrade_is_told_and_then_done() {
    let fixture = testkit::fixture::all().unwrap().into_iter().find(|fixture| fixture.name == "0.1/mailboxes").unwrap();
    let unpacked = fixture.unpack().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = posthorn();
        command.args(arguments).arg("--data").arg(unpacked.path());
        run::run(command, b"")
    };
    let accounts = run(&["user", "list", "--json"]).json().as_array().unwrap().len();
    let told = run(&["upgrade"]).is_ok();
    assert!(told.contains(&format!("format 1, {accounts} of {accounts} accounts")), "{told}");
    assert!(told.contains("Nothing was changed"), "{told}");
    let server = Server::start(unpacked.path(), &[]);
    run(&["upgrade", "--commit"]).failed("stop it first");
    // Also where its socket is gone.
    let socket = unpacked.path().join("control.sock");
    std::fs::rename(&socket, unpacked.path().join("control.gone")).unwrap();
    run(&["upgrade", "--commit"]).failed("stop it first");
    std::fs::rename(unpacked.path().join("control.gone"), &socket).unwrap();
    server.stop();
    let told = run(&["upgrade", "--commit"]).is_ok();
    assert!(told.contains(&format!("Upgraded {accounts} accounts to format 2")), "{told}");
    run(&["check"]).is_ok();
    assert!(run(&["upgrade", "--commit"]).is_ok().contains("nothing to upgrade"));
}

/// A server that runs.
struct Server {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    said: String,
    socket: PathBuf,
}

impl Server {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let socket = data.with_extension("sock");
        let mut command = posthorn();
        command.args(["serve", "--plaintext-login", "--imap"]).arg(format!("unix:{}", socket.display()));
        command.args(arguments).arg("--data").arg(data).stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut server = Self { child, log, said: String::new(), socket };
        server.logs("listening");
        server
    }

    /// Waits until the log has this.
    #[track_caller]
    fn logs(&mut self, text: &str) {
        while !self.said.contains(text) {
            assert!(self.log.read_line(&mut self.said).unwrap() > 0, "it ended: {}", self.said);
        }
    }

    fn stop(mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        let _rest = self.log.read_to_string(&mut self.said);
        assert!(self.child.wait().unwrap().success());
    }
}
