//! Whole LMTP sessions, as transcripts: `tests/transcripts/*.lmtp`.
//!
//!     # why
//!     limit 1000                      the largest message
//!     C: a line that is sent          with CR LF; \r \n \0 \\ \xNN are escapes
//!     C> octets that are sent         without CR LF
//!     S: a line that is answered      `…` at its end stands for any rest
//!     = alice INBOX: octets           a message, without its trace fields; all that are there, in order
//!
//! There are alice (also info@example.org, with a mailbox Lists/Rust), bob, carol@example.org and jürgen. What the client
//! sends is sent at once, cut in two at every offset, and octet by octet: the answers must be the same.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use account::{Rights, plan};
use delivery::{Lmtp, Routing, Settings};
use gate::{Next, Now, Peer};
use imap::MailboxName;
use store::{Actor, Store};

const NOW: i64 = 1_795_633_266;

#[derive(Default)]
struct Transcript {
    limit: u64,
    sent: Vec<u8>,
    answers: Vec<String>,
    mails: Vec<String>,
}

fn parse(text: &str) -> Transcript {
    let mut transcript = Transcript { limit: 1 << 20, ..Transcript::default() };
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(text) = line.strip_prefix("C: ").or_else(|| (line == "C:").then_some("")) {
            transcript.sent.extend(unescape(text));
            transcript.sent.extend(b"\r\n");
        } else if let Some(text) = line.strip_prefix("C> ") {
            transcript.sent.extend(unescape(text));
        } else if let Some(text) = line.strip_prefix("S: ") {
            transcript.answers.push(text.to_owned());
        } else if let Some(text) = line.strip_prefix("= ") {
            transcript.mails.push(text.to_owned());
        } else if let Some(text) = line.strip_prefix("limit ") {
            transcript.limit = text.parse().expect("a number");
        } else {
            panic!("not understood: {line}");
        }
    }
    transcript
}

fn unescape(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        octets.extend(before.as_bytes());
        let (letter, after) = after.split_at(1);
        rest = after;
        match letter {
            "r" => octets.push(b'\r'),
            "n" => octets.push(b'\n'),
            "0" => octets.push(0),
            "x" => {
                let (digits, after) = rest.split_at(2);
                octets.push(u8::from_str_radix(digits, 16).expect("two digits"));
                rest = after;
            }
            _ => octets.extend(letter.as_bytes()),
        }
    }
    octets.extend(rest.as_bytes());
    octets
}

fn store() -> Store {
    let store = Store::memory();
    let directory = store.directory();
    for name in ["alice", "bob", "carol@example.org", "jürgen"] {
        directory.add(name, None, NOW).expect("added");
    }
    let alice = directory.find_by_name("alice").expect("read").expect("there").id;
    directory.add_alias("info@example.org", alice).expect("added");
    let account = store.account(alice).expect("there");
    let name = MailboxName::new("Lists/Rust").expect("a name");
    let made = account
        .commit(&Actor::default(), NOW, Vec::new(), move |state| plan::create(state, (&name, Rights::ALL), &[], NOW));
    made.expect("made");
    store
}

/// The answers, and every message of every account.
fn run<'a>(limit: u64, pieces: impl Iterator<Item = &'a [u8]>) -> (String, Vec<String>) {
    let store = store();
    let settings = Settings {
        store: store.clone(),
        hostname: "mail.example".into(),
        size_limit: limit,
        routing: Routing::default(),
        journal: Arc::new(|_, _| {}),
    };
    let now = Now { monotonic: Instant::now(), unix: NOW };
    let peer = Peer { address: Some([127, 0, 0, 1].into()), session: 7 };
    let mut lmtp = Lmtp::new(Arc::new(settings), peer, now);
    let mut out = Vec::new();
    let mut next = lmtp.transmit(&mut out);
    for piece in pieces {
        if next == Next::Close {
            break;
        }
        lmtp.receive(piece, now);
        while {
            next = lmtp.transmit(&mut out);
            next == Next::Write
        } {}
        assert!(next == Next::Close || lmtp.light(), "nothing is left to do");
    }
    (String::from_utf8(out).expect("UTF-8"), mails(&store))
}

fn mails(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    for entry in store.directory().list().expect("read") {
        let account = store.account(entry.id).expect("there");
        let state = account.state().expect("read");
        for mailbox in state.by_name() {
            for record in mailbox.messages.iter() {
                let mut octets = Vec::new();
                let mut body = account.body(record.email).expect("read");
                body.read(0, body.size(), &mut octets).expect("read");
                assert_eq!(octets.len(), record.size as usize);
                found.push(format!("{} {}: {}", entry.name, mailbox.name, without_trace(&octets).escape_ascii()));
            }
        }
        assert!(account.check().expect("read").is_clean());
    }
    found
}

/// Takes off Return-Path and Received, which must be there.
fn without_trace(octets: &[u8]) -> &[u8] {
    let date = b"\tWed, 25 Nov 2026 19:01:06 +0000\r\n";
    assert!(octets.starts_with(b"Return-Path: <"), "{}", octets.escape_ascii());
    let at = octets.windows(date.len()).position(|window| window == date).expect("Received");
    &octets[at + date.len()..]
}

fn differences(transcript: &Transcript, (answers, mails): &(String, Vec<String>)) -> String {
    let mut wrong = String::new();
    let got: Vec<&str> = answers.split_terminator("\r\n").collect();
    for n in 0..got.len().max(transcript.answers.len()) {
        let (got, wanted) = (got.get(n), transcript.answers.get(n).map(String::as_str));
        let same = match (got, wanted) {
            (Some(got), Some(wanted)) => {
                wanted.strip_suffix('…').map_or(*got == wanted, |start| got.starts_with(start))
            }
            _ => false,
        };
        if !same {
            let _ = writeln!(wrong, "  answer {}: wanted {wanted:?}, got {got:?}", n + 1);
        }
    }
    let wanted: Vec<String> = transcript
        .mails
        .iter()
        .map(|line| {
            line.split_once(": ")
                .map_or(line.clone(), |(head, text)| format!("{head}: {}", unescape(text).escape_ascii()))
        })
        .collect();
    if *mails != wanted {
        let _ = writeln!(wrong, "  mails: wanted {wanted:#?}, got {mails:#?}");
    }
    wrong
}

#[test]
fn transcripts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut wrong = String::new();
    let mut count = 0;
    for file in std::fs::read_dir(folder).expect("there") {
        let path = file.expect("read").path();
        let transcript = parse(&std::fs::read_to_string(&path).expect("read"));
        let sent = &transcript.sent[..];
        let mut ways = vec![vec![sent], sent.chunks(1).collect()];
        // Long ones are cut at some offsets: each cut runs a session of its own.
        let step = (sent.len() / 400).max(1);
        ways.extend((1..sent.len()).step_by(step).map(|at| vec![&sent[..at], &sent[at..]]));
        count += 1;
        for way in ways {
            let first = way.first().map_or(0, |piece| piece.len());
            let differences = differences(&transcript, &run(transcript.limit, way.into_iter()));
            if !differences.is_empty() {
                let _ = writeln!(wrong, "{}, first piece of {first} octets:\n{differences}", path.display());
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(count >= 10, "the transcripts were not found");
}
