//! STARTTLS, and all that must not survive it (RFC 9051 §6.2.1, §11.1).

#![allow(clippy::unwrap_used, reason = "it is a test")]

mod support;

use std::io::{Read, Write};
use std::time::Duration;

use server::Door;
use support::{Client, Server, tcp};

/// A server without plaintext logins, with a user.
fn server() -> Server {
    let server = Server::start("");
    server.user("anna", "secret");
    server
}

#[test]
fn a_password_is_taken_after_starttls_and_not_before() {
    let server = server();
    let mut stream = tcp(&server.running().listening(Door::Imap)[0]);
    let mut client = Client::plain(stream.try_clone().unwrap());
    let greeting = client.line();
    assert!(
        greeting.contains("STARTTLS") && greeting.contains("LOGINDISABLED") && !greeting.contains("AUTH="),
        "{greeting}"
    );
    let refused = client.command("a LOGIN anna secret");
    assert!(refused[0].starts_with("a NO ") || refused[0].starts_with("a BAD "), "{refused:?}");
    let refused = client.command("b AUTHENTICATE PLAIN AGFubmEAc2VjcmV0");
    assert!(refused[0].starts_with("b NO ") || refused[0].starts_with("b BAD "), "{refused:?}");
    assert!(client.command("c STARTTLS")[0].starts_with("c OK "));
    drop(client);
    let _nothing_is_buffered = stream.flush();
    let mut client = Client::tls(stream).unwrap();
    let capabilities = client.command("d CAPABILITY");
    assert!(capabilities[0].contains("AUTH=SCRAM-SHA-256-PLUS") && !capabilities[0].contains("LOGINDISABLED"));
    assert!(!capabilities[0].contains("STARTTLS"), "{capabilities:?}");
    assert!(client.command("e LOGIN anna secret")[0].starts_with("e OK "));
}

/// Commands that came before TLS was up are never run after it: in one segment with STARTTLS, however they are written.
#[test]
fn what_comes_with_starttls_is_thrown_away() {
    for injected in [
        "b CAPABILITY\r\n",
        "b NOOP\n",
        "b LOGIN anna secret\r\n",
        "b LOGIN {4+}\r\nanna {6+}\r\nsecret\r\n",
        "b\tNOOP\r\n",
        "b NOOP",
        "b AUTHENTICATE PLAIN\r\nAGFubmEAc2VjcmV0\r\n",
        "b STARTTLS\r\n",
    ] {
        let server = server();
        let stream = tcp(&server.running().listening(Door::Imap)[0]);
        let mut client = Client::plain(stream.try_clone().unwrap());
        client.line();
        client.send(&format!("a STARTTLS\r\n{injected}"));
        assert!(client.line().starts_with("a OK "), "{injected:?}");
        drop(client);
        let Ok(mut client) = Client::tls(stream) else { continue };
        let answers = client.command("c NOOP");
        assert_eq!(answers.len(), 1, "{injected:?} was answered: {answers:?}");
        assert!(answers[0].starts_with("c OK "), "{answers:?}");
        let state = client.command("d LOGIN anna secret");
        assert!(state[0].starts_with("d OK "), "nobody is logged in yet: {state:?}");
    }
}

/// The same, when the segment that is injected comes a moment later: it is no TLS, and the connection ends.
#[test]
fn what_comes_instead_of_a_handshake_ends_the_connection() {
    let server = server();
    let mut stream = tcp(&server.running().listening(Door::Imap)[0]);
    let mut client = Client::plain(stream.try_clone().unwrap());
    client.line();
    client.send("a STARTTLS\r\n");
    assert!(client.line().starts_with("a OK "));
    stream.write_all(b"b LOGIN anna secret\r\nc LIST \"\" *\r\n").unwrap();
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    assert!(!text.contains("b ") && !text.contains("c ") && !text.contains("OK"), "{text:?}");
}

#[test]
fn no_starttls_under_tls_and_none_twice() {
    let server = server();
    let mut client = server.imaps();
    client.line();
    let refused = client.command("a STARTTLS");
    assert!(refused[0].starts_with("a BAD "), "{refused:?}");
    assert!(client.command("b LOGIN anna secret")[0].starts_with("b OK "));
}

#[test]
fn a_client_that_hangs_in_its_handshake_keeps_nobody_waiting() {
    let server = server();
    let hanging: Vec<_> = (0..50).map(|_| tcp(&server.running().listening(Door::Imaps)[0])).collect();
    let mut client = server.imaps();
    client.line();
    assert!(client.command("a LOGIN anna secret")[0].starts_with("a OK "));
    assert_eq!(server.running().connections(), 51);
    drop(client);
    drop(hanging);
    let began = std::time::Instant::now();
    while server.running().connections() > 0 {
        assert!(began.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(5));
    }
}
