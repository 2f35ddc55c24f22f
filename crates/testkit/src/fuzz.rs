//! What has to hold for any octets at all. The targets in `fuzz/` call these with what the fuzzer makes up, the tests
//! of this crate with broken seeds.

use std::sync::Arc;
use std::time::Duration;

use imap::command::AppendNext;
use imap::{Event, Framer, Limits, NameForm};
use mime::{Scanner, Stored, Which};
use store::Store;

use crate::memory::{Cut, Memory};
use crate::network::{Network, Patience, Received};
use crate::run::Door;
use crate::transcript::{Mail, Transcript};
use crate::world::World;

/// The frame gives the same events however its octets are cut, and every command and error is read without a panic.
///
/// # Panics
/// If that does not hold.
pub fn command(data: &[u8]) {
    let (seed, octets) = data.split_first().map_or((0, data), |(seed, rest)| (usize::from(*seed), rest));
    let form = if seed % 2 == 0 { NameForm::Utf7 } else { NameForm::Utf8 };
    let limits = if seed % 4 < 2 { Limits::AFTER_LOGIN } else { Limits { command: 300, lines: 200 } };
    let whole = events(octets, octets.len().max(1), limits);
    assert_eq!(whole, events(octets, seed / 4 + 1, limits), "the same octets in other pieces make other events");
    for event in whole {
        match event {
            Heard::Command(bytes) => read(&bytes, form),
            Heard::Message(bytes) => {
                read(&bytes, form);
                drop(AppendNext::parse(&bytes, imap::command::MessageForm::Literal));
            }
            Heard::Tail(bytes) => drop(AppendNext::parse(&bytes, imap::command::MessageForm::Utf8)),
            _ => {}
        }
    }
}

fn read(bytes: &[u8], form: NameForm) {
    if let Err(error) = imap::command::parse(bytes, form) {
        assert!(error.at <= bytes.len(), "an error beyond the end: {error:?}");
        assert!(!error.fault.to_string().is_empty());
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Command(Vec<u8>),
    Continue,
    Message(Vec<u8>),
    Octets(Vec<u8>),
    Tail(Vec<u8>),
    Line(Vec<u8>),
    TooBig(Option<String>),
}

fn events(octets: &[u8], piece: usize, limits: Limits) -> Vec<Heard> {
    let mut framer = Framer::new(limits);
    let mut heard: Vec<Heard> = Vec::new();
    for piece in octets.chunks(piece) {
        framer.push(piece).expect("room");
        loop {
            let event = match framer.next() {
                None => break,
                Some(Event::Command(bytes)) => Heard::Command(bytes.to_vec()),
                Some(Event::Continue) => Heard::Continue,
                Some(Event::Message { head, announced }) => {
                    let event = Heard::Message(head.to_vec());
                    if announced.len < 1000 {
                        framer.accept();
                    } else {
                        framer.refuse();
                    }
                    event
                }
                Some(Event::Octets(bytes)) => match heard.last_mut() {
                    Some(Heard::Octets(before)) => {
                        before.extend_from_slice(bytes);
                        continue;
                    }
                    _ => Heard::Octets(bytes.to_vec()),
                },
                Some(Event::Tail(bytes)) => Heard::Tail(bytes.to_vec()),
                Some(Event::Line(bytes)) => Heard::Line(bytes.to_vec()),
                Some(Event::TooBig(tag)) => Heard::TooBig(tag.map(|tag| tag.as_str().to_owned())),
            };
            heard.push(event);
        }
    }
    heard
}

/// A message has one structure however it comes in, all of it can be read, and what goes on the wire is well-formed.
/// The octets as a stored record are refused or read, but never a panic.
///
/// # Panics
/// If that does not hold.
pub fn mime(data: &[u8]) {
    let (seed, octets) = data.split_first().map_or((0, data), |(seed, rest)| (usize::from(*seed), rest));
    let whole = scan(octets, octets.len().max(1));
    assert_eq!(whole, scan(octets, seed + 1), "the same message in other pieces has another structure");
    let stored = Stored::parse(&whole).unwrap_or_else(|error| panic!("a record of our own is refused: {error:?}"));
    assert_eq!(stored.size(), octets.len() as u64);
    look(&stored, octets);
    well_formed(stored.envelope());
    well_formed(stored.body());
    well_formed(stored.bodystructure());
    if let Ok(hostile) = Stored::parse(data) {
        look(&hostile, &[]);
    }
    // One octet of a good record broken.
    let mut broken = whole;
    if let Some(octet) = broken.len().checked_sub(1).and_then(|most| broken.get_mut(seed * 7 % (most + 1))) {
        *octet ^= 1 << (seed % 8);
    }
    if let Ok(hostile) = Stored::parse(&broken) {
        look(&hostile, &[]);
    }
}

fn scan(octets: &[u8], piece: usize) -> Vec<u8> {
    let mut scanner = Scanner::new(mime::Limits::default());
    octets.chunks(piece).for_each(|piece| scanner.push(piece));
    scanner.finish().encode()
}

fn look(stored: &Stored<'_>, octets: &[u8]) {
    let mut out = Vec::new();
    let _ = (stored.preview(), stored.subject(), stored.base_subject(), stored.is_reply(), stored.sent_day());
    let _ = (stored.first_from(), stored.display_to(), stored.message_id(), stored.references().count());
    let _ = stored.listed_header(&["From", "Subject"], &mut out);
    for part in stored.parts() {
        let _ = (part.path(), part.number(), part.parent().map(|parent| parent.index()));
    }
    for path in [&[][..], &[1], &[2], &[1, 1], &[4_294_967_295]] {
        for which in [Which::Body, Which::Header, Which::Text, Which::Mime] {
            if let Some(range) = stored.section(path, which)
                && !octets.is_empty()
            {
                assert!(range.start <= range.end && range.end <= octets.len() as u64, "{path:?} {which:?}: {range:?}");
            }
        }
    }
}

/// Parentheses match, strings end, and there is neither a line end nor a NUL outside of literals.
fn well_formed(wire: &[u8]) {
    let shown = || String::from_utf8_lossy(wire).into_owned();
    let (mut depth, mut at) = (0_u32, 0);
    while let Some(octet) = wire.get(at) {
        at += 1;
        match octet {
            b'(' => depth += 1,
            b')' => depth = depth.checked_sub(1).unwrap_or_else(|| panic!("too many ): {}", shown())),
            b'"' => {
                while let Some(octet) = wire.get(at) {
                    at += 1;
                    match octet {
                        b'"' => break,
                        b'\\' => at += 1,
                        0 | b'\r' | b'\n' => panic!("a control in a quoted string: {}", shown()),
                        _ => {}
                    }
                }
            }
            b'{' => {
                let end = wire[at..].iter().position(|o| *o == b'}').unwrap_or_else(|| panic!("no }}: {}", shown()));
                let digits = std::str::from_utf8(&wire[at..at + end]).ok().and_then(|d| d.parse::<usize>().ok());
                let length = digits.unwrap_or_else(|| panic!("a literal without a number: {}", shown()));
                assert_eq!(wire.get(at + end + 1..at + end + 3), Some(&b"\r\n"[..]), "{}", shown());
                at += end + 3 + length;
                assert!(at <= wire.len(), "a literal beyond the end: {}", shown());
            }
            0 | b'\r' | b'\n' => panic!("a control: {}", shown()),
            _ => {}
        }
    }
    assert_eq!(depth, 0, "open parentheses: {}", shown());
}

/// Whole sessions live through anything, and the account is whole after it. The octets are pieces that end with 255;
/// the first octet of a piece says whose it is or what else happens.
///
/// # Panics
/// If that does not hold.
pub fn session(data: &[u8]) {
    let mut world = World::new(Store::memory()).unwrap_or_else(|what| panic!("{what}"));
    let transcript = Transcript::default();
    let settings = Arc::new(world.settings(&transcript));
    let mut network = Memory::new(settings, World::transport(&transcript), Cut::Whole);
    for name in ["A", "B", "C"] {
        connect(&mut network, name);
    }
    drop(network.send("A", b"l LOGIN fred secret\r\ns SELECT INBOX\r\n"));
    drop(network.send("B", b"l LOGIN fred secret\r\ne ENABLE QRESYNC\r\ns SELECT INBOX\r\ni IDLE\r\n"));
    for piece in data.split(|octet| *octet == 255) {
        let Some((what, octets)) = piece.split_first() else { continue };
        let name = ["A", "B", "C"][usize::from(what % 3)];
        match what % 16 {
            13 => network.pass(Duration::from_secs(u64::from(*what) * 7)).unwrap_or_else(|what| panic!("{what}")),
            14 => world.deliver("INBOX", &Mail::Numbered).unwrap_or_else(|what| panic!("{what}")),
            15 => connect(&mut network, name),
            _ => drop(network.send(name, octets)),
        }
        for name in ["A", "B", "C"] {
            heard(&mut network, name);
        }
    }
    drop(network);
    world.check().unwrap_or_else(|what| panic!("{what}"));
}

fn connect(network: &mut Memory, name: &str) {
    network.connect(name).unwrap_or_else(|what| panic!("{what}"));
}

/// What the server says is whole lines of at most a few megabytes; where it waits for a handshake, it gets one.
fn heard(network: &mut Memory, name: &str) {
    match network.receive(name, Patience::NoneDue) {
        Ok(Received::Octets(octets)) => assert!(octets.ends_with(b"\r\n"), "half a line: {octets:?}"),
        Ok(Received::Nothing) => drop(network.start_tls(name)),
        _ => {}
    }
}
