//! What holds for all input: nothing panics, nothing depends on how bytes are cut, and sets, names and dates go both
//! ways.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

use std::collections::BTreeSet;

use imap::command::{AppendNext, MessageForm};
use imap::{
    Date, Event, Framer, InternalDate, Limits, ListPattern, MailboxName, NameForm, SetNumber, Uid, UidSet, WireSet,
    parse,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// The RFCs' examples as seeds, their line ends in place.
fn examples() -> Vec<Vec<u8>> {
    let lines = include_str!("rfc_examples.txt").lines().filter(|l| !l.starts_with('#'));
    lines.map(|l| l.replace("\\r\\n", "\r\n").into_bytes()).collect()
}

/// An example with some of its bytes changed, dropped, doubled or replaced by pieces of grammar.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&[u8]; 16] = [
        b"(",
        b")",
        b"\"",
        b"\\",
        b"{3}\r\nabc",
        b"{4294967296+}\r\n",
        b" ",
        b"*",
        b"$",
        b"\0",
        b"[",
        b"]",
        b"OR ",
        b"NOT ",
        b"18446744073709551616",
        b"\xff",
    ];
    let change = (any::<prop::sample::Index>(), 0..PIECES.len(), 0..4_u8);
    (prop::sample::select(examples()), vec(change, 0..6)).prop_map(|(mut bytes, changes)| {
        for (at, piece, kind) in changes {
            let at = at.index(bytes.len().max(1)).min(bytes.len());
            match kind {
                0 => drop(bytes.splice(at..at, PIECES[piece].iter().copied())),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 => bytes.truncate(at),
                _ => {
                    let tail = bytes[at..].to_vec();
                    bytes.extend(tail);
                }
            }
        }
        bytes
    })
}

/// All that a frame tells of these bytes, cut by these lengths; each command is parsed too.
fn events(bytes: &[u8], cuts: &[usize]) -> Vec<String> {
    let mut framer = Framer::new(Limits { command: 300, lines: 200 });
    let mut seen: Vec<String> = Vec::new();
    let mut rest = bytes;
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((*cuts.next().unwrap()).clamp(1, rest.len()));
        rest = after;
        framer.push(piece).expect("room");
        loop {
            let mut accept = None;
            match framer.next() {
                None => break,
                Some(Event::Command(bytes)) => {
                    assert!(bytes.len() <= 300);
                    seen.push(format!("{:?}", parse(bytes, NameForm::Utf7)));
                }
                Some(Event::Message { head, announced }) => {
                    let first = parse(head, NameForm::Utf7).is_ok();
                    let next = AppendNext::parse(head, MessageForm::Literal).is_ok();
                    seen.push(format!("{first} {next} {announced:?}"));
                    accept = Some((first || next) && announced.len < 100);
                }
                // Octets follow the cuts, so they are joined again here.
                Some(Event::Octets(bytes)) => {
                    if !seen.last().is_some_and(|last| last.starts_with("octets")) {
                        seen.push("octets".to_owned());
                    }
                    let last = seen.last_mut().unwrap();
                    last.extend(bytes.iter().map(|b| format!(" {b:02x}")));
                }
                Some(other) => seen.push(format!("{other:?}")),
            }
            match accept {
                Some(true) => framer.accept(),
                Some(false) => framer.refuse(),
                None => {}
            }
        }
    }
    seen
}

fn uid(n: u32) -> Uid {
    Uid::new(n).unwrap()
}

/// A set with its model: small numbers, so that ranges meet.
fn modelled() -> impl Strategy<Value = (UidSet, BTreeSet<u32>)> {
    vec((1..60_u32, 0..8_u32), 0..12).prop_map(|ranges| {
        let mut model = BTreeSet::new();
        let mut set = UidSet::new();
        for (first, len) in ranges {
            set.insert_range(uid(first)..=uid(first + len));
            model.extend(first..=first + len);
        }
        (set, model)
    })
}

fn numbers(set: &UidSet) -> BTreeSet<u32> {
    set.iter().map(Uid::get).collect()
}

/// Ranges ascend, with a gap before each.
fn is_canonical(set: &UidSet) -> bool {
    let ranges: Vec<_> = set.ranges().collect();
    ranges.iter().all(|r| r.start() <= r.end()) && ranges.windows(2).all(|w| w[0].end().get() + 1 < w[1].start().get())
}

/// LIST's wildcards as RFC 9051 §6.3.9 describes them, by trying everything.
fn naive_match(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|n| naive_match(rest, &name[n..])),
        Some((b'%', rest)) => {
            let level = name.iter().position(|b| *b == b'/').unwrap_or(name.len());
            (0..=level).any(|n| naive_match(rest, &name[n..]))
        }
        Some((byte, rest)) => name.first() == Some(byte) && naive_match(rest, &name[1..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_break_the_parser(bytes in vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes, NameForm::Utf7);
        let _ = parse(&[b"a UID FETCH ", bytes.as_slice()].concat(), NameForm::Utf8);
        let _ = parse(&[b"a SEARCH ", bytes.as_slice()].concat(), NameForm::Utf8);
        let _ = AppendNext::parse(&bytes, MessageForm::Utf8);
        let _ = InternalDate::parse(&bytes);
        let _ = MailboxName::from_wire(&bytes, NameForm::Utf7);
    }

    #[test]
    fn mutated_commands_are_read_or_refused(bytes in mutated()) {
        match parse(&bytes, NameForm::Utf7) {
            Ok(_) => {}
            Err(error) => prop_assert!(error.at <= bytes.len()),
        }
    }

    #[test]
    fn it_does_not_matter_how_bytes_are_cut(
        commands in vec((mutated(), any::<bool>()), 1..5),
        cuts in vec(1..20_usize, 1..8),
    ) {
        let line_end = |lf| if lf { b"\n".as_slice() } else { b"\r\n" };
        let bytes: Vec<u8> = commands.iter().flat_map(|(c, lf)| [c.as_slice(), line_end(*lf)].concat()).collect();
        prop_assert_eq!(events(&bytes, &cuts), events(&bytes, &[bytes.len()]));
    }

    #[test]
    fn sets_are_sets((a, model_a) in modelled(), (b, model_b) in modelled(), n in 1..80_u32) {
        for (set, model) in [
            (a.clone(), model_a.clone()),
            (a.union(&b), &model_a | &model_b),
            (a.intersection(&b), &model_a & &model_b),
            (a.difference(&b), &model_a - &model_b),
            (a.iter().chain(b.iter()).collect(), &model_a | &model_b),
            (UidSet::from_ranges(b.ranges().chain(a.ranges())), &model_a | &model_b),
        ] {
            prop_assert!(is_canonical(&set), "{set:?}");
            prop_assert_eq!(numbers(&set), model.clone());
            prop_assert_eq!(set.len(), model.len() as u64);
            prop_assert_eq!(set.is_empty(), model.is_empty());
            prop_assert_eq!(set.first().map(Uid::get), model.first().copied());
            prop_assert_eq!(set.last().map(Uid::get), model.last().copied());
            prop_assert_eq!(set.contains(uid(n)), model.contains(&n));
            let mut written = Vec::new();
            set.write_to(&mut written);
            prop_assert_eq!(String::from_utf8(written).unwrap(), set.to_string());
        }
    }

    #[test]
    fn wire_sets_mean_what_they_say(ranges in vec((0..9_u32, 0..9_u32), 1..6), largest in 0..9_u32) {
        let end = |n| std::num::NonZeroU32::new(n).map_or(SetNumber::Largest, SetNumber::Number);
        let set = WireSet::new(ranges.iter().map(|(a, b)| (end(*a), end(*b))).collect());
        let resolved: UidSet = set.resolve(Uid::new(largest));
        let value = |n| if n == 0 { largest } else { n };
        let expected: BTreeSet<u32> = ranges
            .iter()
            .map(|(a, b)| (value(*a), value(*b)))
            .filter(|(a, b)| *a > 0 && *b > 0)
            .flat_map(|(a, b)| a.min(b)..=a.max(b))
            .collect();
        prop_assert_eq!(numbers(&resolved), expected);
    }

    #[test]
    fn names_survive_both_forms(text in "[a-zA-Z&/ü台😀\u{301} .~+,-]{0,30}") {
        let Ok(name) = MailboxName::new(&text) else { return Ok(()) };
        prop_assert_eq!(MailboxName::new(name.as_str()), Ok(name.clone()));
        prop_assert_eq!(MailboxName::from_wire(name.to_mutf7().as_bytes(), NameForm::Utf7), Ok(name.clone()));
        prop_assert!(name.to_mutf7().is_ascii());
        if let Some(parent) = name.parent() {
            prop_assert!(name.is_child_of(&parent));
            prop_assert_eq!(parent.child(name.leaf()), Ok(name));
        }
    }

    #[test]
    fn no_two_spellings_of_a_name(text in "[a-zA-Z&,+-]{0,20}", other in "[a-zA-Z&,+-]{0,20}") {
        // What is decoded is spelt in one way only; a stray & is another name than what it looks like.
        let decode = |text: &str| MailboxName::from_wire(text.as_bytes(), NameForm::Utf7);
        if let (Ok(a), Ok(b)) = (decode(&text), decode(&other))
            && a == b
            && text != other
        {
            prop_assert!(a == MailboxName::Inbox || a.to_mutf7() == text || a.to_mutf7() == other);
        }
    }

    #[test]
    fn patterns_match_as_the_naive_matcher_says(pattern in "[ab/*%]{0,8}", name in "[ab/]{0,8}") {
        let compiled = ListPattern::new(&pattern).unwrap();
        prop_assert_eq!(compiled.matches(&name), naive_match(pattern.as_bytes(), name.as_bytes()), "{} {}", pattern, name);
    }

    #[test]
    fn internal_dates_go_both_ways(seconds in any::<i64>(), zone in any::<i16>()) {
        let date = InternalDate::new(seconds, zone);
        let mut out = Vec::new();
        date.write_to(&mut out);
        prop_assert_eq!(InternalDate::parse(&out[1..out.len() - 1]), Some(date));
        let near = InternalDate::new(seconds % 60_000_000_000, zone % 1000);
        prop_assert_eq!(near.seconds(), seconds % 60_000_000_000);
        prop_assert_eq!(near.zone_minutes(), zone % 1000);
    }

    #[test]
    fn dates_go_both_ways(day in Date::MIN.day_number()..=Date::MAX.day_number()) {
        let date = Date::from_day_number(day);
        prop_assert_eq!(date.day_number(), day);
        prop_assert_eq!(Date::parse(date.to_string().as_bytes()), Some(date));
    }
}

#[test]
fn parsing_takes_linear_time() {
    // Each is a megabyte of the worst that comes to mind for some rule. Far below a second even in a debug build.
    let n = 1 << 20;
    for (head, piece, tail) in [
        ("a SEARCH ", "(", ""),
        ("a SEARCH ", "NOT ", ""),
        ("a SEARCH ", "OR ", ""),
        ("a FETCH ", "1,", "1 FLAGS"),
        ("a FETCH 1 (", "FLAGS ", ")"),
        ("a FETCH 1 BODY[", "1.", "]"),
        ("a STORE 1 FLAGS (", "a ", ")"),
        ("a LIST \"\" (", "% ", ")"),
        ("a LOGIN \"", "\\\\", "\" x"),
        ("a ID (", "a b ", ")"),
        ("a ENABLE ", "a ", ""),
        ("a SELECT ", "a/", "a"),
        ("a SELECT ", "&", ""),
        ("", " ", "a NOOP"),
    ] {
        let bytes = format!("{head}{}{tail}", piece.repeat(n / piece.len()));
        let start = std::time::Instant::now();
        let _ = parse(bytes.as_bytes(), NameForm::Utf7);
        assert!(start.elapsed().as_millis() < 2000, "{head}{piece}: {:?}", start.elapsed());
    }
}
