//! Limits and time of an LMTP session.

use std::sync::Arc;
use std::time::{Duration, Instant};

use delivery::{Lmtp, Routing, Settings, limits};
use gate::{Next, Now, Peer};
use store::Store;

fn session(now: Now) -> Lmtp {
    let store = Store::memory();
    store.directory().add("bob", None, 0).expect("added");
    session_on(store, now)
}

fn session_on(store: Store, now: Now) -> Lmtp {
    let settings = Settings {
        store,
        hostname: "mail.example".into(),
        size_limit: 1 << 20,
        routing: Routing::default(),
        journal: Arc::new(|_, _| {}),
    };
    Lmtp::new(Arc::new(settings), Peer { address: None, session: 1 }, now)
}

fn now() -> Now {
    Now { monotonic: Instant::now(), unix: 1_795_633_266 }
}

/// Sends, and gives the answers and what comes next.
fn say(lmtp: &mut Lmtp, text: &[u8], now: Now) -> (String, Next) {
    let mut out = Vec::new();
    lmtp.receive(text, now);
    loop {
        let next = lmtp.transmit(&mut out);
        if next != Next::Write {
            return (String::from_utf8(out).expect("UTF-8"), next);
        }
    }
}

#[test]
fn a_message_has_at_most_so_many_recipients() {
    let now = now();
    let mut lmtp = session(now);
    say(&mut lmtp, b"LHLO x\r\nMAIL FROM:<>\r\n", now);
    let (answers, _) = say(&mut lmtp, &b"RCPT TO:<bob>\r\n".repeat(limits::RECIPIENTS), now);
    assert_eq!(answers, "250 2.1.5 OK\r\n".repeat(limits::RECIPIENTS));
    let (answer, _) = say(&mut lmtp, b"RCPT TO:<bob>\r\n", now);
    assert!(answer.starts_with("452 4.5.3 "), "{answer}");
    let (answers, _) = say(&mut lmtp, b"DATA\r\nx\r\n.\r\n", now);
    assert_eq!(answers.matches("250 2.6.0 ").count(), limits::RECIPIENTS);
}

#[test]
fn a_line_has_at_most_so_many_octets() {
    let now = now();
    let mut lmtp = session(now);
    let long = [&b"NOOP ".repeat(100_000)[..], b"\r\nNOOP\r\n"].concat();
    say(&mut lmtp, b"LHLO x\r\n", now);
    let (answers, next) = say(&mut lmtp, &long, now);
    let answers: Vec<_> = answers.lines().collect();
    assert!(answers[0].starts_with("500 5.5.2 ") && answers[1].starts_with("250 "), "{answers:?}");
    assert_eq!((answers.len(), next), (2, Next::Read));

    let mut lmtp = session(now);
    let (answers, next) = say(&mut lmtp, &long, now);
    assert_eq!((answers.lines().count(), next), (2, Next::Close), "nobody begins so: {answers}");
}

#[test]
fn who_sends_no_mail_is_sent_away() {
    let now = now();
    let mut lmtp = session(now);
    let (answers, next) = say(&mut lmtp, &b"FROBNICATE\r\n".repeat(1000), now);
    assert!(answers.ends_with("421 4.7.0 Too many commands that bring no message\r\n"), "{answers}");
    assert_eq!((answers.lines().count(), next), (1 + limits::ERRORS as usize + 1, Next::Close));

    let mut lmtp = session(now);
    let (answers, next) = say(&mut lmtp, &b"NOOP\r\n".repeat(1 << 16), now);
    assert!(answers.ends_with("421 4.7.0 Too many commands that bring no message\r\n"));
    assert_eq!(next, Next::Close);
}

/// What a webmail was made to send by whoever named it a server to fetch from: mail was delivered by it.
#[test]
fn no_request_of_http_delivers_mail() {
    let mail = "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nDATA\r\nx\r\n.\r\n";
    let long = "x".repeat(2 * limits::LINE);
    let heads = [
        "POST / HTTP/1.1\r\nHost: 127.0.0.1:24\r\n\r\n".to_owned(),
        "put /\u{e9} HTTP/1.0\r\n\r\n".to_owned(),
        format!("POST /{long} HTTP/1.0\r\n\r\n"),
        "FROBNICATE / HTTP/1.1\r\nUser-Agent: x\r\nhost: 127.0.0.1\r\n\r\n".to_owned(),
    ];
    for head in heads {
        let now = now();
        let mut lmtp = session(now);
        let (answers, next) = say(&mut lmtp, format!("{head}{mail}").as_bytes(), now);
        assert_eq!(next, Next::Close, "{head}");
        assert!(!answers.contains("250"), "{head}: {answers}");
    }
}

#[test]
fn a_silent_client_is_told_and_left() {
    let begin = now();
    let mut lmtp = session(begin);
    let later = |seconds| Now { monotonic: begin.monotonic + Duration::from_secs(seconds), ..begin };
    say(&mut lmtp, b"LHLO x\r\n", later(100));
    assert_eq!(lmtp.deadline(), Some(begin.monotonic + Duration::from_secs(400)));
    let mut out = Vec::new();
    lmtp.wake(later(399));
    assert_eq!((lmtp.transmit(&mut out), out.len()), (Next::Read, 0));
    lmtp.wake(later(400));
    assert_eq!(lmtp.transmit(&mut out), Next::Close);
    assert!(out.starts_with(b"421 4.4.2 "));
    assert_eq!(lmtp.deadline(), None);
}

#[test]
fn at_shutdown_a_whole_message_is_stored_first() {
    let now = now();
    let mut lmtp = session(now);
    say(&mut lmtp, b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nDATA\r\n", now);
    lmtp.receive(b"x\r\n.\r\nNOOP\r\n", now);
    lmtp.end(now);
    assert_eq!(step(&mut lmtp), (true, String::new(), Next::Write));
    let (light, answers, next) = step(&mut lmtp);
    assert_eq!((light, next), (false, Next::Close));
    let codes: Vec<_> = answers.lines().map(|line| &line[..9]).collect();
    assert_eq!(codes, ["250 2.6.0", "421 4.3.2"]);

    let mut lmtp = session(now);
    say(&mut lmtp, b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nDATA\r\nx\r\n", now);
    lmtp.end(now);
    let mut out = Vec::new();
    assert_eq!(lmtp.transmit(&mut out), Next::Close);
    assert!(out.starts_with(b"421 4.3.2 "));
}

/// What one `transmit` answers, whether it was light, and what comes next.
fn step(lmtp: &mut Lmtp) -> (bool, String, Next) {
    let mut out = Vec::new();
    let light = lmtp.light();
    let next = lmtp.transmit(&mut out);
    (light, String::from_utf8(out).expect("UTF-8"), next)
}

#[test]
fn what_may_wait_for_the_disk_is_a_step_of_its_own() {
    let now = now();
    let mut lmtp = session(now);
    step(&mut lmtp);
    lmtp.receive(b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nRCPT TO:<nobody>\r\nDATA\r\n", now);
    assert_eq!(step(&mut lmtp), (true, String::new(), Next::Write), "commands are read, and nobody is looked up");
    assert_eq!(step(&mut lmtp), (false, String::new(), Next::Write), "one look-up");
    let (light, answers, next) = step(&mut lmtp);
    let codes: Vec<_> = answers.lines().skip(7).map(|line| &line[..3]).collect();
    assert_eq!((light, codes, next), (false, vec!["250", "250", "550", "354"], Next::Read), "{answers}");
    lmtp.receive(b"Subject: x\r\n\r\nx\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\n", now);
    assert_eq!(step(&mut lmtp), (true, String::new(), Next::Write), "it is put by, and nothing is stored");
    let (light, answers, next) = step(&mut lmtp);
    let codes: Vec<_> = answers.lines().map(|line| &line[..9]).collect();
    let all = vec!["250 2.6.0", "250 2.1.0", "250 2.1.5"];
    assert_eq!((light, codes, next), (false, all, Next::Read), "it is stored, and bob is known by now");
    assert!(lmtp.light());
}

#[test]
fn what_is_known_of_an_address_goes_when_the_directory_changes() {
    let now = now();
    let store = Store::memory();
    let bob = store.directory().add("bob", None, 0).expect("added");
    let mut lmtp = session_on(store.clone(), now);
    say(&mut lmtp, b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\n", now);
    lmtp.receive(b"RCPT TO:<bob>\r\n", now);
    let (light, answer, _) = step(&mut lmtp);
    assert!(light && answer.starts_with("250 2.1.5 "), "he is known: {answer}");
    store.remove(bob).expect("removed");
    let (answer, _) = say(&mut lmtp, b"RCPT TO:<bob>\r\n", now);
    assert!(answer.starts_with("550 5.1.1 "), "{answer}");
}

#[test]
fn a_long_message_is_work_for_a_thread_that_may_wait() {
    let now = now();
    let mut lmtp = session(now);
    say(&mut lmtp, b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob>\r\nDATA\r\n", now);
    let piece = b"sixteen octets\r\n".repeat(2048);
    let light: Vec<bool> = (0..17)
        .map(|_| {
            lmtp.receive(&piece, now);
            let (light, answers, next) = step(&mut lmtp);
            assert_eq!((answers.as_str(), next), ("", Next::Read), "it is taken as it comes");
            light
        })
        .collect();
    let heavy: Vec<usize> = (0..light.len()).filter(|&n| !light[n]).collect();
    assert_eq!(heavy, [7, 15], "each 256 KiB are compressed at once, the fields of its trace among them");
    let (answers, next) = say(&mut lmtp, b".\r\n", now);
    assert!(answers.starts_with("250 2.6.0 "), "{answers}");
    assert_eq!(next, Next::Read);
    assert!(lmtp.light());
}

#[test]
fn what_is_not_ours_never_panics() {
    let now = now();
    for seed in 0..200u64 {
        let mut lmtp = session(now);
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let words: [&[u8]; 12] = [
            b"LHLO x\r\n",
            b"MAIL FROM:<>\r\n",
            b"RCPT TO:<bob>\r\n",
            b"DATA\r\n",
            b".\r\n",
            b"BDAT 3\r\n",
            b"BDAT 2 LAST\r\n",
            b"\r",
            b"\n",
            b"\0\xff",
            b"x",
            b"RSET\r\n",
        ];
        for _ in 0..200 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let word = words[usize::try_from(state % 12).expect("small")];
            if say(&mut lmtp, word, now).1 == Next::Close {
                break;
            }
        }
    }
}
