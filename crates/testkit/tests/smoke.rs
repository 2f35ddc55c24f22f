//! The fuzz targets over broken seeds: what runs everywhere, without a nightly compiler. `SMOKE_CASES` runs more.

use proptest::prelude::*;
use testkit::{fuzz, seeds};

/// One way of breaking octets.
#[derive(Clone, Debug)]
enum Break {
    Insert(usize, usize),
    Delete(usize, u8),
    Repeat(usize, u8, u8),
    Set(usize, u8),
    Swap(usize, usize),
}

fn breaks() -> impl Strategy<Value = Vec<Break>> {
    let one = prop_oneof![
        4 => any::<(usize, usize)>().prop_map(|(at, word)| Break::Insert(at, word)),
        2 => any::<(usize, u8)>().prop_map(|(at, length)| Break::Delete(at, length)),
        1 => any::<(usize, u8, u8)>().prop_map(|(at, length, times)| Break::Repeat(at, length, times)),
        2 => any::<(usize, u8)>().prop_map(|(at, octet)| Break::Set(at, octet)),
        1 => any::<(usize, usize)>().prop_map(|(one, other)| Break::Swap(one, other)),
    ];
    prop::collection::vec(one, 0..12)
}

fn broken(mut octets: Vec<u8>, breaks: &[Break], words: &[&[u8]]) -> Vec<u8> {
    for one in breaks {
        let length = octets.len().max(1);
        let range = |at: usize, more: u8| {
            let from = (at % length).min(octets.len());
            from..(from + usize::from(more % 32)).min(octets.len())
        };
        match *one {
            Break::Insert(at, word) => {
                let at = range(at, 0).start;
                octets.splice(at..at, words[word % words.len()].iter().copied());
            }
            Break::Delete(at, more) => drop(octets.drain(range(at, more))),
            Break::Repeat(at, more, times) => {
                let range = range(at, more);
                let piece = octets[range.clone()].repeat(usize::from(times % 8));
                octets.splice(range.end..range.end, piece);
            }
            Break::Set(at, octet) => {
                if let Some(old) = octets.get_mut(at % length) {
                    *old = octet;
                }
            }
            Break::Swap(one, other) => {
                if !octets.is_empty() {
                    octets.swap(one % length, other % length);
                }
            }
        }
    }
    octets
}

fn run(cases: u32, seeds: &[Vec<u8>], words: &'static [&'static [u8]], target: impl Fn(&[u8])) {
    let cases = std::env::var("SMOKE_CASES").map_or(cases, |text| text.parse().expect("SMOKE_CASES is a number"));
    assert!(!seeds.is_empty(), "the seeds are not where they should be");
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let strategy = (any::<usize>(), any::<u8>(), breaks());
    let outcome = runner.run(&strategy, |(which, first, breaks)| {
        let mut data = vec![first];
        data.extend(broken(seeds[which % seeds.len()].clone(), &breaks, words));
        target(&data);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn commands() {
    run(4_000, &seeds::conversations(), seeds::COMMAND_WORDS, fuzz::command);
}

#[test]
fn mails() {
    run(3_000, &seeds::mails(), seeds::MAIL_WORDS, fuzz::mime);
}

#[test]
fn sessions() {
    // Each conversation in pieces for session A, with a delivery and a pause in between.
    let seeds: Vec<Vec<u8>> = seeds::conversations().into_iter().map(|said| pieces(&said)).collect();
    run(600, &seeds, seeds::COMMAND_WORDS, fuzz::session);
}

fn pieces(said: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, piece) in said.chunks(40).enumerate() {
        out.push(255);
        out.push(u8::from(at % 5 == 4));
        out.extend_from_slice(piece);
        if at % 7 == 6 {
            out.extend_from_slice(&[255, 14]);
        }
    }
    out
}
