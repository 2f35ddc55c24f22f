//! The frame: whole commands out of bytes that come in any pieces, and never more kept than the limits allow.

use imap::{Event, Framer, Limits, Sync};

const SMALL: Limits = Limits { command: 100, lines: 60 };

/// What a frame makes of bytes that come in these pieces, one event a line. It accepts messages of up to 1000 octets.
fn events<'a>(limits: Limits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut framer = Framer::new(limits);
    let mut seen: Vec<String> = Vec::new();
    for piece in pieces {
        framer.push(piece).expect("room");
        loop {
            let mut answer = None;
            match framer.next() {
                None => break,
                Some(Event::Command(bytes)) => seen.push(format!("command {}", text(bytes))),
                Some(Event::Continue) => seen.push("continue".to_owned()),
                Some(Event::Message { head, announced }) => {
                    let sync = if announced.sync == Sync::Waits { "waits" } else { "comes" };
                    seen.push(format!("message {} {sync}", text(head)));
                    answer = Some(announced.len <= 1000);
                }
                // Octets come in pieces that follow the bytes' pieces, so they are joined again here.
                Some(Event::Octets(bytes)) => match seen.last_mut() {
                    Some(last) if last.starts_with("octets ") => last.push_str(&text(bytes)),
                    _ => seen.push(format!("octets {}", text(bytes))),
                },
                Some(Event::Tail(bytes)) => seen.push(format!("tail {}", text(bytes))),
                Some(Event::Line(bytes)) => seen.push(format!("line {}", text(bytes))),
                Some(Event::TooBig(tag)) => {
                    seen.push(format!("too big {}", tag.map_or("-".to_owned(), |t| t.as_str().to_owned())));
                }
            }
            match answer {
                Some(true) => framer.accept(),
                Some(false) => framer.refuse(),
                None => {}
            }
        }
    }
    assert!(framer.is_between_commands(), "something is left");
    seen
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\r', "<CR>").replace('\n', "<LF>")
}

/// The same events must come whole, in single bytes, and cut in two anywhere.
fn check(limits: Limits, bytes: &str, expected: &[&str]) {
    let bytes = bytes.as_bytes();
    assert_eq!(events(limits, [bytes]), expected, "whole: {}", text(bytes));
    assert_eq!(events(limits, bytes.chunks(1)), expected, "in bytes: {}", text(bytes));
    for at in 0..bytes.len() {
        let (a, b) = bytes.split_at(at);
        assert_eq!(events(limits, [a, b]), expected, "cut at {at}: {}", text(bytes));
    }
}

#[test]
fn lines_become_commands() {
    check(SMALL, "a NOOP\r\n", &["command a NOOP"]);
    check(SMALL, "a NOOP\nb NOOP\r\n", &["command a NOOP", "command b NOOP"]);
    check(SMALL, "\r\n \r\n\na NOOP  \r\n", &["command a NOOP  "]);
    check(SMALL, "a X {5} \r\n", &["command a X {5} "]);
    check(SMALL, "a \rX\r\r\n", &["command a <CR>X<CR>"]);
}

#[test]
fn arguments_stay_in_place() {
    check(
        SMALL,
        "a LOGIN {4}\r\nu\r\ns {4+}\r\npass\r\nb NOOP\r\n",
        &["continue", "command a LOGIN {4}<CR><LF>u<CR><LF>s {4+}<CR><LF>pass", "command b NOOP"],
    );
    check(SMALL, "a X {0}\r\n\r\n", &["continue", "command a X {0}<CR><LF>"]);
    check(SMALL, "a X {1-}\nx\n", &["command a X {1-}<LF>x"]);
    // The octets of a literal are never read as lines, whatever they look like.
    check(SMALL, "a X {9+}\r\nb Y {5}\r\n\r\n", &["command a X {9+}<CR><LF>b Y {5}<CR><LF>"]);
}

#[test]
fn messages_are_handed_over_in_pieces() {
    check(
        SMALL,
        "a APPEND x (\\Seen) {11}\r\nSubject: x\n\r\nb NOOP\r\n",
        &["message a APPEND x (\\Seen) {11} waits", "octets Subject: x<LF>", "tail ", "command b NOOP"],
    );
    check(
        SMALL,
        "a APPEND {1+}\r\nx {3+}\r\nabc (\\Draft) ~{2}\r\nde\r\n",
        &[
            "message a APPEND {1+}<CR><LF>x {3+} comes",
            "octets abc",
            "message  (\\Draft) ~{2} waits",
            "octets de",
            "tail ",
        ],
    );
    check(
        SMALL,
        "a APPEND x UTF8 (~{3+}\r\nabc)\r\n",
        &["message a APPEND x UTF8 (~{3+} comes", "octets abc", "tail )"],
    );
    check(SMALL, "a UID REPLACE 4 x {0}\r\n\r\n", &["message a UID REPLACE 4 x {0} waits", "tail "]);
    // A message is longer than any limit on what is kept.
    let long = "x".repeat(900);
    check(
        SMALL,
        &format!("a APPEND x {{900}}\r\n{long}\r\n"),
        &["message a APPEND x {900} waits", &format!("octets {long}"), "tail "],
    );
}

#[test]
fn refused_messages_are_swallowed() {
    // One that waits is never sent: what follows is the next command.
    check(SMALL, "a APPEND x {5000}\r\nb NOOP\r\n", &["message a APPEND x {5000} waits", "command b NOOP"]);
    // One that comes is full of commands: none is seen (ATTACKS 11).
    let octets = "b LOGOUT\r\n".repeat(500);
    check_few_cuts(
        &format!("a APPEND x {{5000+}}\r\n{octets} (\\Seen) {{10+}}\r\nc LOGOUT\r\n\r\nd NOOP\r\n"),
        &["message a APPEND x {5000+} comes", "command d NOOP"],
    );
}

#[test]
fn an_accepted_message_can_still_be_refused() {
    let mut framer = Framer::new(SMALL);
    framer.push(b"a APPEND x {10}\r\n12345").expect("room");
    assert!(matches!(framer.next(), Some(Event::Message { .. })));
    framer.accept();
    assert_eq!(framer.next(), Some(Event::Octets(b"12345")));
    framer.refuse();
    assert_eq!(framer.next(), None);
    framer.push(b"67890 {3+}\r\nabc\r\nb NOOP\r\n").expect("room");
    assert_eq!(framer.next(), Some(Event::Command(b"b NOOP")));
}

#[test]
fn what_is_too_big_is_told_once_and_dropped() {
    let long = "x".repeat(300);
    check(SMALL, &format!("a X {long}\r\nb NOOP\r\n"), &["too big a", "command b NOOP"]);
    // A long line may announce a literal that comes whether wanted or not.
    check(SMALL, &format!("a X {long} {{10+}}\r\nc LOGOUT\r\n\r\nb NOOP\r\n"), &["too big a", "command b NOOP"]);
    check(SMALL, &format!("a X {long} {{10}}\r\nb NOOP\r\n"), &["too big a", "command b NOOP"]);
    // Lines have a limit of their own, which literals' octets do not count for.
    let (short, line) = ("x".repeat(30), "x".repeat(66));
    check(SMALL, &format!("a X {line}\r\nb NOOP\r\n"), &["too big a", "command b NOOP"]);
    check(SMALL, &format!("a X {{66+}}\r\n{line}\r\n"), &[&format!("command a X {{66+}}<CR><LF>{line}")]);
    check(SMALL, &format!("a X {short} {{1+}}\r\nx{short}\r\nb NOOP\r\n"), &["too big a", "command b NOOP"]);
    // A literal that the command has no room for.
    check(SMALL, "a X {101}\r\nb NOOP\r\n", &["too big a", "command b NOOP"]);
    check(SMALL, &format!("a X {{300+}}\r\n{long}\r\nb NOOP\r\n"), &["too big a", "command b NOOP"]);
    check(SMALL, "a X {99999999999999999999}\r\nb NOOP\r\n", &["too big a", "command b NOOP"]);
    // The head and the tail of a message count as well.
    check(SMALL, &format!("a APPEND {long} {{1}}\r\nb NOOP\r\n"), &["too big a", "command b NOOP"]);
    check(
        SMALL,
        &format!("a APPEND x {{1}}\r\nx{long}\r\nb NOOP\r\n"),
        &["message a APPEND x {1} waits", "octets x", "too big -", "command b NOOP"],
    );
    // Many small literals (ATTACKS 5).
    let many = "{30+}\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ".repeat(10);
    check(SMALL, &format!("a X {many}\r\nb NOOP\r\n"), &["too big a", "command b NOOP"]);
}

#[test]
fn what_is_no_command_has_no_tag() {
    let long = "(".repeat(300);
    check(SMALL, &format!("{long}\r\nb NOOP\r\n"), &["too big -", "command b NOOP"]);
}

fn check_few_cuts(bytes: &str, expected: &[&str]) {
    let bytes = bytes.as_bytes();
    for size in [1, 2, 3, 7, 64, 1000, bytes.len()] {
        assert_eq!(events(SMALL, bytes.chunks(size)), expected, "in pieces of {size}");
    }
}

#[test]
fn a_line_that_was_asked_for_comes_as_it_is() {
    let mut framer = Framer::new(SMALL);
    framer.push(b"a IDLE\r\nDONE\r\nb X {5}\r\n").expect("room");
    assert_eq!(framer.next(), Some(Event::Command(b"a IDLE")));
    framer.expect_line();
    assert_eq!(framer.next(), Some(Event::Line(b"DONE")));
    framer.expect_line();
    assert_eq!(framer.next(), Some(Event::Line(b"b X {5}")));
    framer.expect_line();
    framer.push(b"").expect("room");
    assert_eq!(framer.next(), None);
    assert!(!framer.is_between_commands());
    framer.push(b"\r\nc NOOP\r\n").expect("room");
    assert_eq!(framer.next(), Some(Event::Line(b"")));
    assert_eq!(framer.next(), Some(Event::Command(b"c NOOP")));
    framer.expect_line();
    framer.push(&[b'x'; 200]).expect("room");
    assert_eq!(framer.next(), Some(Event::TooBig(None)));
    framer.push(b"x\r\nd NOOP\r\n").expect("room");
    assert_eq!(framer.next(), Some(Event::Command(b"d NOOP")));
}

#[test]
fn starttls_forgets_what_came_before() {
    let mut framer = Framer::new(SMALL);
    framer.push(b"a STARTTLS\r\nb LOGIN x y\r\nc LO").expect("room");
    assert_eq!(framer.next(), Some(Event::Command(b"a STARTTLS")));
    assert_eq!(framer.discard(), 17);
    assert_eq!(framer.next(), None);
    assert!(framer.is_between_commands());
    framer.push(b"d NOOP\r\n").expect("room");
    assert_eq!(framer.next(), Some(Event::Command(b"d NOOP")));
}

#[test]
fn hostile_floods_take_linear_time_and_little_memory() {
    // 16 MiB without a line end, in small pieces, and then many lines in one piece.
    let start = std::time::Instant::now();
    let mut framer = Framer::new(Limits::BEFORE_LOGIN);
    let mut told = 0;
    for _ in 0..4096 {
        framer.push(&[b'('; 4096]).expect("room");
        while framer.next().is_some() {
            told += 1;
        }
        assert!(framer.memory() <= 64 * 1024, "holds {}", framer.memory());
    }
    assert_eq!(told, 1);
    framer.push(b"\n").expect("room");
    assert_eq!(framer.next(), None);
    framer.push("a X\n".repeat(500_000).as_bytes()).expect("room");
    let mut commands = 0;
    while framer.next().is_some() {
        commands += 1;
    }
    assert_eq!(commands, 500_000);
    assert!(framer.memory() <= 4096, "an idle frame holds {}", framer.memory());
    assert!(start.elapsed().as_secs() < 10, "took {:?}", start.elapsed());
}

#[test]
fn a_line_as_long_as_the_limit_is_a_command_wherever_it_is_cut() {
    let line = format!("a {}", "x".repeat(58));
    check(SMALL, &format!("{line}\r\n"), &[&format!("command {line}")]);
    check(SMALL, &format!("{line}x\r\n"), &["too big a"]);
}

#[test]
fn who_looks_at_nothing_is_given_no_more_than_a_command() {
    let mut framer = Framer::new(Limits { command: 1000, lines: 500 });
    let line = [b'x'; 300];
    let taken = (0..100).take_while(|_| framer.push(&line).is_ok()).count();
    assert_eq!(taken, 4, "what is there may be more by what one read brings");
    assert!(framer.memory() < 3000);
    while framer.next().is_some() {}
    assert_eq!(framer.push(&line), Ok(()), "it was looked at");
}

#[test]
fn a_literal_costs_no_more_for_what_stands_before_it() {
    let set = "1,2,3,4,5,6,7,8,".repeat(12_000);
    let bytes = format!("a REPLACE {set}9 ({}\r\n", "{1+}\r\nx".repeat(40_000));
    let before = std::time::SystemTime::now();
    let seen = events(Limits::AFTER_LOGIN, [bytes.as_bytes()]);
    let time = before.elapsed().unwrap_or_default();
    assert!(seen.len() == 1 && seen.iter().all(|event| event.starts_with("command a REPLACE")));
    assert!(time < std::time::Duration::from_secs(3), "{time:?}");
}
