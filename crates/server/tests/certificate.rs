//! The certificate's files are replaced under load (FAILURES 36).

#![allow(clippy::unwrap_used, reason = "it is a test")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use server::tls::{Files, self_signed};
use support::Server;

fn replace(from: &Path, to: &Path) {
    let new = to.with_extension("next");
    fs::copy(from, &new).unwrap();
    fs::rename(&new, to).unwrap();
}

#[test]
fn new_handshakes_show_the_new_one_and_open_sessions_live_on() {
    let server = Server::start("");
    server.user("anna", "secret");
    let files = Files::in_data(&server.data());
    let other = Files::in_data(&server.folder.path().join("other"));
    self_signed(&other, "other.example").unwrap();
    let mut open = server.imaps();
    open.line();
    assert!(open.command("a LOGIN anna secret")[0].starts_with("a OK "));
    let old = open.certificate.clone();
    let (stop, handshakes) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut client = server.imaps();
                    assert!(client.line().starts_with("* OK "), "no handshake fails meanwhile");
                    handshakes.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // As `certbot` and people do it: one file, then the other.
        replace(&other.certificate, &files.certificate);
        thread::sleep(Duration::from_millis(300));
        replace(&other.key, &files.key);
        let began = Instant::now();
        while server.imaps().certificate == old {
            assert!(began.elapsed() < Duration::from_mins(1), "the new certificate is not in use after a minute");
            thread::sleep(Duration::from_millis(50));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(handshakes.into_inner() > 10);
    assert!(open.command("b NOOP")[0].starts_with("b OK "), "the session that was open lives on");
    // A broken pair changes nothing.
    let new = server.imaps().certificate;
    fs::write(&files.key, "rubbish").unwrap();
    server.running().look_at_certificate();
    server.running().look_at_certificate();
    assert_eq!(server.imaps().certificate, new);
}
