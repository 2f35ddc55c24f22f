//! What the wire costs: nanoseconds for one message of a large FETCH, and for reading common commands. Build it
//! with `--release`.

use std::io::Write as _;
use std::time::Instant;

use imap::response::FetchLine;
use imap::{Event, Framer, Limits, ModSeq, NameForm, SeqNum, Uid, UidSet, parse};

const MESSAGES: u32 = 100_000;
const ROUNDS: u32 = 20;

fn main() -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let mut out = Vec::with_capacity(64 * 1024);
    let mut row = |name: &str, per: u32, run: &mut dyn FnMut()| {
        run(); // warms up
        let best = (0..ROUNDS).map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        });
        let nanos = best.min().map_or(0.0, |best| best.as_secs_f64() * 1e9 / f64::from(per));
        writeln!(stdout, "{name:<40} {nanos:>9.1} ns")
    };
    row("FETCH (UID FLAGS), a message", MESSAGES, &mut || {
        each_message(&mut out, |line, out, uid| {
            line.uid(out, uid);
            line.flags(out, b"\\Seen $Forwarded");
        });
    })?;
    row("FETCH (UID FLAGS MODSEQ), a message", MESSAGES, &mut || {
        each_message(&mut out, |line, out, uid| {
            line.uid(out, uid);
            line.flags(out, b"\\Seen");
            line.modseq(out, ModSeq::new(123_456_789).unwrap_or(ModSeq::MIN));
        });
    })?;
    let command = b"a001 UID FETCH 1:* (UID FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT)])";
    row("parse UID FETCH", 1, &mut || drop(std::hint::black_box(parse(command, NameForm::Utf7))))?;
    let line = [command.as_slice(), b"\r\n"].concat().repeat(100);
    row("frame UID FETCH", 100, &mut || {
        let mut framer = Framer::new(Limits::AFTER_LOGIN);
        framer.push(&line).expect("room");
        while let Some(event) = framer.next() {
            debug_assert!(matches!(event, Event::Command(_)));
            std::hint::black_box(event);
        }
    })?;
    let every_other: UidSet = (1..=MESSAGES).filter_map(|n| Uid::new(2 * n)).collect();
    let set = format!("a UID STORE {every_other} +FLAGS (\\Seen)");
    row("parse a set, a number", MESSAGES, &mut || drop(std::hint::black_box(parse(set.as_bytes(), NameForm::Utf7))))?;
    row("collect a set, a number", MESSAGES, &mut || drop(std::hint::black_box(every_other.iter().collect::<UidSet>())))
}

fn each_message(out: &mut Vec<u8>, write: impl Fn(&mut FetchLine, &mut Vec<u8>, Uid)) {
    for n in 1..=MESSAGES {
        if out.len() > 60 * 1024 {
            std::hint::black_box(&*out);
            out.clear();
        }
        if let (Some(seq), Some(uid)) = (SeqNum::new(n), Uid::new(n + 7_000_000)) {
            let mut line = FetchLine::begin(out, seq);
            write(&mut line, out, uid);
            line.end(out);
        }
    }
}
